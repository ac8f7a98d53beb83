"""Hints that several tasks give; a check names them as `hints.NAME`.

The rubric reads this file's source without running it, so it holds nothing but constants: tuples
of strings, which may be put together from earlier ones.
"""

# What build_model returns.
BUILDS = ("Read the docstring of build_model: what does it take, and what does it return?",)
COMPILES = (*BUILDS, "The last two lines are usually model.compile(...) and return model.")
# The output layer of a classifier, and the loss.
OUTPUT_AND_LOSS = (
    "What should the last layer return: probabilities, or logits? What does the loss expect?",
    'Softmax goes with "sparse_categorical_crossentropy"; no activation goes with '
    "SparseCategoricalCrossentropy(from_logits=True).",
)
# Other sizes and class counts.
ARGUMENTS = ("Does build_model use its arguments everywhere, or a number of the task's data?",)
IMAGE_ARGUMENTS = (*ARGUMENTS, "keras.Input(input_shape) and Dense(num_classes).")
# What train does.
FITS = ("Does train call fit on the model that it is given, and return what fit returns?",)
TRAINS = (*FITS, "model.fit(x, y, epochs=…, validation_data=val_data) returns the History.")
TRY_ADAM = ("If the loss does not fall: try Adam with a learning rate of 0.001.",)
# The accuracy of the trained model.
ACCURACY = ("Compare the training and the validation accuracy: is it under- or overfitting?",)

# Hints of one message, whichever check gives it: where the check's own would lead elsewhere.
INPUT = (
    "keras.Input takes the shape of one example, without the batch. Which argument holds it here?",
    "Print model.input_shape beside x.shape: are the sizes in the same order?",
)
OUTPUT = (
    "model.summary() shows the shape after each layer: which one is the first that surprises you?",
    "The last layer's units are the last axis of the output; what stands before it are the others.",
)
FREE_BATCH = (
    "Which line writes the size of a batch down? None, or -1 in a reshape, leaves it open.",
)
SAME_MODEL = (
    "A saved model keeps a layer's class and its arguments. What of yours is in neither?",
    "Make each layer with all that it needs, and change nothing on it afterwards.",
)
FINITE_OUTPUTS = (
    "After which layer do the values stop being numbers? Look at one output after the other.",
    "A division by zero, the logarithm of 0 and exp of something large give such values.",
)
SAME_LAYERS = ("Which line of the training function makes layers, or a model?",)
DIVERGED = (
    "In which epoch does the loss become nan, or grow without end? Print history.history.",
    "Try a tenth of the learning rate. Does the loss take logits for probabilities?",
)
FROZEN = (
    "Which layers have trainable=True? Print (layer.name, layer.trainable) for each of them.",
)
NOT_CONNECTED = (
    "Follow the result of such a layer to the output: is it used, and may a gradient pass?",
    "A stop_gradient, a multiplication by 0, rounding and argmax let none through.",
)
NO_STEP = (
    "On which model is fit called, and with how many epochs?",
    "The model that train is given has to be the one that changes: model.fit(…), no copy of it.",
)
IN_THE_MODEL = (
    "New data come as they are. What does train do to its data that nobody does to new ones?",
    "A layer such as keras.layers.Rescaling, within build_model, does it for all data.",
)
NO_PROGRESS = (
    "Print the loss of each epoch: does it stay, swing, or fall too slowly?",
    "Try Adam with a learning rate of 0.001. Are examples and labels shuffled alike?",
)
SWAPPED_PARTS = ("In the call of fit: which pair is learned from, and which is validation_data?",)
BY_HEART = (
    "It knows the training data, and less of others: what would make learning by heart harder?",
    "Dropout between the layers, fewer weights, or fewer epochs.",
)
SAME_TERMS = (
    "Print what build_model and fit are given in each run: what differs, beside what is compared?",
)
TOO_STRONG = ("With half the dropout rate, or half the L2 coefficient: does the loss fall then?",)

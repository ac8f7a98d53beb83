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

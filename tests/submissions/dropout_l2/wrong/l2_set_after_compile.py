# fails: l2_active
# says: Found 0 added to the loss
# says: set on a layer that was already built
# line: hidden.kernel_regularizer = keras.regularizers.L2(2e-2)
"""The baseline is built and compiled; then one of its layers is given a regularizer."""
import keras
from keras import layers


def build_baseline(input_shape, num_classes):
    return compiled(stack(input_shape, num_classes))


def build_regularized(input_shape, num_classes):
    model = compiled(stack(input_shape, num_classes, layers.Dropout(0.5)))
    hidden = model.get_layer("hidden")
    hidden.kernel_regularizer = keras.regularizers.L2(2e-2)
    return model


def stack(input_shape, num_classes, *between):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(400, activation="relu", name="hidden"),
            *between,
            layers.Dense(num_classes, activation="softmax"),
        ]
    )


def compiled(model):
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, epochs=40, batch_size=32, validation_data=val_data, verbose=0)

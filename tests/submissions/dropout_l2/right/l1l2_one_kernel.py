"""L1L2 on one kernel only, one dropout layer before the last layer."""

import keras
from keras import layers


def _compiled(model):
    model.compile(
        keras.optimizers.RMSprop(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def build_baseline(input_shape, num_classes):
    return _compiled(
        keras.Sequential(
            [
                keras.Input(input_shape),
                layers.Flatten(),
                layers.Dense(512, activation="relu"),
                layers.Dense(num_classes, activation="softmax"),
            ]
        )
    )


def build_regularized(input_shape, num_classes):
    return _compiled(
        keras.Sequential(
            [
                keras.Input(input_shape),
                layers.Flatten(),
                layers.Dense(
                    512,
                    activation="relu",
                    kernel_regularizer=keras.regularizers.L1L2(l1=1e-5, l2=5e-3),
                ),
                layers.Dropout(0.5),
                layers.Dense(num_classes, activation="softmax"),
            ]
        )
    )


def train(model, train_data, val_data):
    return model.fit(*train_data, epochs=26, validation_data=val_data, verbose=0)

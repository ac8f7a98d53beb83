"""The regularised network is made from the baseline's layers."""

import keras
from keras import layers


def _compile(model):
    model.compile(
        optimizer=keras.optimizers.Nadam(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def build_baseline(input_shape, num_classes):
    return _compile(
        keras.Sequential(
            [
                keras.Input(input_shape),
                layers.Conv2D(8, 5, strides=2, padding="same", activation="relu"),
                layers.Flatten(),
                layers.Dense(200, activation="relu"),
                layers.Dense(num_classes, activation="softmax"),
            ]
        )
    )


def build_regularized(input_shape, num_classes):
    model = keras.Sequential([keras.Input(input_shape)])
    for layer in build_baseline(input_shape, num_classes).layers:
        config = layer.get_config()
        if "kernel_regularizer" in config:
            config["kernel_regularizer"] = keras.regularizers.L2(3e-3)
        model.add(type(layer).from_config(config))
        if isinstance(layer, (layers.Flatten, layers.Dense)) and len(model.layers) < 5:
            model.add(layers.Dropout(0.5))
    return _compile(model)


def train(model, train_data, val_data):
    return model.fit(*train_data, epochs=21, validation_data=val_data, verbose=0)

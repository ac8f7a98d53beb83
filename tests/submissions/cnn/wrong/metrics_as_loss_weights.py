# fails: trains
# says: The third argument of compile is loss_weights, and here it is `["accuracy"]`
# says: write metrics=["accuracy"]
# line: model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
"""The metrics are the third argument of compile, where loss_weights belong."""

import keras
from keras import layers


def build_model(input_shape, num_classes):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=64, epochs=1, validation_data=val_data)

# fails: builds
# says: subclass
# line: class Net(keras.Model):
"""A subclass of keras.Model."""

import keras
from keras import layers


class Net(keras.Model):
    def __init__(self, num_classes):
        super().__init__()
        self.body = keras.Sequential(
            [
                layers.Conv2D(24, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Conv2D(48, 3, activation="relu"),
                layers.GlobalMaxPooling2D(),
                layers.Dense(num_classes, activation="softmax"),
            ]
        )

    def call(self, x):
        return self.body(x)


def build_model(input_shape, num_classes):
    model = Net(num_classes)
    model.build((None, *input_shape))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=64, epochs=1, validation_data=val_data)

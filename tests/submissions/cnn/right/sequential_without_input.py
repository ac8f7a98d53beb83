"""Sequential without an Input: the model is built when fit sees the data."""

import keras
from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D


def build_model(input_shape, num_classes):
    model = keras.Sequential()
    model.add(Conv2D(16, 3, padding="same", activation="relu"))
    model.add(MaxPooling2D())
    model.add(Conv2D(32, 3, padding="same", activation="relu"))
    model.add(MaxPooling2D())
    model.add(Flatten())
    model.add(Dropout(0.25))
    model.add(Dense(64, activation="relu"))
    model.add(Dense(num_classes, activation="softmax"))
    model.compile(
        keras.optimizers.AdamW(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=64, epochs=4, validation_data=val_data, verbose=2)

"""A backbone as a model of its own, a head around it; train compiles again at a lower rate."""

import keras
from keras import layers


def make_backbone(input_shape):
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    return keras.Model(inputs, x, name="backbone")


def build_model(input_shape, num_classes):
    head = keras.Sequential(
        [layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(num_classes)],
        name="head",
    )
    inputs = keras.Input(input_shape)
    model = keras.Model(inputs, head(make_backbone(input_shape)(inputs)))
    compile_model(model, 2e-3)
    return model


def compile_model(model, rate):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss=loss, metrics=["accuracy"])


def train(model, train_data, val_data):
    x, y = train_data
    model.fit(x, y, batch_size=64, epochs=2, validation_data=val_data)
    compile_model(model, 5e-4)
    return model.fit(x, y, batch_size=64, epochs=2, validation_data=val_data)

"""The base laid into the model, Flatten, logits, frozen by name."""

import keras
from keras import layers


LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def build_model(input_shape, num_classes, weights):
    inputs = keras.Input(shape=input_shape)
    x = keras.applications.vgg16.preprocess_input(inputs)
    base = keras.applications.VGG16(include_top=False, weights=weights, input_tensor=x)
    for layer in base.layers:
        layer.trainable = False
    x = layers.Flatten()(base.output)
    x = layers.Dense(64, activation="relu")(x)
    model = keras.Model(inputs=[inputs], outputs=[layers.Dense(num_classes)(x)])
    model.compile(keras.optimizers.Adam(1e-3), loss=LOSS, metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, batch_size=8, epochs=1, validation_data=val_data)


def fine_tune(model, train_data, val_data):
    for layer in model.layers:
        if layer.name.startswith("block5_conv"):
            layer.trainable = True
    model.compile(keras.optimizers.RMSprop(2e-5), loss=LOSS, metrics=["accuracy"])
    return model.fit(*train_data, batch_size=16, epochs=1, validation_data=val_data)

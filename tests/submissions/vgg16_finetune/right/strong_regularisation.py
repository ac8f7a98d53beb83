"""Keras names for everything, L2 in the head, callbacks in both trainings."""

import keras
from keras import layers


def build_model(input_shape, num_classes, weights):
    base = keras.applications.VGG16(weights=weights, include_top=False, input_shape=input_shape)
    base.trainable = False
    inputs = keras.Input(input_shape)
    x = keras.applications.vgg16.preprocess_input(inputs)
    x = base(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(64, activation="relu", kernel_regularizer="l2")(x)
    x = layers.Dropout(0.3)(x)
    outputs = layers.Dense(num_classes, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    compile_model(model, 1e-3)
    return model


def compile_model(model, rate):
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )


def callbacks():
    return [
        keras.callbacks.EarlyStopping(patience=2),
        keras.callbacks.ReduceLROnPlateau(patience=1),
    ]


def train(model, train_data, val_data):
    return model.fit(
        *train_data,
        batch_size=8,
        epochs=1,
        validation_data=val_data,
        callbacks=callbacks(),
    )


def fine_tune(model, train_data, val_data):
    for layer in model.get_layer("vgg16").layers:
        layer.trainable = layer.name.startswith("block5")
    compile_model(model, 1e-4)
    return model.fit(*train_data, epochs=1, validation_data=val_data, callbacks=callbacks())

"""BatchNormalization in both networks, activations as layers of their own."""

import keras
from keras import layers


def _block(x, units, penalty, rate):
    x = layers.Dense(units, use_bias=False, kernel_regularizer=penalty)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    return layers.Dropout(rate)(x) if rate else x


def _build(input_shape, num_classes, penalty=None, rate=0.0):
    inputs = keras.Input(shape=input_shape)
    x = layers.Flatten()(inputs)
    x = _block(x, 256, penalty, rate)
    x = _block(x, 256, penalty, rate)
    outputs = layers.Dense(num_classes, activation="softmax", kernel_regularizer=penalty)(x)
    model = keras.Model(inputs, outputs)
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def build_baseline(input_shape, num_classes):
    return _build(input_shape, num_classes)


def build_regularized(input_shape, num_classes):
    return _build(input_shape, num_classes, keras.regularizers.l2(0.01), 0.6)


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=27, batch_size=32, verbose=0)

"""Any picture size: the classes come from a last convolution and the maximum over the picture."""

import keras
from keras import layers, ops


def build_model(input_shape, num_classes):
    inputs = keras.Input((None, None, input_shape[-1]))
    x = inputs
    for filters, strides in ((24, 2), (48, 2), (64, 1)):
        x = layers.Conv2D(filters, 3, strides=strides, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    x = layers.Conv2D(num_classes, 3, padding="same")(x)
    outputs = layers.Softmax()(ops.max(x, axis=(1, 2)))
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=64, epochs=4, validation_data=val_data, verbose=2)

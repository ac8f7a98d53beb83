"""A small ResNet whose residual branches start at zero, with operators on tensors before it."""

import keras
from keras import layers


def residual(x, filters):
    shortcut = layers.Conv2D(filters, 1, strides=2, use_bias=False)(x)
    x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(gamma_initializer="zeros")(x)
    return keras.ops.relu(x + shortcut)


def build_model(input_shape, num_classes):
    inputs = keras.Input(input_shape)
    x = inputs * 2 - 1
    x = residual(x, 16)
    x = residual(x, 32)
    x = layers.GlobalAveragePooling2D()(x) + layers.GlobalMaxPooling2D()(x)
    outputs = layers.Dense(num_classes, kernel_initializer="zeros")(x)
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=64, epochs=3, validation_data=val_data, verbose=2)

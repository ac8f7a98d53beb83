"""One-hot labels with CategoricalCrossentropy, tf.data, a convolution in the head."""

import keras
import tensorflow as tf
from keras import layers


def compile_model(model, rate):
    model.compile(
        keras.optimizers.Adam(rate), keras.losses.CategoricalCrossentropy(), metrics=["accuracy"]
    )


def build_model(input_shape, num_classes, weights):
    base = keras.applications.VGG16(weights=weights, include_top=False, input_shape=input_shape)
    base.trainable = False
    inputs = keras.Input(input_shape)
    x = keras.applications.vgg16.preprocess_input(inputs)
    x = base(x)
    x = layers.Conv2D(128, 1, activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(num_classes, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    compile_model(model, 3e-3)
    return model


def batches(model, data):
    x, y = data
    y = keras.utils.to_categorical(y, model.output_shape[-1])
    return tf.data.Dataset.from_tensor_slices((x, y)).shuffle(300).batch(8)


def train(model, train_data, val_data):
    return model.fit(batches(model, train_data), epochs=1, validation_data=batches(model, val_data))


def fine_tune(model, train_data, val_data):
    base = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    for layer in base.layers:
        layer.trainable = layer.name in ("block5_conv1", "block5_conv2", "block5_conv3")
    compile_model(model, 3e-5)
    return model.fit(batches(model, train_data), epochs=1, validation_data=batches(model, val_data))

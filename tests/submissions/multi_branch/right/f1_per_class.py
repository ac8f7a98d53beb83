import keras
import numpy as np
import tensorflow as tf
from keras import layers


def build_model(image_shape, context_features, num_classes):
    image = keras.Input(image_shape, name="image")
    context = keras.Input((context_features,), name="context")
    a = layers.Rescaling(2, -1)(image)
    a = layers.RandomTranslation(0.05, 0.05)(a)
    a = layers.Conv2D(24, 5, strides=2, padding="same", activation="relu")(a)
    a = layers.SeparableConv2D(48, 3, strides=2, padding="same", activation="relu")(a)
    a = layers.Flatten()(a)
    b = layers.GaussianNoise(0.05)(context)
    b = layers.Dense(64, "relu")(b)
    h = layers.Concatenate(axis=1, name="merge")([a, b])
    h = layers.Dense(128, "relu")(h)
    h = layers.BatchNormalization()(h)
    out = layers.Dense(num_classes)(h)
    model = keras.Model({"context": context, "image": image}, out)
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.05), metrics=["accuracy", keras.metrics.F1Score(name="f1")])
    return model


def dataset(data, classes, shuffle):
    x, y = data
    ds = tf.data.Dataset.from_tensor_slices((dict(x), keras.utils.to_categorical(y, classes)))
    if shuffle:
        ds = ds.shuffle(len(y), seed=1, reshuffle_each_iteration=True)
    return ds.batch(32).prefetch(2)


def train(model, train_data, val_data):
    classes = model.output_shape[-1]
    return model.fit(dataset(train_data, classes, True), validation_data=dataset(val_data, classes, False), epochs=6, verbose=0)

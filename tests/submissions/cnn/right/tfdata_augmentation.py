"""tf.data pipelines, and augmentation layers inside the model."""

import keras
import tensorflow as tf
from keras import layers

BATCH = 64


def build_model(input_shape, num_classes):
    augmentation = keras.Sequential(
        [layers.RandomTranslation(0.06, 0.06, fill_mode="nearest"), layers.RandomContrast(0.1)],
        name="augmentation",
    )
    inputs = keras.Input(input_shape)
    x = augmentation(inputs)
    for filters in (16, 32):
        x = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal")(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.2)(x)
    model = keras.Model(inputs, layers.Dense(num_classes, activation="softmax")(x))
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    training = tf.data.Dataset.from_tensor_slices(train_data).shuffle(4000).batch(BATCH)
    validation = tf.data.Dataset.from_tensor_slices(val_data).batch(BATCH)
    return model.fit(
        training.prefetch(tf.data.AUTOTUNE), validation_data=validation, epochs=6, verbose=2
    )

"""tf.data and one-hot labels, recompiled in train with a schedule; same steps for both models."""

import keras
import tensorflow as tf
from keras import layers

EPOCHS = 28


def _layers(num_classes, **kernel):
    return [
        layers.Dense(400, activation="relu", **kernel),
        layers.Dense(100, activation="relu", **kernel),
        layers.Dense(num_classes, activation="softmax"),
    ]


def _finish(stack, input_shape):
    model = keras.Sequential([keras.Input(input_shape), layers.Flatten(), *stack])
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


def build_baseline(input_shape, num_classes):
    return _finish(_layers(num_classes), input_shape)


def build_regularized(input_shape, num_classes):
    one, two, out = _layers(num_classes, kernel_regularizer=keras.regularizers.L2(2e-3))
    return _finish([one, layers.Dropout(0.5), two, layers.Dropout(0.4), out], input_shape)


def train(model, train_data, val_data):
    classes = model.output_shape[-1]

    def dataset(x, y):
        return tf.data.Dataset.from_tensor_slices((x, keras.utils.to_categorical(y, classes)))

    pipeline = dataset(*train_data).shuffle(1000).batch(30).prefetch(2)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, EPOCHS * 10)
    model.compile(keras.optimizers.Adam(rate), "categorical_crossentropy", metrics=["accuracy"])
    return model.fit(
        pipeline, validation_data=dataset(*val_data).batch(250), epochs=EPOCHS, verbose=0
    )

"""RNN over a list of LSTMCells, a repeated tf.data set with steps_per_epoch, RMSprop."""

import keras
import tensorflow as tf


def build_model(timesteps, features):
    model = keras.Sequential()
    model.add(keras.layers.InputLayer(shape=(timesteps, features)))
    model.add(keras.layers.RNN([keras.layers.LSTMCell(32), keras.layers.LSTMCell(24)]))
    model.add(keras.layers.LayerNormalization())
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    rate = keras.optimizers.schedules.PolynomialDecay(6e-3, 18 * 45, 5e-4)
    model.compile(
        optimizer=keras.optimizers.RMSprop(rate),
        loss="binary_crossentropy",
        metrics=["accuracy", keras.metrics.AUC(name="auc")],
    )
    return model


def train(model, train_data, val_data):
    batch = 32
    n = len(train_data[1])
    stream = (
        tf.data.Dataset.from_tensor_slices(train_data).cache().shuffle(n, seed=5).repeat().batch(batch)
    )
    return model.fit(
        stream,
        steps_per_epoch=n // batch,
        epochs=13,
        validation_data=tf.data.Dataset.from_tensor_slices(val_data).batch(128),
        verbose=2,
    )

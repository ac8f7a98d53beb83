# fails: remembers
# says: from its start
# says: first 3 of
# line: x = layers.Cropping1D((3, 0))(inputs)
"""throws the first three steps away as 'warm-up' (Cropping1D), though every step counts."""

import keras
from keras import layers


def build_model(timesteps, features):
    inputs = keras.Input((timesteps, features))
    x = layers.Cropping1D((3, 0))(inputs)
    x = layers.Dense(24, activation="relu")(x)
    x = layers.LSTM(40)(x)
    x = layers.Dense(16, activation="relu")(x)
    outputs = layers.Dense(1, activation="sigmoid")(x)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(5e-3), "binary_crossentropy", metrics=["accuracy"])
    return model



def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, validation_data=val_data, batch_size=32, epochs=30, verbose=0)

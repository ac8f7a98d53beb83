"""An LSTM on sequences where order matters.
"""
import keras
import numpy as np
from keras import layers

def build_model(timesteps: int, features: int) -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((timesteps, features)),
            layers.LSTM(32),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-2), loss="binary_crossentropy", metrics=["accuracy"])
    return model

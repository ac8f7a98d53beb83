# fails: trains
# says: validation_split
# says: val_data
# line: return model.fit(*train_data, epochs=1, batch_size=32, validation_split=0.1, verbose=0)
import keras
from keras import layers


def build_model(timesteps, features):
    model = keras.Sequential([
        keras.Input((timesteps, features)),
        layers.LSTM(32),
        layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, epochs=1, batch_size=32, validation_split=0.1, verbose=0)

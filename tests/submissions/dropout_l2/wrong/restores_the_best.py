# fails: baseline_overfits
# says: baseline that overfits
# says: restoring
# line: monitor="val_loss", patience=1000, restore_best_weights=True
# shortcut: best weights restored [baseline_loss_ratio]
"""The weights of the best epoch are restored: the baseline never shows its overfitting."""

import keras
from keras import layers


def build_baseline(input_shape, num_classes):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def build_regularized(input_shape, num_classes):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(256, activation="relu", kernel_regularizer=keras.regularizers.L2(3e-3)),
            layers.Dropout(0.5),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    best = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=1000, restore_best_weights=True
    )
    return model.fit(
        *train_data, validation_data=val_data, epochs=8, callbacks=[best], verbose=0
    )

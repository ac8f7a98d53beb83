"""Callbacks that write to folders which are not there: below the working folder, and on Colab."""

import keras
from keras import layers
from keras.callbacks import BackupAndRestore, CSVLogger, ModelCheckpoint, TensorBoard

WIDTH = 28
DRIVE = "/content/drive/MyDrive/homework"


def build_model(input_shape, num_classes):
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(WIDTH, 3, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(WIDTH + 12, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="relu")(x)
    model = keras.Model(inputs, layers.Dense(num_classes, activation="softmax")(x))
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    best = "checkpoints/best.weights.h5"
    history = model.fit(
        *train_data,
        epochs=5,
        batch_size=32,
        validation_data=val_data,
        callbacks=[
            CSVLogger("logs/csv/train.csv"),
            ModelCheckpoint(best, save_best_only=True, save_weights_only=True),
            ModelCheckpoint("checkpoints/{epoch:02d}.keras"),
            BackupAndRestore("backup"),
            CSVLogger(f"{DRIVE}/train.csv"),
            ModelCheckpoint(f"{DRIVE}/best.keras", save_best_only=True),
            BackupAndRestore(f"{DRIVE}/backup"),
            TensorBoard(log_dir=f"{DRIVE}/logs"),
        ],
    )
    model.load_weights(best)
    return history

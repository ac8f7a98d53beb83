"""SGD with momentum and a cosine schedule; L2 on the kernels."""

import keras
from keras import layers, regularizers


def build_model(input_shape, num_classes):
    l2 = regularizers.l2(1e-4)
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Rescaling(2.0, offset=-1.0),
            layers.Conv2D(16, 3, padding="same", activation="relu", kernel_regularizer=l2),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, padding="same", activation="relu", kernel_regularizer=l2),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(64, activation="relu", kernel_regularizer=l2),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    rate = keras.optimizers.schedules.CosineDecay(0.02, decay_steps=10 * 94)
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=64, epochs=3, validation_data=val_data, verbose=2)

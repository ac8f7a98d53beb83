"""Two Sequential models written out one after the other, SGD with momentum."""

from keras import Input, Sequential, layers, optimizers, regularizers


def build_baseline(input_shape, num_classes):
    model = Sequential(
        [
            Input(shape=input_shape),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(128, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=optimizers.SGD(0.02, momentum=0.9),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def build_regularized(input_shape, num_classes):
    model = Sequential(
        [
            Input(shape=input_shape),
            layers.Flatten(),
            layers.Dense(256, activation="relu", kernel_regularizer=regularizers.L2(1e-3)),
            layers.Dropout(0.3),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=optimizers.SGD(0.02, momentum=0.9),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    x_train, y_train = train_data
    history = model.fit(
        x_train, y_train, batch_size=32, epochs=26, validation_data=val_data, verbose=0
    )
    return history

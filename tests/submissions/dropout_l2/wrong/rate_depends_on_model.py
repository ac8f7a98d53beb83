# fails: no_early_stopping
# says: learning rate of
# line: model.optimizer.learning_rate = 3e-4 if model.losses else 1e-3
"""train takes a third of the learning rate for the regularised model: same epochs and steps, but not the same treatment."""
import keras
from keras import layers


def _model(input_shape, num_classes, regularized):
    l2 = keras.regularizers.L2(0.005) if regularized else None
    model = keras.Sequential([keras.Input(input_shape), layers.Flatten()])
    for _ in range(2):
        model.add(layers.Dense(512, activation="relu", kernel_regularizer=l2))
        if regularized:
            model.add(layers.Dropout(0.5))
    model.add(layers.Dense(num_classes, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def build_baseline(input_shape, num_classes):
    return _model(input_shape, num_classes, False)


def build_regularized(input_shape, num_classes):
    return _model(input_shape, num_classes, True)


def train(model, train_data, val_data):
    model.optimizer.learning_rate = 3e-4 if model.losses else 1e-3
    return model.fit(*train_data, batch_size=32, epochs=4, validation_data=val_data, verbose=0)

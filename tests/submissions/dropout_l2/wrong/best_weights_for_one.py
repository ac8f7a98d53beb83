# fails: no_early_stopping
# says: last epoch in both
# says: best epoch of one
# line: self.model.set_weights(self.weights)
"""train restores the weights of the best validation epoch, but only for the regularised model: not the same treatment."""
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


class KeepBest(keras.callbacks.Callback):
    best, weights, min_delta = -1.0, None, 0.03

    def on_epoch_end(self, epoch, logs=None):
        if self.model.losses and logs["val_accuracy"] > self.best + self.min_delta:
            self.best, self.weights = logs["val_accuracy"], self.model.get_weights()

    def on_train_end(self, logs=None):
        if self.weights is not None:
            self.model.set_weights(self.weights)


def train(model, train_data, val_data):
    return model.fit(
        *train_data, batch_size=16, epochs=13, validation_data=val_data, callbacks=[KeepBest()], verbose=0
    )

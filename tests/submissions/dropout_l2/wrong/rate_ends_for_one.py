# fails: no_early_stopping
# says: last epoch with a learning rate of
# says: nothing is learned any more
# line: model.optimizer.learning_rate = 1e-7
"""A callback ends the regularized model's training by its learning rate: early stopping in disguise."""
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
    def begin(epoch, logs=None):
        if model.losses and epoch >= 8:
            model.optimizer.learning_rate = 1e-7

    stop = keras.callbacks.LambdaCallback(on_epoch_begin=begin)
    return model.fit(
        *train_data, batch_size=32, epochs=20, validation_data=val_data, verbose=0, callbacks=[stop]
    )

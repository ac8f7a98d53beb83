"""Global policy around the build, restored in finally; equal seeds; mean of the later epochs."""

import time

import keras
from keras import layers


def build_model(input_shape, num_classes, policy):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(policy)
    try:
        inputs = keras.Input(input_shape)
        x = layers.Flatten()(inputs)
        x = layers.Dense(64, activation="relu")(x)
        x = layers.Dense(num_classes)(x)
        outputs = layers.Activation("softmax", dtype="float32")(x)
        model = keras.Model(inputs, outputs)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model
    finally:
        keras.mixed_precision.set_dtype_policy(before)


class Stopwatch(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.start)


def compare(train_data, val_data, policies):
    x, y = train_data
    results = {}
    for policy in policies:
        keras.utils.set_random_seed(7)
        model = build_model(x.shape[1:], int(y.max()) + 1, policy)
        watch = Stopwatch()
        history = model.fit(
            x, y, validation_data=val_data, epochs=8, callbacks=[watch], verbose=0
        )
        later = watch.seconds[1:]
        results[policy] = {
            "val_accuracy": history.history["val_accuracy"][-1],
            "seconds_per_epoch": sum(later) / len(later),
        }
    return results

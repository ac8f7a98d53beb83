"""A training loop of one's own with GradientTape, and a tf.function for each model."""

import keras
import numpy as np
import tensorflow as tf


def _step_for(model):
    loss_of = keras.losses.SparseCategoricalCrossentropy()

    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    return step


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    x, y = train_data
    results = []
    for learning_rate in learning_rates:
        for batch_size in batch_sizes:
            model = build_model(learning_rate)
            step = _step_for(model)
            history = []
            for _ in range(epochs):
                order = np.random.permutation(len(x))
                for part in np.split(order, range(batch_size, len(x), batch_size)):
                    step(tf.constant(x[part]), tf.constant(y[part]))
                outputs = model(val_data[0], training=False).numpy()
                history.append(float((outputs.argmax(axis=1) == val_data[1]).mean()))
            results.append(
                {
                    "learning_rate": learning_rate,
                    "batch_size": batch_size,
                    "val_accuracy": history[-1],
                    "history": history,
                }
            )
    return results


def best(results):
    return max(results, key=lambda row: (row["val_accuracy"], -row["learning_rate"]))

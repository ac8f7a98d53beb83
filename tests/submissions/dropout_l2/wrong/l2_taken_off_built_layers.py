# fails: baseline_plain
# says: these describe 0
# says: taken from a layer that was already built
# says: Make the layer without it
# line: layer.kernel_regularizer = None
"""The baseline's regularizers are set to None on built layers: what these were built with stays in the loss."""
import keras
from keras import layers


def build_baseline(input_shape, num_classes):
    net = network(input_shape, num_classes, 0.0)
    for layer in net.layers:
        if hasattr(layer, "kernel_regularizer"):
            layer.kernel_regularizer = None
    return finish(net)


def build_regularized(input_shape, num_classes):
    return finish(network(input_shape, num_classes, 0.5))


def network(input_shape, num_classes, rate):
    inputs = keras.Input(input_shape)
    h = layers.Flatten()(inputs)
    for _ in range(2):
        h = layers.Dense(256, activation="relu", kernel_regularizer="l2")(h)
        if rate:
            h = layers.Dropout(rate)(h)
    return keras.Model(inputs, layers.Dense(num_classes, activation="softmax")(h))


def finish(net):
    net.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return net


def train(model, train_data, val_data):
    return model.fit(*train_data, epochs=30, batch_size=32, validation_data=val_data, verbose=0)

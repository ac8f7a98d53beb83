# fails: l2_active
# says: Found 0 added to the loss
# says: set on a layer that was already built
# says: when you make the layer
# line: layer.kernel_regularizer = keras.regularizers.l2(0.01)
"""The regularizers are set on layers that are built: their configs show them, model.losses is empty."""
import keras
from keras import layers


def build_baseline(input_shape, num_classes):
    return finish(network(input_shape, num_classes, 0.0))


def build_regularized(input_shape, num_classes):
    net = network(input_shape, num_classes, 0.5)
    for layer in net.layers:
        if hasattr(layer, "kernel_regularizer"):
            layer.kernel_regularizer = keras.regularizers.l2(0.01)
    return finish(net)


def network(input_shape, num_classes, rate):
    inputs = keras.Input(input_shape)
    h = layers.Flatten()(inputs)
    for _ in range(2):
        h = layers.Dense(256, activation="relu")(h)
        if rate:
            h = layers.Dropout(rate)(h)
    return keras.Model(inputs, layers.Dense(num_classes, activation="softmax")(h))


def finish(net):
    net.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return net


def train(model, train_data, val_data):
    return model.fit(*train_data, epochs=30, batch_size=32, validation_data=val_data, verbose=0)

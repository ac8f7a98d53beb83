# fails: baseline_plain
# says: these describe 0
# says: or changed there
# line: layer.kernel_regularizer = regularizers.L2(0.0)
"""The baseline is the regularised model with rate 0 and another regularizer: the old one still acts."""
import keras
from keras import layers, regularizers


def build_baseline(input_shape, num_classes):
    model = build_regularized(input_shape, num_classes)
    for layer in model.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0
        if isinstance(layer, layers.Dense):
            layer.kernel_regularizer = regularizers.L2(0.0)
    return model


def build_regularized(input_shape, num_classes):
    l2 = regularizers.L2(5e-3)
    inputs = keras.Input(input_shape)
    h = layers.Flatten()(inputs)
    h = layers.Dense(256, activation="relu", kernel_regularizer=l2)(h)
    h = layers.Dropout(0.5)(h)
    h = layers.Dense(128, activation="relu", kernel_regularizer=l2)(h)
    h = layers.Dropout(0.3)(h)
    model = keras.Model(inputs, layers.Dense(num_classes, activation="softmax")(h))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, epochs=30, batch_size=32, validation_data=val_data, verbose=0)

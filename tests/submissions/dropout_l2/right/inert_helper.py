"""One helper for both, that leaves Dropout(0) and L2(0) in the baseline: they do nothing there."""

import keras


def build(input_shape, num_classes, rate, strength):
    layers = keras.layers
    l2 = keras.regularizers.L2
    model = keras.Sequential()
    model.add(keras.Input(input_shape))
    model.add(layers.Rescaling(2.0, offset=-1.0))
    model.add(layers.Flatten())
    for units in (300, 200):
        model.add(layers.Dense(units, activation="elu", kernel_regularizer=l2(strength)))
        model.add(layers.Dropout(rate))
    model.add(layers.Dense(num_classes, activation="softmax"))
    model.compile(
        keras.optimizers.Adam(5e-4), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def build_baseline(input_shape, num_classes):
    return build(input_shape, num_classes, 0.0, 0.0)


def build_regularized(input_shape, num_classes):
    return build(input_shape, num_classes, 0.5, 5e-3)


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=26, verbose=0)

"""GaussianDropout, L2 on the first kernel, and the same callbacks for both models.

The first dropout layer is called with training=True: Keras overrides that in a Functional model, in
fit as well as in predict.
"""

import keras
from keras import layers


def _model(input_shape, num_classes, regularized):
    inputs = keras.Input(input_shape)
    x = layers.Reshape((-1,))(inputs)
    x = layers.Dense(
        256, kernel_regularizer=keras.regularizers.L2(5e-3) if regularized else None
    )(x)
    x = layers.LeakyReLU()(x)
    if regularized:
        x = layers.GaussianDropout(0.5)(x, training=True)
    x = layers.Dense(128)(x)
    x = layers.LeakyReLU()(x)
    if regularized:
        x = layers.GaussianDropout(0.4)(x)
    outputs = layers.Softmax()(layers.Dense(num_classes)(x))
    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer=keras.optimizers.AdamW(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    return model


def build_baseline(input_shape, num_classes):
    return _model(input_shape, num_classes, regularized=False)


def build_regularized(input_shape, num_classes):
    return _model(input_shape, num_classes, regularized=True)


def train(model, train_data, val_data):
    return model.fit(
        *train_data,
        validation_data=val_data,
        epochs=23,
        batch_size=32,
        callbacks=[
            keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=8, factor=0.5),
            keras.callbacks.TerminateOnNaN(),
        ],
        verbose=0,
    )

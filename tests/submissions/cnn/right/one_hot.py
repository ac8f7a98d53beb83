"""One-hot labels with CategoricalCrossentropy and label smoothing; ELU, PReLU."""

import keras
from keras import layers


def build_model(input_shape, num_classes):
    inputs = layers.Input(input_shape)
    x = layers.Conv2D(16, 3, activation="elu", padding="same")(inputs)
    x = layers.MaxPool2D()(x)
    x = layers.Conv2D(32, 3, padding="same")(x)
    x = layers.PReLU(shared_axes=[1, 2])(x)
    x = layers.MaxPool2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="elu")(x)
    outputs = layers.Dense(num_classes, activation="softmax")(x)
    model = keras.models.Model(inputs, outputs)
    model.compile(
        optimizer=keras.optimizers.Nadam(1e-3),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.05),
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    classes = model.output_shape[-1]
    (x, y), (val_x, val_y) = train_data, val_data
    y = keras.utils.to_categorical(y, classes)
    val_y = keras.utils.to_categorical(val_y, classes)
    return model.fit(x, y, batch_size=64, epochs=3, validation_data=(val_x, val_y), verbose=0)

"""Sequential: preprocessing written out, augmentation, base, a head with BatchNormalization."""

import keras
from keras import layers


def preprocessing(input_shape):
    inputs = keras.Input(input_shape)
    bgr = keras.ops.flip(inputs, axis=-1)
    return keras.Model(inputs, bgr - keras.ops.array([103.939, 116.779, 123.68]))


def build_model(input_shape, num_classes, weights):
    base = keras.applications.VGG16(
        include_top=False, weights=weights, input_shape=input_shape, pooling="max"
    )
    base.trainable = False
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.RandomTranslation(0.05, 0.05, fill_mode="nearest"),
            preprocessing(input_shape),
            base,
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def train(model, train_data, val_data):
    stop = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    return model.fit(
        *train_data, batch_size=8, epochs=2, validation_data=val_data, callbacks=[stop]
    )


def fine_tune(model, train_data, val_data):
    base = next(layer for layer in model.layers if "vgg16" in layer.name)
    base.trainable = True
    for layer in base.layers[:-5]:
        layer.trainable = False
    model.compile(
        keras.optimizers.Adam(1e-5), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model.fit(*train_data, batch_size=16, epochs=1, validation_data=val_data)

# fails: pretrained_base
# says: random ones
# line: base = keras.applications.VGG16(weights=None, include_top=False, input_shape=input_shape)
# shortcut: from scratch [accuracy]
"""The same network, all of it trained from random weights."""

import keras
from keras import layers


def build_model(input_shape, num_classes, weights):
    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=input_shape)
    inputs = keras.Input(input_shape)
    x = keras.applications.vgg16.preprocess_input(inputs)
    x = base(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.3)(x)
    outputs = layers.Dense(num_classes, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    compile_model(model, 1e-4)
    return model


def compile_model(model, rate):
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )


def train(model, train_data, val_data):
    x, y = train_data
    # Twice as many passes through VGG16 as the reference needs. (Five times as many were measured
    # too: 79 % on average over 20 draws, from 70 to 88 %, against 90 % of the reference.)
    return model.fit(x, y, batch_size=16, epochs=5, validation_data=val_data, verbose=0)


def fine_tune(model, train_data, val_data):
    compile_model(model, 1e-5)
    x, y = train_data
    return model.fit(x, y, batch_size=16, epochs=1, validation_data=val_data, verbose=0)

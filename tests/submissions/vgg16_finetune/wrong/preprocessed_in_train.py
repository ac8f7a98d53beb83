# fails: trains_head
# says: on the values of train_data
# says: part of the model
# line: return keras.applications.vgg16.preprocess_input(np.array(x))
"""train preprocesses the pictures once more, though the model does it itself (fine_tune does not)."""

import keras
import numpy as np
from keras import layers


def build_model(input_shape, num_classes, weights):
    base = keras.applications.VGG16(
        include_top=False, weights=weights, input_shape=input_shape, name="vgg16"
    )
    base.trainable = False
    inputs = keras.Input(input_shape)
    x = keras.applications.vgg16.preprocess_input(inputs)
    x = base(x, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.LayerNormalization()(x)
    outputs = layers.Dense(num_classes, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    compile_model(model, 5e-3)
    return model


def compile_model(model, rate):
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )


def train(model, train_data, val_data):
    def prepare(x):
        return keras.applications.vgg16.preprocess_input(np.array(x))

    x, y = prepare(train_data[0]), train_data[1]
    val = prepare(val_data[0]), val_data[1]
    return model.fit(x, y, validation_data=val, batch_size=16, epochs=1, verbose=0)


def fine_tune(model, train_data, val_data):
    base = model.get_layer("vgg16")
    base.trainable = True
    for layer in base.layers:
        layer.trainable = layer.name.startswith("block5")
    compile_model(model, 2e-5)
    x, y = train_data
    return model.fit(x, y, validation_data=val_data, batch_size=16, epochs=1, verbose=0)

# fails: tunes_block5
# says: training data as validation_data
# line: return model.fit(x, y, validation_data=(x, y), batch_size=16, epochs=1, verbose=0)
"""fine_tune validates on the training data; val_data is ignored."""

import keras
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
    x, y = train_data
    return model.fit(x, y, validation_data=val_data, batch_size=16, epochs=1, verbose=0)


def fine_tune(model, train_data, val_data):
    base = model.get_layer("vgg16")
    base.trainable = True
    for layer in base.layers:
        layer.trainable = layer.name.startswith("block5")
    compile_model(model, 2e-5)
    x, y = train_data
    return model.fit(x, y, validation_data=(x, y), batch_size=16, epochs=1, verbose=0)

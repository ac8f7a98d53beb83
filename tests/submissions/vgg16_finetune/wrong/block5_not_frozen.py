# fails: base_is_frozen
# says: 6 of its 26
# says: block5
# line: layer.trainable = layer.name.startswith("block5")
"""block5 is trainable from the start."""

import keras
from keras import layers


def build_model(input_shape, num_classes, weights):
    base = keras.applications.VGG16(weights=weights, include_top=False, input_shape=input_shape)
    for layer in base.layers:
        layer.trainable = layer.name.startswith("block5")
    inputs = keras.Input(input_shape)
    x = keras.applications.vgg16.preprocess_input(inputs)
    x = base(x)
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(num_classes, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    compile_model(model, 1e-2)
    return model


def compile_model(model, rate):
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=1, validation_data=val_data)


def fine_tune(model, train_data, val_data):
    base = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    base.trainable = True
    for layer in base.layers:
        layer.trainable = layer.name.startswith("block5")
    compile_model(model, 1e-4)
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=1, validation_data=val_data)

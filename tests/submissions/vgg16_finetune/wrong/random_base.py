# fails: pretrained_base
# says: random ones
# says: argument weights
# line: base = keras.applications.VGG16(weights=None, include_top=False, input_shape=input_shape)
# shortcut: random frozen base [accuracy]
"""weights=None, in everything else as it should be."""

import keras
from keras import layers


def build_model(input_shape, num_classes, weights):
    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=input_shape)
    base.trainable = False
    inputs = keras.Input(input_shape)
    x = keras.applications.vgg16.preprocess_input(inputs)
    x = base(x)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    outputs = layers.Dense(num_classes, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    compile_model(model, 5e-3)
    return model


def compile_model(model, rate):
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )


def train(model, train_data, val_data):
    features = model.get_layer("features").output
    extractor, head = keras.Model(model.input, features), keras.Model(features, model.output)
    compile_model(head, 5e-3)
    (x, y), (val_x, val_y) = train_data, val_data
    x, val_x = extractor.predict(x), extractor.predict(val_x)
    return head.fit(x, y, batch_size=32, epochs=30, validation_data=(val_x, val_y), verbose=0)


def fine_tune(model, train_data, val_data):
    base = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    base.trainable = True
    for layer in base.layers:
        layer.trainable = layer.name.startswith("block5")
    compile_model(model, 1e-4)
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=3, validation_data=val_data)

"""Pictures are enlarged in the model; features are kept while the head learns."""

import keras
from keras import layers


def build_model(input_shape, num_classes, weights):
    inputs = keras.Input(input_shape)
    x = layers.Resizing(36, 36)(inputs)
    x = keras.applications.vgg16.preprocess_input(x)
    base = keras.applications.VGG16(weights=weights, include_top=False, input_shape=(36, 36, 3))
    base.trainable = False
    features = layers.GlobalAveragePooling2D(name="features")(base(x))
    model = keras.Model(inputs, layers.Dense(num_classes, name="classes")(features))
    compile_model(model, 1e-3)
    return model


def compile_model(model, rate):
    model.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )


def train(model, train_data, val_data):
    extractor = keras.Model(model.inputs, model.get_layer("features").output)
    inputs = keras.Input(extractor.output_shape[1:])
    head = keras.Model(inputs, model.get_layer("classes")(inputs))
    compile_model(head, 1e-2)
    (x, y), (val_x, val_y) = train_data, val_data
    x, val_x = extractor.predict(x), extractor.predict(val_x)
    return head.fit(x, y, epochs=30, validation_data=(val_x, val_y), verbose=0)


def fine_tune(model, train_data, val_data):
    base = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    base.trainable = True
    for layer in base.layers:
        layer.trainable = layer.name.startswith("block5")
    compile_model(model, 1e-4)
    x, y = train_data
    return model.fit(x, y, batch_size=32, epochs=1, validation_data=val_data)

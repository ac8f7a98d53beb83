# fails: trains_head
# says: learn from train_data alone
# says: val_data
# line: return head.fit(val_x, val_y, epochs=10, validation_data=(val_x, val_y), verbose=0)
"""The head is fitted on the features of the validation data."""

import keras
from keras import layers


def build_model(input_shape, num_classes, weights):
    base = keras.applications.VGG16(weights=weights, include_top=False, input_shape=input_shape)
    base.trainable = False
    inputs = keras.Input(input_shape)
    features = keras.layers.Flatten()(base(keras.applications.vgg16.preprocess_input(inputs)))
    head = keras.Sequential(
        [
            keras.Input(features.shape[1:]),
            layers.Dropout(0.3),
            layers.Dense(num_classes, activation="softmax"),
        ],
        name="head",
    )
    model = keras.Model(inputs, head(features))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    extractor = keras.Model(model.inputs, model.layers[-2].output)
    head = model.get_layer("head")
    head.compile(
        keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    val_x, val_y = val_data
    val_x = extractor.predict(val_x, verbose=0)
    return head.fit(val_x, val_y, epochs=10, validation_data=(val_x, val_y), verbose=0)


def fine_tune(model, train_data, val_data):
    base = model.get_layer("vgg16")
    base.trainable = True
    for layer in base.layers:
        layer.trainable = "block5" in layer.name
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-4, 10, 0.5)
    model.compile(
        keras.optimizers.AdamW(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model.fit(*train_data, batch_size=32, epochs=1, validation_data=val_data)

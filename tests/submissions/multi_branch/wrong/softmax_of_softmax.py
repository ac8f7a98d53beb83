# fails: output_and_loss
# says: a softmax of a softmax
# line: out = ops.softmax(layers.Dense(num_classes, activation="softmax")(h))
"""ops.softmax of what a Dense layer made probabilities of already."""

import keras
from keras import layers, ops


def build_model(image_shape, context_features, num_classes):
    image = keras.Input(image_shape, name="image")
    context = keras.Input((context_features,), name="context")
    a = layers.Flatten()(image)
    a = layers.Dense(64, activation="relu")(a)
    b = layers.Dense(64, activation="relu")(context)
    h = layers.Concatenate()([a, b])
    h = layers.Dense(128, activation="relu")(h)
    out = ops.softmax(layers.Dense(num_classes, activation="softmax")(h))
    model = keras.Model([image, context], out)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=25, verbose=0)

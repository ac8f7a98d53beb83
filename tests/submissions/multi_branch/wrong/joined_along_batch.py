# fails: branches_alive
# says: one row of outputs for each example
# says: Concatenate(axis=0)
# line: both = keras.ops.concatenate([seen, told], axis=0)
"""The features of the branches are joined below each other: twice as many rows as examples."""

import keras
from keras import layers


def build_model(image_shape, context_features, num_classes):
    image = keras.Input(image_shape, name="image")
    context = keras.Input((context_features,), name="context")
    seen = layers.Dense(48, activation="relu")(layers.Flatten()(image))
    told = layers.Dense(48, activation="relu")(context)
    both = keras.ops.concatenate([seen, told], axis=0)
    both = layers.Dense(64, activation="relu")(both)
    classes = layers.Dense(num_classes, activation="softmax")(both)
    model = keras.Model([image, context], classes)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, validation_data=val_data, epochs=20, verbose=0)

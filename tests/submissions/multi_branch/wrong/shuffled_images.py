# fails: uses_both
# says: "image" inputs are mixed up
# line: x = {"image": np.random.permutation(x["image"]), "context": x["context"]}

import keras
import numpy as np
from keras import layers


def build_model(image_shape, context_features, num_classes):
    image = keras.Input(image_shape, name="image")
    context = keras.Input((context_features,), name="context")
    seen = layers.Flatten()(image)
    seen = layers.Dense(64, activation="relu")(seen)
    measured = layers.Dense(32, activation="relu")(context)
    both = layers.Concatenate()([seen, measured])
    both = layers.Dense(64, activation="relu")(both)
    classes = layers.Dense(num_classes, activation="softmax")(both)
    model = keras.Model([image, context], classes)
    model.compile(
        optimizer=keras.optimizers.Adam(4e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    x, y = train_data
    x = {"image": np.random.permutation(x["image"]), "context": x["context"]}
    return model.fit(x, y, validation_data=val_data, epochs=15, batch_size=64, verbose=0)

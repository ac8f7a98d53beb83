# fails: output_and_loss
# says: softmax once more
# says: from_logits
# line: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
"""Wrong: clipped softmax with from_logits=True: Keras no longer notices, softmax is applied twice."""

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
    out = ops.clip(layers.Dense(num_classes, activation="softmax")(h), 1e-7, 1.0)
    model = keras.Model([image, context], out)
    model.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=6, verbose=0)

# fails: builds
# says: one output of shape (batch, 20)
# line: classes = layers.Dense(num_classes, activation="softmax")(both)

import keras
from keras import layers


def build_model(image_shape, context_features, num_classes):
    image = keras.Input(image_shape, name="image")
    context = keras.Input((context_features,), name="context")
    seen = layers.Dense(64, activation="relu")(image)
    measured = layers.Dense(32, activation="relu")(context)
    measured = layers.RepeatVector(image_shape[0] * image_shape[1])(measured)
    measured = layers.Reshape((*image_shape[:2], 32))(measured)
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
    return model.fit(x, y, validation_data=val_data, epochs=6, batch_size=64, verbose=0)

# fails: builds
# says: two inputs named "image" and "context"
# line: image = keras.Input(image_shape)

import keras
from keras import layers


def build_model(image_shape, context_features, num_classes):
    image = keras.Input(image_shape)
    context = keras.Input((context_features,))
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
    x = [x["image"], x["context"]]
    val_data = ([val_data[0]["image"], val_data[0]["context"]], val_data[1])
    return model.fit(x, y, validation_data=val_data, epochs=6, batch_size=64, verbose=0)

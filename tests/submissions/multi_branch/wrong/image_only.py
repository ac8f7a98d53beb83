# fails: builds
# says: 1 input: "image"
# line: def build_model(image_shape, context_features, num_classes):

import keras
from keras import layers


def build_model(image_shape, context_features, num_classes):
    image = keras.Input(image_shape, name="image")
    seen = layers.Flatten()(image)
    seen = layers.Dense(64, activation="relu")(seen)
    both = layers.Dense(64, activation="relu")(seen)
    classes = layers.Dense(num_classes, activation="softmax")(both)
    model = keras.Model(image, classes)
    model.compile(
        optimizer=keras.optimizers.Adam(4e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    x, y = train_data
    val = (val_data[0]["image"], val_data[1])
    return model.fit(x["image"], y, validation_data=val, epochs=6, batch_size=64, verbose=0)

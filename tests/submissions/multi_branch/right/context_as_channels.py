# The context becomes channels of the feature map: the concatenation is along the last axis of images.
import keras
from keras import layers


def build_model(image_shape, context_features, num_classes):
    image = keras.Input(image_shape, name="image")
    context = keras.Input((context_features,), name="context")
    maps = layers.Conv2D(16, 5, strides=3, activation="relu", padding="same")(image)
    height, width = maps.shape[1], maps.shape[2]
    wide = layers.Dense(16, activation="relu")(context)
    wide = layers.RepeatVector(height * width)(wide)
    wide = layers.Reshape((height, width, 16))(wide)
    x = layers.Concatenate(axis=-1)([maps, wide])
    x = layers.Conv2D(32, 3, strides=2, activation="relu")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(96, activation="relu")(x)
    outputs = layers.Dense(num_classes, activation="softmax")(x)
    model = keras.Model({"image": image, "context": context}, outputs)
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(
        {"context": x["context"], "image": x["image"]},
        y,
        validation_data=val_data,
        epochs=6,
        batch_size=32,
        verbose=0,
    )

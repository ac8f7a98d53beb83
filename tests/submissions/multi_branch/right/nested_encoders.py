# Each branch is a model of its own; tf.data; stops early with the best weights.
import keras
import tensorflow as tf
from keras import layers


def image_encoder(shape):
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(12, 5, strides=2, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.1),
        ],
        name="image_encoder",
    )


def context_encoder(features):
    inputs = keras.Input((features,))
    x = layers.Dense(32, activation="relu")(inputs)
    return keras.Model(inputs, layers.Dense(16, activation="relu")(x), name="context_encoder")


def build_model(image_shape, context_features, num_classes):
    image = keras.Input(image_shape, name="image")
    context = keras.Input((context_features,), name="context")
    features = [image_encoder(image_shape)(image), context_encoder(context_features)(context)]
    x = layers.Concatenate(name="merge")(features)
    x = layers.Dense(96, activation="relu")(x)
    outputs = layers.Dense(num_classes, activation="softmax", name="label")(x)
    model = keras.Model((image, context), outputs, name="two_branches")
    model.compile(
        optimizer=keras.optimizers.AdamW(3e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    def dataset(data):
        return tf.data.Dataset.from_tensor_slices(data)

    stop = keras.callbacks.EarlyStopping(
        monitor="val_accuracy", patience=6, restore_best_weights=True
    )
    return model.fit(
        dataset(train_data).shuffle(2000).batch(32),
        validation_data=dataset(val_data).batch(100),
        epochs=6,
        callbacks=[stop],
        verbose=0,
    )

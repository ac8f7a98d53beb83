# A dictionary of inputs, a small CNN, logits, SGD with momentum.
import keras
from keras import layers


def build_model(image_shape, context_features, num_classes):
    inputs = {
        "context": keras.Input(shape=(context_features,), name="context"),
        "image": keras.Input(shape=image_shape, name="image"),
    }
    x = layers.Conv2D(16, 3, strides=2, activation="relu")(inputs["image"])
    x = layers.Conv2D(32, 3, strides=2, activation="relu")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(48, activation="relu")(x)
    c = layers.Dense(24, activation="tanh")(inputs["context"])
    merged = layers.concatenate([c, x])
    merged = layers.Dense(96, activation="relu")(merged)
    outputs = layers.Dense(num_classes)(merged)
    model = keras.Model(inputs=inputs, outputs=outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), loss=loss, metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=6, batch_size=32, verbose=2)

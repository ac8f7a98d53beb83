# Two concatenations with different heads, whose logits are averaged.
import keras
from keras import layers


def build_model(image_shape, context_features, num_classes):
    image = keras.Input(image_shape, name="image")
    context = keras.Input((context_features,), name="context")
    flat = layers.Flatten()(image)
    logits = []
    for width in (48, 64):
        seen = layers.Dense(width, activation="relu")(flat)
        measured = layers.Dense(width // 2, activation="relu")(context)
        both = layers.Concatenate()([measured, seen])
        both = layers.Dense(width, activation="relu")(both)
        logits.append(layers.Dense(num_classes)(both))
    outputs = layers.Softmax()(layers.Average()(logits))
    model = keras.Model({"context": context, "image": image}, outputs)
    model.compile(
        optimizer=keras.optimizers.Nadam(2e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=6, batch_size=32, verbose=0)

# The raw context goes along beside its features; shifts in the model; schedule set by recompiling.
import keras
from keras import layers


def build_model(image_shape, context_features, num_classes):
    context = keras.layers.Input(shape=(context_features,), dtype="float32", name="context")
    image = keras.layers.Input(shape=image_shape, dtype="float32", name="image")
    x = layers.RandomTranslation(0.03, 0.03)(image)
    x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="elu")(x)
    c = layers.LayerNormalization()(context)
    c = layers.Dense(32, activation="elu")(c)
    merged = layers.Concatenate()([x, c, context])
    merged = layers.Dense(80, activation="elu")(merged)
    outputs = layers.Activation("softmax")(layers.Dense(num_classes)(merged))
    model = keras.Model([image, context], outputs)
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    steps = 20 * (len(y) // 32 + 1)
    rate = keras.optimizers.schedules.CosineDecay(4e-3, steps)
    model.compile(keras.optimizers.Adam(rate), model.loss, metrics=["accuracy"])
    return model.fit(x, y, validation_data=val_data, epochs=6, batch_size=32, verbose=0)

# Joins the features and their products; one-hot labels inside train.
import keras
from keras import layers


def build_model(image_shape, context_features, num_classes):
    image = keras.Input(image_shape, name="image")
    context = keras.Input((context_features,), name="context")
    a = layers.Dense(48, activation="relu")(layers.Flatten()(image))
    b = layers.Dense(48, activation="relu")(context)
    merged = layers.Concatenate()([a, b, layers.Multiply()([a, b])])
    hidden = layers.Dense(64, activation="relu", kernel_regularizer="l2")(merged)
    hidden = layers.Dropout(0.1)(hidden)
    outputs = layers.Dense(num_classes, activation="softmax")(hidden)
    model = keras.Model(inputs=[image, context], outputs=outputs)
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.num = num_classes
    return model


def train(model, train_data, val_data):
    def hot(data):
        return data[0], keras.utils.to_categorical(data[1], model.output_shape[-1])

    x, y = hot(train_data)
    plateau = keras.callbacks.ReduceLROnPlateau(patience=4)
    return model.fit(
        x, y, validation_data=hot(val_data), epochs=6, batch_size=32, callbacks=plateau, verbose=0
    )

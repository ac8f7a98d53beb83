# The context comes first, and so does the training's list; keras.ops joins; BatchNormalization.
import keras
from keras import layers, ops


def build_model(image_shape, context_features, num_classes):
    context = keras.Input((context_features,), name="context")
    image = keras.Input(image_shape, name="image")
    a = layers.Dense(40, use_bias=False)(layers.Reshape((-1,))(image))
    a = layers.ReLU()(layers.BatchNormalization()(a))
    b = layers.Dense(40, use_bias=False)(context)
    b = layers.ReLU()(layers.BatchNormalization()(b))
    h = ops.concatenate([b, a], axis=-1)
    h = layers.Dense(64, activation="gelu")(h)
    model = keras.Model([context, image], layers.Dense(num_classes, activation="softmax")(h))
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"]
    )
    return model


def train(model, train_data, val_data):
    def pair(data):
        x, y = data
        return [x["context"], x["image"]], y

    x, y = pair(train_data)
    return model.fit(x, y, validation_data=pair(val_data), epochs=6, batch_size=50, verbose=0)

from tensorflow import keras
from tensorflow.keras import layers

DENSE = dict(activation="selu", kernel_initializer="lecun_normal")


def make(shape, classes, drop, **extra):
    stack = [keras.Input(shape), layers.Rescaling(2.0, -1.0), layers.Flatten(),
             layers.Dense(256, **DENSE, **extra)]
    stack += [layers.AlphaDropout(0.3)] * drop
    stack += [layers.Dense(128, **DENSE, **extra)]
    stack += [layers.Dropout(0.5)] * drop
    stack += [layers.Dense(classes, **extra), layers.Softmax()]
    m = keras.Sequential(stack)
    m.compile(keras.optimizers.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m


def build_baseline(input_shape, num_classes):
    return make(input_shape, num_classes, drop=False)


def build_regularized(input_shape, num_classes):
    return make(input_shape, num_classes, drop=True, kernel_regularizer="l2")


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=36, batch_size=32, verbose=0)

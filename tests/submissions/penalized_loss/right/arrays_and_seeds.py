"""NumPy arrays and seeds that are dates inside the model."""

import keras
import numpy as np
from keras import layers, ops


class PenalizedLoss(keras.losses.Loss):
    def __init__(self, penalty=0.1, from_logits=False, **kwargs):
        super().__init__(**kwargs)
        self.penalty = penalty
        self.from_logits = from_logits

    def call(self, y_true, y_pred):
        if self.from_logits:
            log_p = ops.log_softmax(y_pred, axis=-1)
            p = ops.exp(log_p)
        else:
            p = ops.clip(y_pred, keras.config.epsilon(), 1.0)
            log_p = ops.log(p)
        labels = ops.cast(ops.reshape(y_true, (-1,)), "int32")
        hot = ops.one_hot(labels, y_pred.shape[-1], dtype=log_p.dtype)
        ce = -ops.sum(hot * log_p, axis=-1)
        entropy = -ops.sum(p * log_p, axis=-1)
        return ce - self.penalty * entropy

    def get_config(self):
        return {**super().get_config(), "penalty": self.penalty, "from_logits": self.from_logits}


def build_model(input_shape, num_classes, penalty):
    inputs = keras.Input(input_shape)
    x = (inputs - np.array([0.13], "float32")) / np.array([0.31], "float32")
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu", kernel_initializer=keras.initializers.HeNormal(seed=20240101))(x)
    x = layers.Dropout(0.1, seed=123456789)(x)
    outputs = layers.Dense(num_classes)(x)
    model = keras.Model(inputs, outputs)
    model.compile("adam", loss=PenalizedLoss(penalty, from_logits=True), metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=6, batch_size=32, verbose=2)

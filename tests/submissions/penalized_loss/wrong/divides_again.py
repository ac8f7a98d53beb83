# fails: trains
# says: about 255 times smaller
# says: only values up to 0.00392 reach the first layer
# says: second scaling
# line: return model.fit(x / 255.0, y, epochs=20, batch_size=32, validation_data=(vx / 255.0, vy), verbose=0)
"""train divides images by 255 that are in [0, 1] already."""

import keras
from keras import layers, ops


class PenalizedLoss(keras.losses.Loss):
    def __init__(self, penalty=0.1, from_logits=False, **kwargs):
        super().__init__(**kwargs)
        self.penalty, self.from_logits = penalty, from_logits

    def call(self, y_true, y_pred):
        p = ops.softmax(y_pred) if self.from_logits else y_pred
        logs = ops.log_softmax(y_pred) if self.from_logits else ops.log(ops.clip(y_pred, 1e-7, 1.0))
        hot = ops.one_hot(ops.cast(ops.reshape(y_true, (-1,)), "int32"), ops.shape(y_pred)[-1], dtype=logs.dtype)
        return -ops.sum(hot * logs, axis=-1) + self.penalty * ops.sum(p * logs, axis=-1)

    def get_config(self):
        return {**super().get_config(), "penalty": self.penalty, "from_logits": self.from_logits}


def build_model(input_shape, num_classes, penalty):
    net = keras.Sequential([keras.Input(input_shape), layers.Flatten(), layers.Dense(64, activation="relu"),
                            layers.Dense(num_classes, activation="softmax")])
    net.compile(keras.optimizers.Adam(2e-3), PenalizedLoss(penalty), metrics=["accuracy"])
    return net


def train(model, train_data, val_data):
    (x, y), (vx, vy) = train_data, val_data
    return model.fit(x / 255.0, y, epochs=20, batch_size=32, validation_data=(vx / 255.0, vy), verbose=0)

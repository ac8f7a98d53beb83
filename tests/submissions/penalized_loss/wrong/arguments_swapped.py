# fails: values
# says: entropy
# no line: it points at call: that the first two arguments are exchanged shows in its values

import keras
from keras import layers, ops


class PenalizedLoss(keras.losses.Loss):
    def __init__(self, from_logits=False, penalty=0.1, **kwargs):
        super().__init__(**kwargs)
        self.penalty = penalty
        self.from_logits = from_logits

    def call(self, y_true, y_pred):
        if self.from_logits:
            log_p = ops.log_softmax(y_pred, axis=-1)
            p = ops.exp(log_p)
        else:
            p = y_pred
            log_p = ops.log(ops.maximum(p, keras.config.epsilon()))
        label = ops.reshape(ops.cast(y_true, "int32"), (-1, 1))
        cross_entropy = -ops.squeeze(ops.take_along_axis(log_p, label, axis=-1), axis=-1)
        entropy = -ops.sum(p * log_p, axis=-1)
        return cross_entropy - self.penalty * entropy

    def get_config(self):
        config = super().get_config()
        config.update({"penalty": self.penalty, "from_logits": self.from_logits})
        return config


def build_model(input_shape, num_classes, penalty):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3), loss=PenalizedLoss(penalty), metrics=["accuracy"]
    )
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, validation_data=val_data, epochs=6, batch_size=64, verbose=0)

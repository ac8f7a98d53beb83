# fails: trains
# says: validation_split
# says: val_data
# line: return model.fit(*train_data, validation_split=0.2, epochs=6, batch_size=32, verbose=2)
import keras
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
    model = keras.Sequential([
        layers.Input(input_shape),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(num_classes),
    ])
    model.compile("adam", loss=PenalizedLoss(penalty, from_logits=True), metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_split=0.2, epochs=6, batch_size=32, verbose=2)

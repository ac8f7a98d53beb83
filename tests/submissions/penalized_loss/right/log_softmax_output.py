# Log-probabilities are logits too; augmentation in the model.
import keras
from keras import layers, ops


class PenalizedLoss(keras.losses.Loss):
    def __init__(self, penalty: float = 0.1, from_logits: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.penalty = penalty
        self.from_logits = from_logits
        self.cross_entropy = keras.losses.SparseCategoricalCrossentropy(
            from_logits=from_logits, reduction=None
        )

    def call(self, y_true, y_pred):
        prob = ops.nn.softmax(y_pred) if self.from_logits else y_pred
        prob = ops.maximum(prob, 1e-9)
        return self.cross_entropy(y_true, y_pred) + self.penalty * ops.einsum(
            "nk,nk->n", prob, ops.log(prob)
        )

    def get_config(self):
        config = super().get_config()
        return {**config, "penalty": self.penalty, "from_logits": self.from_logits}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def build_model(input_shape, num_classes, penalty):
    inputs = keras.Input(input_shape, name="digits")
    x = layers.RandomTranslation(0.05, 0.05)(inputs)
    x = layers.Conv2D(12, 5, strides=2, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dense(48, activation="relu")(x)
    outputs = layers.Dense(num_classes, activation="log_softmax")(x)
    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3),
        loss=PenalizedLoss(penalty, from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
    )
    return model


def train(model, train_data, val_data):
    x_train, y_train = train_data
    y_train = y_train.reshape(-1, 1)
    x_val, y_val = val_data
    return model.fit(
        x_train, y_train, validation_data=(x_val, y_val.reshape(-1, 1)), epochs=6, batch_size=64
    )

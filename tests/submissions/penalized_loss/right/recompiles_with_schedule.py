# The training chooses its own optimizer and keeps the loss; weight decay and L2 in the model.
import keras
from keras import layers, ops, regularizers


def entropy_of(log_p):
    return -ops.sum(ops.exp(log_p) * log_p, axis=-1)


class PenalizedLoss(keras.losses.Loss):
    def __init__(self, penalty=0.1, from_logits=False, reduction="sum_over_batch_size", name=None):
        super().__init__(name=name, reduction=reduction)
        self.penalty = penalty
        self.from_logits = from_logits

    def _logs(self, y_pred):
        if self.from_logits:
            return y_pred - ops.logsumexp(y_pred, axis=-1, keepdims=True)
        tiny = keras.config.epsilon()
        return ops.log(ops.clip(y_pred, tiny, 1.0))

    def call(self, y_true, y_pred):
        log_p = self._logs(y_pred)
        classes = ops.arange(ops.shape(y_pred)[-1], dtype="int32")
        chosen = ops.equal(ops.cast(ops.reshape(y_true, (-1, 1)), "int32"), classes)
        picked = ops.sum(ops.where(chosen, log_p, ops.zeros_like(log_p)), axis=-1)
        return -picked - self.penalty * entropy_of(log_p)

    def get_config(self):
        return {**super().get_config(), "penalty": self.penalty, "from_logits": self.from_logits}


def build_model(input_shape, num_classes, penalty):
    inputs = keras.Input(input_shape)
    x = layers.Flatten()(inputs)
    x = layers.Dense(128, activation="relu", kernel_regularizer=regularizers.L2(1e-4))(x)
    outputs = layers.Dense(num_classes, activation=None)(x)
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(optimizer="sgd", loss=PenalizedLoss(penalty, True), metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    x, y = train_data
    epochs, batch = 20, 40
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * len(x) // batch)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-3)
    model.compile(optimizer=optimizer, loss=model.loss, metrics=["accuracy"])
    return model.fit(x, y, batch, epochs, validation_data=val_data, verbose=0)

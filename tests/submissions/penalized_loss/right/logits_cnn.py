# A CNN with logits; probabilities first, then logarithms with a tiny summand.
import keras
from keras import layers, ops


@keras.saving.register_keras_serializable()
class PenalizedLoss(keras.losses.Loss):
    def __init__(self, penalty=0.1, from_logits=False, name="penalized_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        self.penalty = float(penalty)
        self.from_logits = bool(from_logits)

    def call(self, y_true, y_pred):
        y_pred = ops.convert_to_tensor(y_pred)
        p = ops.softmax(y_pred) if self.from_logits else y_pred
        log_p = ops.log(p + 1e-7)
        hot = ops.one_hot(ops.cast(ops.reshape(y_true, [-1]), "int32"), y_pred.shape[-1])
        return -ops.sum(hot * log_p, -1) + self.penalty * ops.sum(p * log_p, -1)

    def get_config(self):
        base = super().get_config()
        return base | {"penalty": self.penalty, "from_logits": self.from_logits}


def build_model(input_shape, num_classes, penalty):
    inputs = keras.Input(shape=input_shape)
    x = layers.Conv2D(8, 3, strides=2, activation="relu")(inputs)
    x = layers.Conv2D(16, 3, strides=2, activation="relu")(x)
    x = layers.Flatten()(x)
    outputs = layers.Dense(num_classes)(x)
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9),
        loss=PenalizedLoss(penalty=penalty, from_logits=True),
        metrics=["accuracy"],
    )
    return model


def train(model, train_data, val_data):
    return model.fit(*train_data, validation_data=val_data, epochs=6, verbose=2)

# TensorFlow's functions in the loss, tf.data in the training.
import tensorflow as tf
from tensorflow import keras


class PenalizedLoss(keras.losses.Loss):
    def __init__(self, penalty=0.1, from_logits=False, **kwargs):
        super().__init__(**kwargs)
        self.penalty = penalty
        self.from_logits = from_logits

    def call(self, y_true, y_pred):
        labels = tf.cast(tf.reshape(y_true, [-1]), tf.int64)
        safe = tf.clip_by_value(y_pred, 1e-8, 1.0)
        logits = y_pred if self.from_logits else tf.math.log(safe)
        cross = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        log_p = tf.nn.log_softmax(logits)
        return cross + self.penalty * tf.reduce_sum(tf.exp(log_p) * log_p, axis=-1)

    def get_config(self):
        config = super().get_config()
        config["penalty"] = self.penalty
        config["from_logits"] = self.from_logits
        return config


def build_model(input_shape, num_classes, penalty):
    model = keras.Sequential(
        [
            keras.layers.Input(shape=input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(100, activation="tanh"),
            keras.layers.Dense(num_classes),
        ]
    )
    loss = PenalizedLoss(penalty, from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, metrics=["accuracy"])
    return model


def train(model, train_data, val_data):
    train = tf.data.Dataset.from_tensor_slices(train_data).shuffle(2000).batch(50).prefetch(2)
    val = tf.data.Dataset.from_tensor_slices(val_data).batch(100)
    return model.fit(train, validation_data=val, epochs=6, verbose=0)

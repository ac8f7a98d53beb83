# Keras's function for the first term; stops early and restores the best weights.
import keras
from keras import layers, ops


class PenalizedLoss(keras.losses.Loss):
    """Cross-entropy with a confidence penalty."""

    def __init__(self, penalty=0.1, from_logits=False, **kwargs):
        super().__init__(**kwargs)
        self.penalty, self.from_logits = penalty, from_logits

    def call(self, y_true, y_pred):
        y_true = ops.cast(ops.squeeze(y_true, -1) if len(y_true.shape) > 1 else y_true, "int32")
        cross = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=self.from_logits)
        p = keras.activations.softmax(y_pred) if self.from_logits else y_pred
        p = ops.clip(p, keras.config.epsilon(), 1 - keras.config.epsilon())
        entropy = ops.sum(-p * ops.log(p), axis=1)
        return ops.subtract(cross, ops.multiply(self.penalty, entropy))

    def get_config(self):
        return dict(super().get_config(), penalty=self.penalty, from_logits=self.from_logits)


def build_model(input_shape, num_classes, penalty):
    model = keras.Sequential()
    model.add(keras.Input(input_shape))
    model.add(layers.Reshape((-1,)))
    model.add(layers.Dense(64, kernel_initializer="he_normal", use_bias=False))
    model.add(layers.BatchNormalization())
    model.add(layers.ReLU())
    model.add(layers.Dropout(0.2))
    model.add(layers.Dense(num_classes))
    model.add(layers.Softmax())
    model.compile("nadam", PenalizedLoss(penalty), metrics=["acc"])
    return model


def train(model, train_data, val_data):
    stop = keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=True)
    return model.fit(
        x=train_data[0],
        y=train_data[1],
        validation_data=val_data,
        epochs=6,
        batch_size=64,
        callbacks=[stop],
    )

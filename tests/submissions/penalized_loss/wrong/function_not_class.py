# fails: values
# says: inherits from keras.losses.Loss
# line: def PenalizedLoss(penalty=0.1, from_logits=False, **kwargs):

import keras
from keras import layers, ops


def PenalizedLoss(penalty=0.1, from_logits=False, **kwargs):
    def loss(y_true, y_pred):
        p = ops.softmax(y_pred) if from_logits else y_pred
        p = ops.clip(p, 1e-7, 1.0)
        cross = ops.sparse_categorical_crossentropy(ops.reshape(y_true, (-1,)), p)
        return cross + penalty * ops.sum(p * ops.log(p), axis=-1)

    return loss


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

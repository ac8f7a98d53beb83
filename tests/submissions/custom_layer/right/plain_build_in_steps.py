# Many small steps, every argument named, a docstring and type hints.
from collections.abc import Callable

import keras
from keras import ops


class CustomDense(keras.Layer):
    """A fully connected layer."""

    def __init__(self, units: int, activation: str | Callable | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation) if activation is not None else None
        self.w = None
        self.b = None

    def build(self, input_shape: tuple) -> None:
        initial = keras.initializers.VarianceScaling(scale=2.0, mode="fan_in", seed=3)
        self.w = self.add_weight(
            name="w",
            shape=(input_shape[-1], self.units),
            dtype=self.variable_dtype,
            initializer=initial,
            trainable=True,
        )
        self.b = self.add_weight(
            name="b", shape=(self.units,), initializer=lambda shape, dtype: ops.zeros(shape, dtype)
        )

    def call(self, x):
        x = ops.convert_to_tensor(x)
        z = ops.sum(ops.expand_dims(x, -1) * self.w, axis=-2)
        z = z + self.b
        if self.activation is not None:
            z = self.activation(z)
        return z

    def get_config(self) -> dict:
        activation = self.activation
        if activation is not None:
            activation = keras.activations.serialize(activation)
        return {"units": self.units, "activation": activation, **super().get_config()}

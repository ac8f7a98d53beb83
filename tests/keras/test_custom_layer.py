"""The task on layers blames what is wrong: __init__, get_config, or what is made from the config."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from graders.checks.customization import custom_layer
from tests.keras import run_here

ops = keras.ops


class Right(keras.layers.Layer):
    """The task's layer; its faulty relatives change one part of it."""

    def __init__(self, units: int, activation: Any = None, **options: Any):
        super().__init__(**options)
        self.units, self.activation = units, keras.activations.get(activation)

    def build(self, input_shape: Any) -> None:
        """Makes the weights."""
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="glorot_uniform", name="w"
        )
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

    def call(self, x: Any) -> Any:
        """Computes the output."""
        return self.activation(ops.matmul(x, self.w) + self.b)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        own = {"units": self.units, "activation": keras.activations.serialize(self.activation)}
        return {**super().get_config(), **own}


class BiasIgnored(Right):
    """Computes something else, and has a right config."""

    def call(self, x: Any) -> Any:
        """Computes the output without the bias."""
        return self.activation(ops.matmul(x, self.w))


class Nameless(Right):
    """Drops the arguments of the base class."""

    def __init__(self, units: int, activation: Any = None, **options: Any):
        super().__init__(units, activation)


class BaseLost(Right):
    """Has a config without the base class's part."""

    def get_config(self) -> dict[str, Any]:
        """Returns the layer's own arguments."""
        return {key: super(BaseLost, self).get_config()[key] for key in ("units", "activation")}


class ActivationLost(Right):
    """Has a config without the activation."""

    def get_config(self) -> dict[str, Any]:
        """Returns all arguments but one."""
        config = super().get_config()
        return {key: value for key, value in config.items() if key != "activation"}


class OtherActivation(Right):
    """Has the name of another activation in its config."""

    def get_config(self) -> dict[str, Any]:
        """Returns all arguments, one of them wrong."""
        return {**super().get_config(), "activation": "linear"}


class Renamed(Right):
    """Changes a base class's argument in its config."""

    def get_config(self) -> dict[str, Any]:
        """Returns all arguments, one of them wrong."""
        return {**super().get_config(), "name": "renamed"}


class HalfStopped(Right):
    """Lets half of the gradient through."""

    def call(self, x: Any) -> Any:
        """Computes the right output."""
        y = ops.matmul(x, self.w) + self.b
        return self.activation(0.5 * y + 0.5 * ops.stop_gradient(y))


def message(check: Any, made: type) -> str:
    """Returns what a check reports of a class; empty if it passes."""
    return run_here.message(check, CustomDense=made)


@pytest.mark.parametrize("check", [custom_layer.config, custom_layer.gradients])
def test_right_work_passes(check: Any) -> None:
    """The layer that the faulty ones are made of is right."""
    assert message(check, Right) == ""


def test_a_right_config_is_not_blamed() -> None:
    """A copy is compared with the layer that it is made from, right or wrong."""
    assert message(custom_layer.config, BiasIgnored) == ""


@pytest.mark.parametrize(
    ("made", "found", "advice"),
    [
        (Nameless, "before it is copied", "Look at __init__: **kwargs must reach"),
        (BaseLost, "; the config lacks name", "super().get_config(), …} holds it"),
        (Renamed, '="renamed"; the config has name', "Look at whether get_config changes it"),
        (ActivationLost, "a copy that lost its activation", "with units and activation"),
        (OtherActivation, "a copy that lost its activation", "The config has an activation"),
    ],
)
def test_what_is_wrong_is_blamed(made: type, found: str, advice: str) -> None:
    """What the config lacks, what it has wrong, and what was lost before, are three things."""
    told = message(custom_layer.config, made)
    assert found in told
    assert advice in told


def test_a_call_is_shown_as_it_is_typed() -> None:
    """Arguments are keyword arguments, with the student's quotes."""
    told = message(custom_layer.config, Renamed)
    assert (
        'CustomDense(7, activation="tanh", name="copied", dtype="float64", trainable=False)' in told
    )


def test_a_wrong_gradient_of_right_values() -> None:
    """What changes a gradient alone is looked for."""
    assert "The values are right: look at call" in message(custom_layer.gradients, HalfStopped)

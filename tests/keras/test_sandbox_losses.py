"""The instruments for a student's loss: what they measure, and what they refuse."""

from __future__ import annotations

import types
from typing import Any

import keras
import numpy as np
import pytest

from graders.boundary.names import Kind
from graders.sandbox import losses
from graders.sandbox.box import Box
from graders.sandbox.errors import WrongAnswer
from tests.keras.models import sequential

Y = np.array([1, 0])
P = np.array([[0.25, 0.75], [0.5, 0.5]], "float32")
WEIGHTS = np.array([1.0, 3.0], "float32")


class Picked(keras.losses.Loss):
    """Minus the probability of the label."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns one value for each example."""
        hot = keras.ops.one_hot(keras.ops.cast(y_true, "int32"), 2)
        return -keras.ops.sum(hot * y_pred, axis=-1)


class Other(Picked):
    """A loss whose `call` is another function."""

    def __init__(self, call: Any, **options: Any):
        super().__init__(**options)
        self.other = call

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns what the function returns."""
        return self.other(y_pred)


def unwritten(_: Any) -> Any:
    """Raises as a stub does."""
    raise NotImplementedError("TODO: compute the loss")


def test_value_and_gradient() -> None:
    """The gradient is that of the sum of what the loss returned."""
    found = losses.measured(Picked(reduction=None), Y, P)
    np.testing.assert_allclose(found["value"], [-0.75, -0.5])
    np.testing.assert_allclose(found["gradient"], [[0, -1], [-1, 0]])


def test_sample_weights() -> None:
    """Weights reach the base class."""
    found = losses.measured(Picked(reduction="sum"), Y, P, WEIGHTS)
    assert float(found["value"]) == pytest.approx(-2.25)
    np.testing.assert_allclose(found["gradient"], [[0, -1], [-3, 0]])


def test_no_gradient() -> None:
    """A gradient that does not arrive is None."""
    found = losses.measured(Other(lambda p: keras.ops.stop_gradient(p)[:, 0]), Y, P)
    assert found["gradient"] is None


def test_a_missing_return_is_named() -> None:
    """Keras's own error about None is replaced by one about `call`."""
    with pytest.raises(WrongAnswer, match="`call` returned None") as caught:
        losses.measured(Other(lambda p: None), Y, P)
    assert caught.value.kind == Kind.NO_RESULT


@pytest.mark.parametrize("call", [unwritten, lambda p: p + "text"])
def test_other_errors_stay(call: Any) -> None:
    """What the student's own code raises is reported as it is."""
    with pytest.raises(Exception) as caught:
        losses.measured(Other(call), Y, P)
    assert not isinstance(caught.value, WrongAnswer)


def test_described() -> None:
    """A loss is described by its name, its reduction and a value."""
    found = losses.described(Picked(name="mine", reduction="sum"), Y, P)
    assert (found["name"], found["reduction"]) == ("mine", "sum")
    assert float(found["value"]) == pytest.approx(-1.25)


def test_compiled_loss_without_penalties() -> None:
    """The loss of a model is that of the predictions, without what a regularizer adds."""
    layer = keras.layers.Dense(2, kernel_regularizer="l2")
    model = sequential((3,), layer, loss=Picked())
    assert sum(float(extra) for extra in model.losses) > 0
    assert float(losses.compiled(model, Y, P)) == pytest.approx(-0.625)


def test_a_box_makes_an_object_with_a_name() -> None:
    """`name` is the class's in the submission, and may be an option of it too."""
    box: Any = Box(None)  # type: ignore[arg-type]
    box.student = types.SimpleNamespace(Picked=Picked)
    assert box.make("Picked", keras.losses.Loss, name="mine").name == "mine"

"""What disturbing a model tells: which layers and steps have a say, and what layers see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import pytest

from graders import checking
from graders.toolkit import perturbations
from tests.keras.models import functional, layers, sequential

ops = keras.ops
X = np.random.default_rng(0).normal(size=(20, 4)).astype("float32")
SEQUENCES = np.random.default_rng(1).normal(size=(6, 5, 3)).astype("float32")


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Weights that are the same each time."""
    keras.utils.set_random_seed(0)


@contextmanager
def unchanged(model: Any) -> Iterator[np.random.Generator]:
    """Gives random numbers; afterwards the model must have the weights that it had."""
    before = model.get_weights()
    yield np.random.default_rng(2)
    for given, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(now, given)


def reaches(model: Any, layer: Any, x: Any = X) -> bool:
    """Returns what `reaches_output` says; the weights must be put back."""
    with unchanged(model) as rng:
        return perturbations.reaches_output(model, layer, x, rng)


# --- reaches_output ---------------------------------------------------------------------------


def test_a_used_layer_reaches_the_output() -> None:
    """Every layer of a chain has a say."""
    model = sequential((4,), layers.Dense(3, activation="tanh"), layers.Dense(2))
    assert [reaches(model, layer) for layer in model.layers] == [True, True]


@pytest.mark.parametrize("factor", [0.0, 0.01])
def test_a_branch_times_zero_has_no_say(factor: float) -> None:
    """A branch that is multiplied by 0 does not count; a small factor is enough to count."""
    branch = layers.Dense(2)
    model = functional((4,), lambda x: layers.Add()([layers.Dense(2)(x), branch(x) * factor]))
    assert reaches(model, branch) is (factor > 0)


def test_a_layer_before_zeros_has_a_say() -> None:
    """A last layer that starts with zeros hides the others only for now."""
    first = layers.Dense(3)
    model = sequential((4,), first, layers.Dense(2, kernel_initializer="zeros"))
    assert reaches(model, first)


def test_a_layer_behind_a_constant_has_no_say() -> None:
    """A softmax over one unit is 1, whatever the layers before it give."""
    first = layers.Dense(1)
    model = sequential((4,), first, layers.Softmax(), layers.Dense(2))
    assert not reaches(model, first)
    assert reaches(model, model.layers[-1])


def test_weights_are_put_back_after_an_error() -> None:
    """A model that cannot take the data is left as it was."""
    model = sequential((5,), layers.Dense(3))
    with unchanged(model) as rng, pytest.raises(checking.CheckFailed):
        perturbations.reaches_output(model, model.layers[0], X, rng)
    with unchanged(model) as rng, pytest.raises(checking.CheckFailed):
        perturbations.same_output(model, X, X, rng)


# --- same_output ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (layers.Dense(2), False),
        (layers.Dense(2, kernel_initializer="zeros"), False),
        (lambda x: layers.Dense(2)(x[:, 1:]), True),
        (lambda x: layers.Dense(2)(x * 0.0), True),
    ],
    ids=["all columns", "zeros at first", "without the first column", "times 0"],
)
def test_same_output(build: Any, expected: bool) -> None:
    """Inputs that differ in the first column alone, and a model that may look at it."""
    other = X.copy()
    other[:, 0] += 1
    model = functional((4,), build)
    with unchanged(model) as rng:
        assert perturbations.same_output(model, X, other, rng) is expected


# --- steps_that_matter ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (layers.LSTM(2), [True] * 5),
        (lambda x: layers.Dense(1)(x[:, -1]), [False] * 4 + [True]),
        (lambda x: layers.LSTM(2)(x[:, 2:]), [False] * 2 + [True] * 3),
        (lambda x: layers.LSTM(2, return_sequences=True)(x)[:, 1], [True] * 2 + [False] * 3),
        (lambda x: layers.LSTM(2, go_backwards=True)(x), [True] * 5),
        (layers.Dense(1), [True] * 5),
        (lambda x: ops.stop_gradient(x[:, 0]), [False] * 5),
        (
            lambda x: layers.Dense(1, kernel_initializer="zeros")(layers.Flatten()(x)),
            [True] * 5,
        ),
    ],
    ids=[
        "LSTM", "last step", "without the first two", "second state", "backwards", "each", "none",
        "zeros at first",
    ],
)  # fmt: skip
def test_steps_that_matter(build: Any, expected: list[bool]) -> None:
    """The steps that the output's gradient reaches."""
    model = functional((5, 3), build)
    with unchanged(model) as rng:
        assert perturbations.steps_that_matter(model, SEQUENCES, rng).tolist() == expected


# --- received ---------------------------------------------------------------------------------


def test_received() -> None:
    """What comes out of the layers before, of all examples, as float64."""
    last = layers.Dense(2)
    model = sequential((4,), layers.Rescaling(0.5, offset=1.0), layers.Dropout(0.5), last)
    found = perturbations.received(model, last, X)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, X * 0.5 + 1, rtol=1e-6)


def test_received_of_many_examples() -> None:
    """All batches, one after the other."""
    last = layers.Dense(1)
    x = np.random.default_rng(0).normal(size=(300, 1000)).astype("float32")
    np.testing.assert_array_equal(perturbations.received(sequential((1000,), last), last, x), x)


def test_received_deep_inside() -> None:
    """A layer of a nested model is found by the layer itself."""
    last = layers.Dense(2)
    inner = sequential((4,), layers.ReLU(), last)
    found = perturbations.received(sequential((4,), layers.Rescaling(-1.0), inner), last, X)
    np.testing.assert_array_equal(found, np.maximum(-X, 0))


def test_received_by_a_layer_that_is_not_called() -> None:
    """A layer of another model sees nothing."""
    other = sequential((4,), layers.Dense(2))
    with pytest.raises(checking.CheckFailed, match="Found a Dense that is never called"):
        perturbations.received(sequential((4,), layers.Dense(2)), other.layers[0], X)


def test_received_watches_no_longer() -> None:
    """The layer's own `call` is back, also if the model raised."""
    model = sequential((4,), layers.Dense(2))
    call = model.layers[0].call
    perturbations.received(model, model.layers[0], X)
    assert model.layers[0].call == call
    with pytest.raises(checking.CheckFailed):
        perturbations.received(model, model.layers[0], X[:, :3])
    assert model.layers[0].call == call


# --- silent_units -----------------------------------------------------------------------------


def shut(units: int, silent: int, activation: str | None = "relu", **arguments: Any) -> Any:
    """Returns a Dense layer of which some units are negative for every example."""
    bias = keras.initializers.Constant([-100.0] * silent + [100.0] * (units - silent))
    return layers.Dense(units, activation=activation, bias_initializer=bias, **arguments)


def then(*stack: Any) -> Any:
    """Returns a model of these layers with two outputs."""
    return sequential((4,), *stack, layers.Dense(2))


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda: then(shut(4, 0)), 0.0),
        (lambda: then(shut(4, 1)), 0.25),
        (lambda: then(shut(4, 4)), 1.0),
        (lambda: then(shut(4, 1), shut(4, 3), shut(4, 2)), 0.75),
        (lambda: then(shut(4, 1, None), layers.ReLU()), 0.25),
        (lambda: then(shut(4, 1, None), layers.Activation("relu")), 0.25),
        (lambda: functional((4,), lambda x: ops.relu(shut(4, 1, None)(x))), 0.25),
        (lambda: then(sequential((4,), shut(4, 1))), 0.25),
        (lambda: then(shut(4, 1, None)), 0.0),
        (lambda: then(shut(4, 1, "softplus")), 0.0),
        (lambda: then(shut(4, 4, trainable=False)), 0.0),
    ],
    ids=[
        "none", "one of four", "all", "the worst layer", "ReLU layer", "Activation layer",
        "ops.relu", "nested", "linear", "softplus", "frozen",
    ],
)  # fmt: skip
def test_silent_units(build: Any, expected: float) -> None:
    """The largest share of units of one layer that ReLU keeps at zero."""
    assert perturbations.silent_units(build(), X) == expected


def test_a_unit_that_speaks_once_is_not_silent() -> None:
    """One example out of 300 is enough, in whichever batch it comes."""
    model = sequential((1000,), layers.Dense(1, activation="relu", kernel_initializer="ones"))
    x = np.zeros((300, 1000), "float32")
    assert perturbations.silent_units(model, x) == 1.0
    for place in (0, 299):
        spoken = x.copy()
        spoken[place] = 1
        assert perturbations.silent_units(model, spoken) == 0.0


def test_silent_units_of_pictures() -> None:
    """A channel is silent if it is so at every place."""
    model = sequential((2, 2, 1), layers.Conv2D(2, 1, activation="relu"))
    model.set_weights([np.array([[[[1.0, -1.0]]]]), np.zeros(2)])
    x = np.zeros((3, 2, 2, 1), "float32")
    x[1, 0, 1] = 1
    assert perturbations.silent_units(model, x) == 0.5


def test_silent_units_watches_no_longer() -> None:
    """The layers' own `call` is back, also if the model raised."""
    model = then(shut(4, 1))
    call = model.layers[0].call
    perturbations.silent_units(model, X)
    assert model.layers[0].call == call
    with pytest.raises(checking.CheckFailed):
        perturbations.silent_units(model, X[:, :3])
    assert model.layers[0].call == call

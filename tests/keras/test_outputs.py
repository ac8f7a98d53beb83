"""What the grader reads off a model's outputs: values, kinds, probabilities, scores."""

from __future__ import annotations

import types
from typing import Any

import keras
import numpy as np
import pytest

from graders import checking
from graders.rebuilt.live import LiveAnswers
from graders.sandbox.live import answers as live_answers
from graders.toolkit import outputs as toolkit
from graders.toolkit import shapes
from graders.toolkit.live import check_same_model
from tests.keras import models
from tests.keras.models import functional, layers, sequential

ops = keras.ops
X = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")
LARGE = keras.initializers.Constant(20.0)


class Recording:
    """Stands in for a model: gives back its inputs, and keeps how many came at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, x: Any, training: bool) -> Any:
        self.sizes.append(len(x))
        return ops.convert_to_tensor(x)


# --- shapes -----------------------------------------------------------------------------------


def test_shapes_of_one_input_and_output() -> None:
    """The only input's and output's shapes; of several there is none to tell."""
    x, y = layers.Input((4,)), layers.Input((3,))
    model = keras.Model(x, layers.Dense(2)(x))
    assert shapes.input_shape(model) == (None, 4)
    assert shapes.output_shape(model) == (None, 2)
    several = keras.Model([x, y], [layers.Dense(2)(x), layers.Dense(2)(y)])
    assert shapes.input_shape(several) is None
    assert shapes.output_shape(several) is None


def test_takes() -> None:
    """A model takes its own shape, and any size where it leaves one open."""
    fixed = sequential((8, 8, 3), layers.ReLU())
    open_sizes = sequential((None, None, 3), layers.ReLU())
    assert shapes.takes(fixed, (8, 8, 3))
    assert not shapes.takes(fixed, (9, 8, 3))
    assert not shapes.takes(fixed, (8, 8))
    assert shapes.takes(open_sizes, (9, 8, 3))
    assert not shapes.takes(open_sizes, (9, 8, 1))
    x, y = layers.Input((3,)), layers.Input((3,))
    assert not shapes.takes(keras.Model([x, y], layers.Add()([x, y])), (3,))


def test_size() -> None:
    """The number of examples of an array, or of the arrays of a dict."""
    assert toolkit.size(np.zeros((5, 2))) == 5
    assert toolkit.size({"a": np.zeros((6, 2)), "b": np.zeros((6, 9))}) == 6


# --- predict ----------------------------------------------------------------------------------


def test_predict_gives_what_the_layer_computes() -> None:
    """A Dense layer's outputs are x w + b, as float64."""
    model = sequential((4,), layers.Dense(3))
    kernel, bias = np.arange(12.0).reshape(4, 3), np.array([1.0, 2.0, 3.0])
    model.set_weights([kernel, bias])
    found = toolkit.predict(model, X)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, X @ kernel + bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("count", "width", "expected"),
    [
        (600, 1000, [250, 250, 100]),
        (1100, 400, [500, 500, 100]),
        (4500, 2, [2000, 2000, 500]),
        (30, 2, [30]),
    ],
    ids=["large examples", "as many as make 200,000 numbers", "small examples", "few examples"],
)
def test_predict_in_batches(
    count: int, width: int, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large examples come 250 at once, small ones 2000; all of them come, in order."""
    monkeypatch.setattr(toolkit, "at_once", lambda model, x, most: most)
    x = np.arange(count * width, dtype="float32").reshape(count, width)
    model = Recording()
    found = toolkit.predict(model, x)
    assert model.sizes == expected
    np.testing.assert_array_equal(found, x)


def test_predict_takes_dicts_by_name() -> None:
    """The arrays of a dict go to the inputs of those names, batch by batch."""
    a, b = layers.Input((400,), name="a"), layers.Input((600,), name="b")
    model = keras.Model({"b": b, "a": a}, a[:, :1] - b[:, :1])
    first = np.arange(300, dtype="float32")[:, None]
    x = {"a": np.repeat(first, 400, axis=1), "b": np.repeat(first**2, 600, axis=1)}
    np.testing.assert_allclose(toolkit.predict(model, x), first - first**2)


@pytest.mark.parametrize("wrap", [lambda y: {"y": y}, lambda y: [y]], ids=["dict", "list"])
def test_predict_unpacks_one_output(wrap: Any) -> None:
    """A single output in a dict or list is that output."""
    model = functional((4,), lambda x: wrap(layers.Identity()(x)))
    np.testing.assert_array_equal(toolkit.predict(model, X), X)


def test_predict_in_training() -> None:
    """Dropout acts only if training is asked for."""
    model = sequential((4,), layers.Dropout(0.5, seed=0))
    np.testing.assert_array_equal(toolkit.predict(model, X), X)
    dropped = toolkit.predict(model, X, training=True)
    assert 0.3 < (dropped == 0).mean() < 0.7


def test_predict_tells_of_data_that_do_not_fit() -> None:
    """What the model raises is the submission's fault, in one line."""
    with pytest.raises(checking.CheckFailed) as raised:
        toolkit.predict(sequential((5,), layers.Dense(2)), X)
    text = str(raised.value)
    assert text.startswith("Expected a model that takes the task's data. Found ValueError when")
    assert text.endswith("Look at the input shape and the layers after it.")
    assert "\n" not in text


def test_predict_tells_of_rows_that_are_not_the_examples() -> None:
    """Two branches one below the other give twice as many rows; the message names the layer."""
    x = {"a": np.ones((5, 3), "float32"), "b": np.ones((5, 3), "float32")}
    inputs = [keras.Input((3,), name=name) for name in x]
    branches = [layers.Dense(4)(tensor) for tensor in inputs]
    for axis in (-1, 1, 0):
        joined = layers.Concatenate(axis=axis, name=f"joined{axis % 2}")(branches)
        model = keras.Model(inputs, layers.Dense(2)(joined))
        if axis:
            assert toolkit.predict(model, x).shape == (5, 2)
            continue
        with pytest.raises(checking.CheckFailed, match="10 rows for 5 examples") as caught:
            toolkit.predict(model, x)
        assert caught.value.about.op.name == "joined0"


def test_predict_refuses_several_outputs() -> None:
    """Two outputs are not one row for each example."""
    model = functional((4,), lambda x: [layers.Dense(2)(x), layers.Dense(2)(x)])
    with pytest.raises(checking.CheckFailed, match=r"takes the task's data\. Found ValueError"):
        toolkit.predict(model, X)


# --- kinds ------------------------------------------------------------------------------------

KINDS: dict[str, tuple[list[Any], str, str]] = {
    "softmax": ([layers.Dense(3, activation="softmax")], "probabilities", "softmax"),
    "Softmax layer": ([layers.Dense(3), layers.Softmax()], "probabilities", "softmax"),
    "ops.softmax": ([layers.Dense(3), ops.softmax], "probabilities", "softmax"),
    "softmax, then linear": (
        [layers.Dense(3, activation="softmax"), layers.Activation("linear")],
        "probabilities",
        "softmax",
    ),
    "linear": ([layers.Dense(3)], "logits", "linear"),
    "one linear unit": ([layers.Dense(1)], "logits", "linear"),
    "positive by its bias": ([layers.Dense(3, bias_initializer=LARGE)], "logits", "linear"),
    "sigmoid": ([layers.Dense(3, activation="sigmoid")], "scores", "sigmoid"),
    "one sigmoid unit": ([layers.Dense(1, activation="sigmoid")], "scores", "sigmoid"),
    "ops.sigmoid": ([layers.Dense(3), ops.sigmoid], "scores", "sigmoid"),
    "hard sigmoid": ([layers.Dense(3, activation="hard_sigmoid")], "scores", "hard_sigmoid"),
    "ReLU": ([layers.Dense(3, activation="relu")], "nonnegative", "relu"),
    "ReLU layer": ([layers.Dense(3), layers.ReLU()], "nonnegative", "relu"),
    "ops.relu": ([layers.Dense(3), ops.relu], "nonnegative", "relu"),
    "ReLU6": ([layers.Dense(3, activation="relu6")], "nonnegative", "relu6"),
    "Softplus layer": ([layers.Dense(3), layers.Activation("softplus")], "nonnegative", "softplus"),
    "exponential": ([layers.Dense(3), ops.exp], "nonnegative", "linear"),
    "square": ([layers.Dense(3), ops.square], "nonnegative", "linear"),
    "tanh": ([layers.Dense(3, activation="tanh")], "logits", "tanh"),
    "ops.tanh": ([layers.Dense(3), ops.tanh], "logits", "tanh"),
    "LeakyReLU": ([layers.Dense(3), layers.LeakyReLU()], "logits", "linear"),
    "elu": ([layers.Dense(3, activation="elu")], "logits", "elu"),
    "ReLU, then dropout": (
        [layers.Dense(3, activation="relu"), layers.Dropout(0.5)],
        "nonnegative",
        "relu",
    ),
    "ReLU before the last layer": (
        [layers.Dense(3, activation="relu"), layers.Dense(3)],
        "logits",
        "linear",
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_output_kind_and_last_activation(name: str) -> None:
    """What the outputs are, by their values and the activation nearest to them."""
    stack, kind, activation = KINDS[name]

    def build(x: Any) -> Any:
        for layer in stack:
            x = layer(x)
        return x

    keras.utils.set_random_seed(0)
    model = functional((4,), build)
    assert toolkit.output_kind(model, toolkit.predict(model, X)) == kind
    assert toolkit.last_activation(model) == activation


def test_last_activation_inside_a_nested_model() -> None:
    """The activation nearest the output may be a nested model's."""
    inner = sequential((4,), layers.Dense(3, activation="softmax"))
    assert toolkit.last_activation(sequential((4,), layers.Dense(4), inner)) == "softmax"


def test_few_or_equal_values_tell_nothing() -> None:
    """An operation's values count only if there are 100 of them, and if they vary."""
    model = functional((4,), lambda x: ops.square(layers.Dense(3)(x)))
    assert toolkit.output_kind(model, toolkit.predict(model, X)) == "nonnegative"
    assert toolkit.output_kind(model, toolkit.predict(model, X[:33])) == "logits"
    model.set_weights([np.zeros((4, 3)), np.ones(3)])
    assert toolkit.output_kind(model, toolkit.predict(model, X)) == "logits"


def test_outputs_of_another_rank_are_logits() -> None:
    """Only rows of numbers can be probabilities."""
    model = sequential((2, 4), layers.Dense(3, activation="softmax"))
    found = toolkit.predict(model, X.reshape(100, 2, 4))
    assert found.shape == (100, 2, 3)
    assert toolkit.output_kind(model, found) == "logits"


# --- probabilities ----------------------------------------------------------------------------


def test_probabilities_of_logits() -> None:
    """Logits go through a softmax, large ones too."""
    found = toolkit.probabilities(np.array([[0.0, np.log(3.0)], [1000.0, 0.0]]), "logits")
    np.testing.assert_allclose(found, [[0.25, 0.75], [1.0, 0.0]])


def test_probabilities_of_positive_values() -> None:
    """Probabilities, scores and non-negative outputs are divided by their sum."""
    outputs = np.array([[0.2, 0.6], [0.0, 0.0]])
    for kind in ("probabilities", "scores", "nonnegative"):
        found = toolkit.probabilities(outputs, kind)
        np.testing.assert_allclose(found, [[0.25, 0.75], [0.5, 0.5]])


def test_probabilities_of_one_unit() -> None:
    """One unit is the probability of class 1, or its logit."""
    outputs = np.array([[0.0], [np.log(3.0)], [-1000.0]])
    found = toolkit.probabilities(outputs, "logits")
    np.testing.assert_allclose(found, [[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]], atol=1e-9)
    outputs = np.array([[0.0], [0.75], [1.5]])
    for kind in ("scores", "nonnegative"):
        found = toolkit.probabilities(outputs, kind)
        np.testing.assert_allclose(found, [[1.0, 0.0], [0.25, 0.75], [0.0, 1.0]])


# --- scores -----------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["softmax", None])
def test_scores_of_several_classes(activation: str | None) -> None:
    """Accuracy, cross-entropy and confusion matrix are those of NumPy."""
    rng = np.random.default_rng(1)
    model = sequential((4,), layers.Dense(3, activation=activation))
    kernel, bias, y = rng.normal(size=(4, 3)), rng.normal(size=3), rng.integers(0, 3, 200)
    model.set_weights([kernel, bias])
    scores = toolkit.Scores(model, (X, y))

    exps = np.exp(X @ kernel + bias)
    p = exps / exps.sum(axis=1, keepdims=True)
    expected = np.zeros((3, 3), int)
    for true, row in zip(y, p, strict=True):
        expected[true, row.argmax()] += 1
    assert scores.kind == ("probabilities" if activation else "logits")
    assert scores.accuracy == pytest.approx(np.trace(expected) / 200)
    assert scores.loss == pytest.approx(-np.log(p[np.arange(200), y]).mean(), rel=1e-4)
    assert scores.confusion() == expected.tolist()


def test_scores_of_one_unit() -> None:
    """A sigmoid unit is scored as two classes; labels may be a column."""
    model = sequential((4,), layers.Dense(1, activation="sigmoid"))
    model.set_weights([np.eye(4)[:, :1], np.zeros(1)])
    y = (X[:, 1] > 0).astype("int64")
    scores = toolkit.Scores(model, (X, y[:, None]))
    p = 1 / (1 + np.exp(-X[:, 0].astype("float64")))
    assert scores.accuracy == pytest.approx(((X[:, 0] > 0) == y).mean())
    assert scores.loss == pytest.approx(-np.log(np.where(y == 1, p, 1 - p)).mean(), rel=1e-4)
    assert np.sum(scores.confusion()) == 200


def test_scores_of_certain_mistakes_are_finite() -> None:
    """A probability of 0 for the label costs much, but not infinitely much."""
    scores = toolkit.Scores(models.reader(1e6), (np.eye(3, dtype="float32"), np.array([1, 2, 0])))
    assert scores.accuracy == 0
    assert scores.loss == pytest.approx(-np.log(1e-12))


def test_scores_of_a_kind_that_is_given() -> None:
    """A kind that the caller knows is not guessed anew."""
    model = models.reader(1.0)
    part = (np.eye(3, dtype="float32"), np.arange(3))
    assert toolkit.Scores(model, part).kind == "probabilities"
    assert toolkit.Scores(model, part, "logits").kind == "logits"


def test_scores_refuse_outputs_of_another_rank() -> None:
    """A model without Flatten has no row for each example."""
    model = sequential((2, 4), layers.Dense(3))
    with pytest.raises(checking.CheckFailed, match=r"outputs of shape \(10, 2, 3\).*Flatten"):
        toolkit.Scores(model, (np.zeros((10, 2, 4)), np.zeros(10)))


def test_part_scores() -> None:
    """Each part is scored once for a snapshot; of the training data a sample of 1000."""
    data = models.one_hot_data(
        train=models.one_hot_part(1500, wrong=500), test=models.one_hot_part(60, wrong=6)
    )
    snapshot = models.snapshot(models.reader())
    assert toolkit.part_scores(snapshot, data, "train").accuracy == 0.5
    assert len(toolkit.part_scores(snapshot, data, "train").labels) == 1000
    assert toolkit.part_scores(snapshot, data, "validation").accuracy == 1.0
    test = toolkit.part_scores(snapshot, data, "test")
    assert test.accuracy == 0.9
    assert toolkit.part_scores(snapshot, data, "test") is test
    assert toolkit.part_scores(models.snapshot(models.reader()), data, "test") is not test


@pytest.mark.parametrize("kind", ["dict", "list"])
def test_a_live_model_of_two_inputs_is_compared(kind: str) -> None:
    """Inputs of different shapes, in a dict or a list; another weight is found."""
    inputs = {"wide": layers.Input((4,), name="wide"), "deep": layers.Input((3, 2), name="deep")}
    joined = layers.Concatenate()([inputs["wide"], layers.Flatten()(inputs["deep"])])
    end = layers.Dense(2)(joined)
    model = keras.Model(inputs if kind == "dict" else list(inputs.values()), end)
    answers = LiveAnswers.from_claim(live_answers(model, 7), 7)
    assert answers.inference is not None
    built = types.SimpleNamespace(keras=model, live=answers, function="build_model")
    check_same_model(built)
    model.set_weights([2 * weight + 1 for weight in model.get_weights()])
    with pytest.raises(
        checking.CheckFailed, match="computes what the configs of its layers describe"
    ):
        check_same_model(built)

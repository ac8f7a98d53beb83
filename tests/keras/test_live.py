"""The live model and the rebuilt one answer alike, and what they differ in is named."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from graders.boundary import challenge
from graders.checking import CheckFailed
from graders.rebuilt.live import LiveAnswers
from graders.sandbox import live as sandbox
from graders.toolkit import live
from tests.keras.models import functional, sequential, snapshot

layers = keras.layers
NUMBER = 7


def built(model: Any, **changes: Any) -> Any:
    """Returns what the judge knows of a model: its answers, and the model that it rebuilt.

    Args:
        model: A live Keras model.
        **changes: Parts of its answers that are to be others.
    """
    claim = sandbox.answers(model, NUMBER) | changes
    return types.SimpleNamespace(
        function="build_model",
        keras=snapshot(model).model,
        live=LiveAnswers.from_claim(claim, NUMBER),
    )


def _two_inputs(structure: Callable[[Any, Any], Any]) -> Any:
    image, context = layers.Input((8, 8, 3), name="image"), layers.Input((5,), name="context")
    pooled = layers.GlobalAveragePooling2D()(image)
    both = layers.Concatenate()([pooled, layers.Dense(4)(context)])
    return keras.Model(structure(image, context), layers.Dense(3)(both))


def _two_outputs() -> Any:
    x = layers.Input((4,))
    return keras.Model(x, {"b": layers.Dense(2)(x), "a": [layers.Dense(3)(x), x]})


def _nested() -> Any:
    inner = sequential((6,), layers.Dense(4), layers.BatchNormalization())
    return functional((6,), lambda x: layers.Dense(3)(inner(x)))


def _mixed(policy: str) -> Any:
    return sequential(
        (8, 8, 3),
        layers.Conv2D(4, 3, activation="relu", dtype=policy),
        layers.BatchNormalization(dtype=policy),
        layers.GlobalAveragePooling2D(dtype=policy),
        layers.Dense(3, kernel_regularizer="l2", dtype=policy),
    )


def _built_late() -> Any:
    model = keras.Sequential([layers.Dense(3)])
    model.build((None, 4))
    return model


MODELS: dict[str, Callable[[], Any]] = {
    "sequential": lambda: sequential((4,), layers.Dense(3)),
    "sequential without an input": _built_late,
    "functional": lambda: functional((4,), layers.Dense(3)),
    "nested": _nested,
    "batch normalization": lambda: sequential(
        (8, 8, 3), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Flatten()
    ),
    "open sizes": lambda: sequential(
        (None, None, 3), layers.Conv2D(4, 3), layers.GlobalMaxPooling2D(), layers.Dense(3)
    ),
    "open steps": lambda: sequential((None, 2), layers.LSTM(4), layers.Dense(1)),
    "one state kept": lambda: keras.Sequential(
        [keras.Input(batch_shape=(4, 6, 2)), layers.LSTM(4, stateful=True)]
    ),
    "whole numbers": lambda: sequential((5,), layers.Embedding(9, 4), layers.Flatten()),
    "dict": lambda: _two_inputs(lambda image, context: {"image": image, "context": context}),
    "list": lambda: _two_inputs(lambda image, context: [image, context]),
    "nest": lambda: _two_inputs(lambda image, context: {"both": [context, image]}),
    "several outputs": _two_outputs,
    "float16": lambda: _mixed("mixed_float16"),
    "bfloat16": lambda: _mixed("mixed_bfloat16"),
    "penalties": lambda: sequential(
        (4,),
        layers.Dense(8, kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l2"),
        layers.Dense(3, kernel_regularizer=keras.regularizers.OrthogonalRegularizer()),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_and_its_copy_answer_alike(name: str) -> None:
    """Models of every kind are asked, and pass."""
    found = built(MODELS[name]())
    assert found.live.inference is not None
    assert found.live.penalty is not None
    assert (found.live.training is None) is (name == "one state kept")
    live.check_same_model(found)
    live.check_same_penalty(found)


@pytest.mark.parametrize("name", MODELS)
def test_another_model_answers_otherwise(name: str) -> None:
    """Weights of another build give other outputs: none of these models is let through unseen."""
    found = built(MODELS[name]())
    found.keras.set_weights([weight + 0.3 for weight in found.keras.get_weights()])
    with pytest.raises(CheckFailed, match=r"outputs in inference that are up to .* off"):
        live.check_same_model(found)


def test_a_call_of_ones_own_is_named_in_inference() -> None:
    """What a layer's exchanged `call` does stands in no config."""
    below_zero = layers.Dense(3, bias_initializer=keras.initializers.Constant(-9))
    model = sequential((4,), below_zero, layers.Activation("relu"))
    model.layers[1].call = lambda x: x
    with pytest.raises(CheckFailed, match=r"`build_model` that computes .* in inference .* `call`"):
        live.check_same_model(built(model))


def test_a_difference_in_training_alone_is_named() -> None:
    """BatchNormalization that never uses its batch answers alike in inference only."""
    model = sequential((4,), layers.Dense(3), layers.BatchNormalization())
    layer = model.layers[1]
    original = layer.call
    layer.call = lambda x, training=None, mask=None: original(x, training=False)
    with pytest.raises(CheckFailed, match="outputs in training that are up to"):
        live.check_same_model(built(model))


def test_16_bits_are_not_compared_in_training() -> None:
    """There BatchNormalization blows up what is rounded off; in inference they are compared."""
    found = built(_mixed("mixed_bfloat16"))
    live.check_same_model(built(_mixed("mixed_bfloat16"), training=found.live.training + 1))
    with pytest.raises(CheckFailed, match="outputs in training"):
        live.check_same_model(built(_mixed("float32"), training=found.live.training + 1))


def test_outputs_that_vary_are_not_compared() -> None:
    """With Dropout at work, the outputs in training tell nothing; those in inference do."""
    found = built(sequential((20,), layers.Dense(20), layers.Dropout(0.5)))
    assert found.live.inference is not None
    assert found.live.training is None
    live.check_same_model(found)


CLAIMS = {
    "of shape": (np.zeros((4, 2), "float32"), r"of shape \(4, 2\), where these give \(4, 3\)"),
    "no numbers": (np.full((4, 3), np.nan, "float32"), "that are NaN or infinite"),
    "far off": (np.full((4, 3), 1e6, "float32"), r"up to 1e\+06 off"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_that_no_such_model_gives(name: str) -> None:
    """Outputs of another shape, or that are no numbers, are those of another model."""
    claim, words = CLAIMS[name]
    with pytest.raises(CheckFailed, match=words):
        live.check_same_model(built(MODELS["sequential"](), inference=claim))


def test_what_rounding_makes_is_no_difference() -> None:
    """Two processes may sum in different orders: a hundredth of the largest output passes."""
    outputs = sandbox.answers(model := MODELS["sequential"](), NUMBER)["inference"]
    shift = 0.01 * np.abs(outputs).max()
    live.check_same_model(built(model, inference=outputs + shift))
    with pytest.raises(CheckFailed, match="in inference"):
        live.check_same_model(built(model, inference=outputs + 3 * shift))


def test_a_regularizer_set_on_a_built_layer_is_named() -> None:
    """The config has it, and the loss does not."""
    model = sequential((4,), layers.Dense(3))
    model.layers[0].kernel_regularizer = keras.regularizers.L2(0.1)
    found = built(model)
    live.check_same_model(found)
    with pytest.raises(CheckFailed, match=r"Found 0 added to the loss .* set on a layer that was "):
        live.check_same_penalty(found)


def test_a_regularizer_taken_from_a_built_layer_is_named() -> None:
    """The loss has it, and the config does not."""
    model = sequential((4,), layers.Dense(3, kernel_regularizer="l2"))
    model.layers[0].kernel_regularizer = None
    with pytest.raises(CheckFailed, match=r"these describe 0\. .* taken from a layer that was "):
        live.check_same_penalty(built(model))


def test_what_a_model_did_not_give_is_not_compared() -> None:
    """A model that is too large to ask, or that cannot be called, is for other checks to judge."""
    large = sequential((400, 400, 3), layers.GlobalMaxPooling2D())
    failing = sequential((4,), layers.Dense(3))

    def call(x: Any) -> Any:
        raise RuntimeError

    failing.layers[0].call = call
    for model in (large, failing):
        assert sandbox.answers(model, NUMBER) == dict.fromkeys(("inference", "training", "penalty"))
        live.check_same_model(built(model))
        live.check_same_penalty(built(model))
    # The rebuilt one cannot give what is claimed, either.
    live.check_same_model(built(large, inference=np.zeros((4, 3), "float32"), penalty=1.0))
    live.check_same_penalty(built(large, inference=np.zeros((4, 3), "float32"), penalty=1.0))


def test_what_fails_in_training_alone_is_asked_in_inference() -> None:
    """The outputs in inference and the penalty are known all the same."""
    model = sequential((4,), layers.Dense(3, kernel_regularizer="l2"), layers.Dropout(0.0))
    model.layers[1].rate = 0.5  # Keras made no seeds for it
    found = built(model)
    assert found.live.training is None
    assert found.live.inference is not None and found.live.penalty > 0


@pytest.mark.parametrize("name", ["batch normalization", "dropout"])
def test_the_model_is_afterwards_what_it_was(name: str) -> None:
    """Averages and the seeds of Dropout are put back, so that nothing changes a training."""
    models = MODELS | {"dropout": lambda: sequential((4,), layers.Dense(3), layers.Dropout(0.5))}
    model = models[name]()
    before = [np.array(variable) for variable in model.variables]
    challenge.ask(model, NUMBER)
    assert before
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(np.array(variable), value, err_msg=variable.path)


def test_inputs_are_drawn_anew_for_each_number() -> None:
    """Both sides draw the same for a number, and other inputs for another."""
    model = MODELS["dict"]()
    one, same, other = (challenge.inputs_of(model, number) for number in (1, 1, 2))
    assert {name: x.shape for name, x in one.items()} == {"image": (4, 8, 8, 3), "context": (4, 5)}
    for name, x in one.items():
        np.testing.assert_array_equal(x, same[name])
        assert not np.array_equal(x, other[name])
        assert x.min() >= 0 and x.max() <= 1


@pytest.mark.parametrize(
    "claim",
    [
        None,
        [],
        {"inference": [1.0]},
        {"inference": np.zeros(3, "int64")},
        {"training": "none"},
        {"penalty": "0"},
        {"penalty": True},
        {"penalty": np.zeros(1)},
    ],
    ids=str,
)
def test_what_is_no_answer_is_a_value_error(claim: Any) -> None:
    """A claim of other types is refused where it is read."""
    with pytest.raises(ValueError, match="no live"):
        LiveAnswers.from_claim(claim, NUMBER)


def test_answers_without_meaning_are_left_out() -> None:
    """A penalty that is no number, and outputs beyond the limit, are not compared."""
    large = np.zeros(challenge.MAX_VALUES + 1, "float32")
    found = LiveAnswers.from_claim({"inference": large, "penalty": float("nan")}, NUMBER)
    assert (found.inference, found.training, found.penalty) == (None, None, None)

"""Lines on layers and losses: none of right work, and of a fault the smallest array that shows it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graders.judge.faults import SubmissionError
from graders.toolkit import layer_lines, loss_lines
from graders.toolkit.confidence_penalty import EXTREMES
from graders.toolkit.dense_layers import small
from graders.toolkit.layer_probes import Copied, Layers
from graders.toolkit.loss_probes import Losses
from tests.fuzzing import Answering
from tests.keras import test_custom_layer as layer_faults
from tests.keras import test_penalized_loss as loss_faults
from tests.keras.run_here import Submission

COLUMN = np.zeros((4, 1), "float32")
OPTIONS = {"penalty": 0.5, "from_logits": True, "reduction": "sum", "name": "mine"}


def layers(made: type) -> Layers:
    """Returns the questions to a class of layers."""
    return Layers(Submission(Mine=made), "Mine")


def losses(made: type) -> Losses:
    """Returns the questions to a class of losses."""
    return Losses(Submission(Mine=made), "Mine")


def of_extreme(asked: Losses) -> str:
    """Returns the lines on a prediction that is sure and right."""
    row = EXTREMES[0]
    [answer] = asked.measured([row.case(False)], penalty=0.5)
    return loss_lines.of_extreme(asked, row, answer, False)


LAYER_LINES: dict[str, tuple[Callable[[Layers], str], type, str]] = {
    "values": (layer_lines.of_values, layer_faults.BiasIgnored, "expected:', [[2.0]]"),
    "values-of-an-activation": (
        functools.partial(layer_lines.of_values, units=2, activation="tanh"),
        layer_faults.BiasIgnored,
        'Mine(2, activation="tanh")',
    ),
    "gradient": (
        functools.partial(layer_lines.of_gradient, name="w"),
        layer_faults.HalfStopped,
        "g = tape.gradient(layer(x), layer.w.value)",
    ),
    "copy": (
        functools.partial(layer_lines.of_copy, activation="tanh"),
        layer_faults.ActivationLost,
        'Mine.from_config(Mine(1, activation="tanh").get_config())',
    ),
}
LOSS_LINES: dict[str, tuple[Callable[[Losses], str], type, str]] = {
    "values": (
        lambda asked: loss_lines.of_values(asked, 0.3, penalty=0.3, from_logits=True),
        loss_faults.FlagIgnored,
        "Mine(penalty=0.3, from_logits=True)(y, p)",
    ),
    "labels": (
        lambda asked: loss_lines.of_labels(asked, COLUMN),
        loss_faults.MeanInCall,
        'y, p = np.array([[0.0]], "float32")',
    ),
    "reduced": (
        lambda asked: loss_lines.of_reduced(asked, "sum", np.sum, [1.0, 3.0]),
        loss_faults.MeanInCall,
        "Mine(penalty=0.3, reduction='sum')(y, p, np.array([1.0, 3.0]))",
    ),
    "gradient": (
        lambda asked: loss_lines.of_gradient(asked, 0.6, False),
        loss_faults.HalfStopped,
        "g = tape.gradient(Mine(penalty=0.6, from_logits=False, reduction='sum')(y, p), p)",
    ),
    "copy": (
        lambda asked: loss_lines.of_copy(asked, OPTIONS),
        loss_faults.FlagLost,
        "loss = Mine.from_config(Mine(penalty=0.5, from_logits=True,",
    ),
}


@pytest.mark.parametrize("name", LAYER_LINES)
def test_lines_on_a_layer(name: str) -> None:
    """Right work shows nothing; the fault is shown in three lines, on the class's own name."""
    lines, faulty, words = LAYER_LINES[name]
    assert lines(layers(layer_faults.Right)) == ""
    shown = lines(layers(faulty))
    assert shown.startswith("from submission import Mine; ") and shown.count("\n") == 2
    assert words in shown


@pytest.mark.parametrize("name", LOSS_LINES)
def test_lines_on_a_loss(name: str) -> None:
    """Right work shows nothing; the fault is shown in three lines, on the class's own name."""
    lines, faulty, words = LOSS_LINES[name]
    assert lines(losses(loss_faults.Right)) == ""
    shown = lines(losses(faulty))
    assert shown.startswith("from submission import Mine; ") and shown.count("\n") == 2
    assert words in shown


def test_lines_on_an_extreme_prediction() -> None:
    """A loss that takes log(0) gives NaN; its lines tell which number should come."""
    shown = of_extreme(losses(loss_faults.Right))
    assert "print('expected:', 0.0)" in shown and shown.endswith("# nan")


def test_a_loss_keeps_its_reduction_or_not() -> None:
    """What does not arrive at the base class is told from what call does."""
    assert losses(loss_faults.MeanInCall).keeps_reduction("sum", 0.3)
    assert not losses(loss_faults.NameIgnored).keeps_reduction("sum", 0.3)


def test_a_layer_that_can_be_saved_has_two_copies() -> None:
    """A function of the student's cannot be saved; a name can."""
    asked = {"units": 1, "given": small(1, 1, 2), "options": {}, "shown": "Mine(1)"}
    found = layers(layer_faults.Right).copied(True, activation="tanh", **asked)
    assert isinstance(found, Copied)
    np.testing.assert_array_equal(found.by_saving.y, found.by_config.y)
    made = layers(layer_faults.Right).copied(False, activation="function:softplus", **asked)
    assert not isinstance(made, Copied)


@pytest.mark.parametrize("junk", [None, [], {}, "text", [{"value": "x"}], {"keys": 3}], ids=str)
def test_answers_that_are_none(junk: Any) -> None:
    """Whatever a sandbox answers, it is the submission that fails."""
    loss, layer = Losses(Answering(junk), "Mine"), Layers(Answering(junk), "Mine")
    y, p = np.array([0]), np.array([[0.5, 0.5]])
    for ask in (
        lambda: loss.measured([{"y": y, "p": p}, {"y": y, "p": p}]),
        lambda: loss.copied({}, y, p),
        lambda: loss.compiled(1, y, [p, p]),
        layer.made, layer.computed, layer.gradients, layer.trained,
        lambda: layer.copied(True),
        lambda: layer.copied(False),
    ):  # fmt: skip
        with pytest.raises(SubmissionError, match="not what the grader asked for"):
            ask()

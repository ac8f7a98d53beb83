"""The task on losses blames what is wrong, and not what stands beside it."""

from __future__ import annotations

import types
from typing import Any

import keras
import numpy as np
import pytest

from graders.checking import CheckFailed
from graders.checks.customization import penalized_loss
from tests.keras import run_here
from tests.keras.models import layers, sequential, snapshot

ops = keras.ops


class Right(keras.losses.Loss):
    """The task's loss; its faulty relatives change one part of it."""

    def __init__(self, penalty: float = 0.1, from_logits: bool = False, **options: Any):
        super().__init__(**options)
        self.penalty, self.from_logits = penalty, from_logits

    def probabilities(self, y_pred: Any) -> Any:
        """Returns the probabilities behind a prediction."""
        return ops.softmax(y_pred) if self.from_logits else y_pred

    def terms(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """Returns the cross-entropy and the entropy of each example."""
        p = self.probabilities(y_pred)
        log_p = ops.log(p)
        hot = ops.one_hot(ops.cast(ops.reshape(y_true, (-1,)), "int32"), p.shape[-1])
        return -ops.sum(hot * log_p, axis=-1), -ops.sum(p * log_p, axis=-1)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the loss of each example."""
        first, second = self.terms(y_true, y_pred)
        return first - self.penalty * second

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        config = super().get_config()
        return {**config, "penalty": self.penalty, "from_logits": self.from_logits}


class FlagIgnored(Right):
    """Takes logits for probabilities: their logarithms are NaN."""

    def probabilities(self, y_pred: Any) -> Any:
        """Returns the prediction, whatever it is."""
        return y_pred


class FlagLost(Right):
    """Has a config without from_logits."""

    def get_config(self) -> dict[str, Any]:
        """Returns all arguments but one."""
        return {key: item for key, item in super().get_config().items() if key != "from_logits"}


class PenaltyLost(FlagIgnored):
    """Has a config without penalty, and ignores from_logits too."""

    def get_config(self) -> dict[str, Any]:
        """Returns all arguments but one."""
        return {key: item for key, item in super().get_config().items() if key != "penalty"}


class NameIgnored(Right):
    """Drops the arguments of the base class."""

    def __init__(self, penalty: float = 0.1, from_logits: bool = False, **options: Any):
        super().__init__(penalty, from_logits)


class MeanInCall(Right):
    """Averages over the batch by itself."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns one number."""
        return ops.mean(super().call(y_true, y_pred))


class Stopped(Right):
    """Lets no gradient through the entropy."""

    def terms(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """Returns the same terms."""
        first, second = super().terms(y_true, y_pred)
        return first, ops.stop_gradient(second)


class StoppedMean(Stopped, MeanInCall):
    """Makes both mistakes."""


class HalfStopped(Right):
    """Lets half of the gradient through the entropy."""

    def terms(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """Returns the same terms."""
        first, second = super().terms(y_true, y_pred)
        return first, 0.5 * second + 0.5 * ops.stop_gradient(second)


def message(check: Any, made: type) -> str:
    """Returns what a check reports of a class; empty if it passes."""
    return run_here.message(check, PenalizedLoss=made)


@pytest.mark.parametrize(
    "check",
    [
        penalized_loss.values,
        penalized_loss.from_logits,
        penalized_loss.reductions,
        penalized_loss.label_shapes,
        penalized_loss.gradient,
        penalized_loss.config,
    ],
)
def test_right_work_passes(check: Any) -> None:
    """The loss that the faulty ones are made of is right."""
    assert message(check, Right) == ""


@pytest.mark.parametrize("made", [FlagIgnored, MeanInCall, Stopped])
def test_a_right_config_is_not_blamed(made: type) -> None:
    """A copy is compared with the loss that it is made from, be that NaN."""
    assert message(penalized_loss.config, made) == ""


@pytest.mark.parametrize("made", [FlagLost, PenaltyLost])
def test_a_lost_argument_is_blamed_on_the_config(made: type) -> None:
    """A copy that gives another loss comes from a config that lacks something."""
    found = message(penalized_loss.config, made)
    assert "another loss; its config holds" in found
    assert "Look at get_config" in found


def test_lost_options_are_blamed_on_init() -> None:
    """A loss that never had the name lost it in __init__, not in get_config."""
    found = message(penalized_loss.config, NameIgnored)
    assert "before it is copied" in found
    assert "get_config" not in found
    assert "**kwargs must reach super().__init__" in found


@pytest.mark.parametrize("made", [MeanInCall, NameIgnored])
def test_a_wrong_reduction_is_not_called_a_lost_gradient(made: type) -> None:
    """Terms that are right one by one are not blamed for what the batch gives."""
    found = message(penalized_loss.gradient, made)
    assert "for a batch of 9: 1/9 of it" in found
    assert "stop_gradient" not in found


@pytest.mark.parametrize("made", [Stopped, StoppedMean])
def test_a_lost_gradient_is_named(made: type) -> None:
    """A term without a gradient is named, whatever the reduction is."""
    found = message(penalized_loss.gradient, made)
    assert "Found that of the cross-entropy alone" in found
    assert "stop_gradient" in found


def test_a_gradient_without_a_known_cause() -> None:
    """A gradient that no known mistake gives is told by how far it is off."""
    found = message(penalized_loss.gradient, HalfStopped)
    assert "values that are up to" in found
    assert "a stop_gradient on a part of a term" in found


def test_an_ignored_flag_is_not_called_a_lost_gradient() -> None:
    """A gradient that is wrong because the loss is another one points at from_logits."""
    found = message(penalized_loss.gradient, FlagIgnored)
    assert "what it gives with from_logits=False too" in found
    assert "stop_gradient" not in found


@pytest.mark.parametrize(
    ("made", "from_logits", "expected"),
    [
        (Right, True, ""),
        (Right, False, "logits (a last layer without softmax) with from_logits=False"),
        (FlagIgnored, True, "takes for probabilities though it has from_logits=True"),
    ],
)
def test_a_loss_for_logits(made: type, from_logits: bool, expected: str) -> None:
    """A model of logits needs the flag, and a loss that obeys it."""
    submission = run_here.Submission(PenalizedLoss=made)

    def built(penalty: float) -> Any:
        loss = made(penalty, from_logits=from_logits)
        model = sequential((4,), layers.Dense(3), loss=loss)
        handle = submission.box.keep(model)
        return types.SimpleNamespace(snapshot=snapshot(model), handle=handle)

    rng = np.random.default_rng(0)
    images = rng.normal(size=(200, 4)).astype("float32")
    data = types.SimpleNamespace(validation=(images, None), num_classes=3)
    models = built(penalized_loss.PENALTY), built(0.0)
    if not expected:
        penalized_loss.compiled_loss(submission, *models, data, rng)
        return
    with pytest.raises(CheckFailed) as caught:
        penalized_loss.compiled_loss(submission, *models, data, rng)
    assert expected in str(caught.value)
    assert ("Look at from_logits in call" in str(caught.value)) is from_logits

"""What checks ask of a loss of the student's: values, gradients, copies from its config.

The probes run in the sandbox. Their answers are claims, parsed by `graders.toolkit.measured`.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import numpy as np

from graders.checking import probe
from graders.toolkit.closed_forms import number, same
from graders.toolkit.confidence_penalty import SMALL, Case
from graders.toolkit.measured import (
    CopiedLoss,
    LossValue,
    compiled_losses,
    copied_loss,
    loss_values,
)

# A loss of this size answers in milliseconds; what takes longer does not end.
SECONDS = 60.0


@probe
def measure(student, box, kind, args, options, cases):
    """Calls a loss on the grader's batches."""
    import keras

    loss = box.make(kind, keras.losses.Loss, *args, **options)
    return [box.losses.measured(loss, **case) for case in cases]


@probe
def copy_loss(student, box, kind, options, y, p):
    """Describes a loss, and its copies from the config."""
    import keras

    loss = box.make(kind, keras.losses.Loss, **options)
    config, copies = box.objects.copies(loss)
    described = [box.losses.described(each, y, p) for each in (loss, *copies)]
    return {"keys": sorted(map(str, config)), "losses": described}


@probe
def compiled_value(student, box, model, y, predictions):
    """Asks a compiled model for its loss on the grader's predictions."""
    return [box.losses.compiled(box[model], y, p) for p in predictions]


def numbers(answers: list[LossValue]) -> np.ndarray:
    """Returns the values as an array, NaN for what is no single number."""
    return np.array([number(answer.value) for answer in answers])


@dataclasses.dataclass(frozen=True)
class Losses:
    """A class of losses of the student's, and the questions to it.

    Attributes:
        submission: The judge's `Submission`.
        name: String, what the class is called.
    """

    submission: Any
    name: str

    def measured(self, cases: list[Case], *args: Any, **options: Any) -> list[LossValue]:
        """Returns what a loss gives for each case.

        Args:
            cases: List of dicts of arrays: `y`, `p`, and `weights` of the examples if wanted.
            *args: What the loss is made with.
            **options: What it is made with, by name.
        """
        shapes = [case["p"].shape for case in cases]
        asked = {"kind": self.name, "args": list(args), "options": options, "cases": cases}
        return self.submission.run(
            measure, lambda claim: loss_values(claim, shapes), seconds=SECONDS, **asked
        )

    def ignores_flag(self, cases: list[Case], found: np.ndarray, penalty: float) -> bool:
        """Returns whether values for logits are those of the same loss with from_logits=False."""
        return same(found, numbers(self.measured(cases, penalty=penalty)))

    def copied(self, options: dict[str, Any], y: np.ndarray, p: np.ndarray) -> CopiedLoss:
        """Returns a loss that is made with some options, and its copies.

        Args:
            options: Dict.
            y: Array, labels.
            p: Array, predictions.
        """
        asked = {"kind": self.name, "options": options, "y": y, "p": p}
        return self.submission.run(copy_loss, copied_loss, seconds=SECONDS, **asked)

    def keeps_reduction(self, reduction: str | None, penalty: float) -> bool:
        """Returns whether a loss has the reduction that it is made with.

        Args:
            reduction: String, as Keras takes it.
            penalty: Float.
        """
        options = {"penalty": penalty, "reduction": reduction}
        with contextlib.suppress(Exception):  # of what fails here, another message tells
            found = self.copied(options, SMALL[3].y, SMALL[3].p)
            return bool(found.original.reduction == str(reduction))
        return True

    def compiled(self, model: int, y: np.ndarray, predictions: list[np.ndarray]) -> list[float]:
        """Returns the loss of a compiled model for each batch of predictions.

        Args:
            model: Integer, the model's handle.
            y: Array, labels.
            predictions: List of arrays.
        """
        asked = {"model": model, "y": y, "predictions": predictions}
        return self.submission.run(
            compiled_value,
            lambda claim: compiled_losses(claim, len(predictions)),
            seconds=SECONDS,
            **asked,
        )

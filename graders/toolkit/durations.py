"""Whether the seconds per epoch that a submission reports are those of its training.

The first epoch is slow: TensorFlow traces the model in it. So it must be left out, and there must
be others. The recorder has noted the seconds of each epoch beside the student's code. A clock of
the student's may stand around single epochs, around a fit (with what fit does before and after its
epochs), or take validation in or leave it out: every one of these readings is right.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from graders.checking import fail
from graders.rebuilt.claims import Run
from graders.toolkit.outputs import predict

# A reported mean that is as near to the mean over all epochs, the first included, is that mean ...
SAME = 0.06
# ... if it is also so many times the mean of the later epochs.
SLOW_FIRST = 1.3
# A right clock shows no more than this times the longest later epoch (and 0.1 s for small ones),
# and no less than this times the shortest one. Other processes may have slowed either.
LONGEST, SLACK, SHORTEST = 1.5, 0.1, 0.3
# An epoch holds at least one pass forward, which the grader times on its own; the student's machine
# may be as many times faster at that moment.
FORWARD = 0.02


@dataclasses.dataclass(frozen=True)
class Durations:
    """How long each epoch of a training took, in seconds, by three ways of reading the clock.

    Attributes:
        alone: Tuple of floats, the training steps alone.
        whole: Tuple of floats, with validation and callbacks.
        share: Tuple of floats, the seconds of its fit, divided by the fit's number of epochs.
        several: Boolean, whether these are the epochs of more than one fit.
    """

    alone: tuple[float, ...]
    whole: tuple[float, ...]
    share: tuple[float, ...]
    several: bool

    @classmethod
    def of(cls, run: Run) -> Durations:
        """Reads the durations from what was noted of a training."""
        epochs = [epoch for fit in run.fits for epoch in fit.epochs]
        return cls(
            tuple(alone for alone, _ in epochs),
            tuple(whole for _, whole in epochs),
            tuple(fit.seconds / len(fit.epochs) for fit in run.fits for _ in fit.epochs),
            sum(bool(fit.epochs) for fit in run.fits) > 1,
        )

    def __len__(self) -> int:
        return len(self.whole)

    @property
    def over_all(self) -> tuple[float, float]:
        """Pair of floats, the means over all epochs, the first included."""
        return float(np.mean(self.whole)), float(np.mean(self.share))

    @property
    def _readings(self) -> list[tuple[float, ...]]:
        # The share of a single fit has a part of the first epoch in it.
        return [self.whole[1:], *([self.share[1:]] if self.several else [])]

    @property
    def later(self) -> float:
        """Float, the mean over the epochs after the first one."""
        return max(float(np.mean(reading)) for reading in self._readings)

    @property
    def longest(self) -> float:
        """Float, the longest epoch after the first one."""
        return max(max(reading) for reading in self._readings)

    @property
    def shortest(self) -> float:
        """Float, the shortest epoch."""
        return min(self.alone)

    def divided_by(self, seconds: float) -> str:
        """Tells by which wrong number the later epochs' time may have been divided.

        Args:
            seconds: Float, the seconds per epoch that were reported.

        Returns:
            String, for the end of a "Found"; empty if no whole number explains it.
        """
        count = len(self) - 1
        total = max(sum(reading) for reading in self._readings)
        for number in (1, 2, 3, 4, 5, count**2):
            if number != count and abs(total / number - seconds) < SAME * seconds:
                epochs = f"{count} epoch{'s' * (count != 1)} after the first one"
                how = "not divided" if number == 1 else f"divided by {number}"
                return f", about the {total:.2g} s of the {epochs}, {how}"
        return ""


def check_positive(seconds: float, where: str, about: Any = None) -> None:
    """Fails unless reported seconds per epoch are a positive, finite number.

    Args:
        seconds: Float, as reported.
        where: String, a phrase such as `"under float32"`.
        about: What a message is about, see `graders.checking.fail`.

    Raises:
        CheckFailed: If they are not.
    """
    if not (math.isfinite(seconds) and seconds > 0):
        fail(
            f"a positive number of seconds per epoch {where}",
            f"{seconds:g}",
            "Look at how the two times are subtracted",
            about=about,
        )


def check_total(
    reported: Sequence[float], total: float, function: str, each: str, about: Any = None
) -> None:
    """Fails if one epoch of each training takes longer than the function that trained them all.

    Args:
        reported: Sequence of floats, the seconds per epoch of each training.
        total: Float, the seconds that the function took, measured by the grader.
        function: String, its name.
        each: String, a phrase such as `"under each policy"`.
        about: What a message is about, see `graders.checking.fail`.

    Raises:
        CheckFailed: With both.
    """
    if sum(reported) > total:
        fail(
            f"seconds per epoch that fit into the {total:.1f} s that {function} took",
            f"{sum(reported):.3g} s for one epoch {each}",
            "Look at the unit (seconds, not milliseconds), and at what the time is divided by",
            about=about,
        )


def check_later_epochs(seconds: float, run: Run, about: Any = None, fitted: Any = None) -> None:
    """Fails unless reported seconds are those of an epoch after the first one of a training.

    A training whose epochs were not noted (batches by hand) is not judged.

    Args:
        seconds: Float, as reported.
        run: `Run`, the training.
        about: What a message on the seconds is about, see `graders.checking.fail`.
        fitted: What a message on the number of epochs is about.

    Raises:
        CheckFailed: With what was measured.
    """
    noted = Durations.of(run)
    if len(noted) == 1 and run.only_fits:
        fail(
            f"epochs {run.label} after the first one, in which TensorFlow traces the model",
            "a single epoch of training",
            "Train one epoch that is not timed, and then some that are",
            about=fitted,
        )
    if len(noted) < 2:
        return
    near_all = any(abs(seconds - mean) < SAME * mean for mean in noted.over_all)
    if near_all and seconds > SLOW_FIRST * noted.later:
        fail(
            f"the first epoch, in which TensorFlow traces the model, to be left out {run.label}",
            f"{seconds:.3g} s per epoch, about the mean over all {len(noted)} epochs; without the "
            f"first it is about {noted.later:.2g} s",
            "Look at what is timed: train one epoch before the clock starts; and divide by the "
            "number of the epochs that are timed",
            about=about,
        )
    least, most = SHORTEST * noted.shortest, LONGEST * noted.longest + SLACK
    expected = (
        f"{least:.2g} to {most:.2g} s per epoch {run.label} (measured beside your code, an epoch "
        f"after the first one took about {noted.later:.2g} s)"
    )
    if seconds > most:
        fail(
            expected,
            f"{seconds:.3g} s{noted.divided_by(seconds)}",
            "Look at what is timed: without the first epoch and the building of the model, "
            "divided by the number of epochs that are timed",
            about=about,
        )
    if seconds < least:
        fail(
            expected,
            f"{seconds:.3g} s{noted.divided_by(seconds)}",
            "Look at what the time is divided by, and at when the clock is read",
            about=about,
        )


def forward_seconds(model: Any, x: np.ndarray) -> float:
    """Times a pass forward through a rebuilt model: the shorter of two.

    Args:
        model: A Keras model.
        x: Array, the training examples.

    Raises:
        CheckFailed: If the model cannot take the data.
    """
    passes = []
    for _ in range(2):
        begin = time.perf_counter()
        predict(model, x)
        passes.append(time.perf_counter() - begin)
    return min(passes)


def check_forward(seconds: float, forward: float, where: str, about: Any = None) -> None:
    """Fails if reported seconds per epoch are too short for a pass forward.

    Args:
        seconds: Float, as reported.
        forward: Float, the seconds of a pass forward over the same examples.
        where: String, a phrase such as `"under float32"`.
        about: What a message is about, see `graders.checking.fail`.

    Raises:
        CheckFailed: With both.
    """
    if seconds < FORWARD * forward:
        fail(
            f"at least {FORWARD * forward:.2g} s per epoch {where}",
            f"{seconds:.2g} s, and one pass forward took the grader {forward:.2g} s",
            "Look at what is timed, at what the time is divided by, and at the unit",
            about=about,
        )

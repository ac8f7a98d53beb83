"""What is noted of builds and fits: claims, which may cost points and never earn any."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graders.sandbox.snapshots import snapshot

MOST = 5000


def digest(values: Sequence[np.ndarray]) -> str:
    """Returns a short digest of arrays."""
    found = hashlib.blake2b()
    for value in values:
        found.update(np.ascontiguousarray(value).tobytes())
    return found.hexdigest()[:32]


def digest_of_trainable(model: Any) -> str:
    return digest([np.asarray(weight) for weight in model.trainable_weights])


def digest_of_all(model: Any) -> str:
    import tensorflow as tf

    with tf.init_scope():
        return digest([np.asarray(value) for value in model.get_weights()])


def finite(value: float | None) -> float | None:
    """Returns a number, `None` in place of one that is not finite (pixels divided by 0, say)."""
    return value if value is not None and math.isfinite(value) else None


def sums(x: Any, y: Any) -> list[float] | None:
    """Returns the number of examples and the sums of x and y, `None` if these are no numbers."""
    if not all(isinstance(a, np.ndarray) and a.ndim and a.dtype.kind in "biuf" for a in (x, y)):
        return None
    with np.errstate(all="ignore"):
        sums = [finite(float(part.sum(dtype="float64"))) for part in (x, y)]
    return None if None in sums else [len(x), *sums]  # type: ignore[list-item]


@dataclasses.dataclass(eq=False)
class FitNote:
    """One call of `fit`.

    Attributes:
        model: Weak reference to the model.
        history: Weak reference to the `History` that it returned.
        faults: Set of what is wrong with how it was validated.
        asked: Integer, the epochs that it was asked for, 0 if that is not known.
        done: Integer, the epochs that it ran.
        rate: Float, the learning rate of its first epoch, `None` if that is not known.
        last_rate: Float, that of its last epoch, `None` if that is not known.
        adapts: Boolean, whether a callback lowers the rate by what the training reaches.
        last: String, the digest of the trainable weights after its last epoch.
        start: String, the digest of all weights before it, if it was watched.
        data: List of the number of examples and the sums of x and y, if it was watched and got
            arrays; `None` otherwise.
        seconds: Float, how long it took.
        steps: Integer, the training steps, if it was watched.
        epochs: List of pairs, the seconds of each epoch without and with validation, if watched.
    """

    model: weakref.ref
    history: Callable[[], Any] = lambda: None
    faults: set[str] = dataclasses.field(default_factory=set)
    asked: int = 0
    done: int = 0
    rate: float | None = None
    last_rate: float | None = None
    adapts: bool = False
    last: str = ""
    start: str = ""
    data: list[float] | None = None
    seconds: float = 0.0
    steps: int = 0
    epochs: list[list[float]] = dataclasses.field(default_factory=list)

    def claim(self) -> dict[str, Any]:
        """Returns the note as plain data; `kept`: the weights are those of the last epoch."""
        model = self.model()
        kept = not self.last or model is None or digest_of_trainable(model) == self.last
        left_out = ("model", "history", "faults", "last")
        names = (field.name for field in dataclasses.fields(self) if field.name not in left_out)
        return {name: getattr(self, name) for name in names} | {"kept": kept}


@dataclasses.dataclass(eq=False)
class BuildNote:
    """One model that a watched builder returned.

    Attributes:
        model: The model.
        arguments: Dict, what the builder was given, as plain data.
        starts: List of strings, the digests of its weights whenever a training of it began.
        inferred: Boolean, whether it was asked for predictions.
        examples: Integer, the examples given to `train_on_batch`.
        fits: List of `FitNote`.
    """

    model: Any
    arguments: dict[str, Any]
    starts: list[str] = dataclasses.field(default_factory=list)
    inferred: bool = False
    examples: int = 0
    fits: list[FitNote] = dataclasses.field(default_factory=list)

    def claim(self) -> dict[str, Any]:
        """Returns the note as plain data, with a snapshot of the model."""
        return {
            "arguments": self.arguments,
            "starts": self.starts,
            "inferred": self.inferred,
            "examples": self.examples,
            "fits": [fit.claim() for fit in self.fits],
            "snapshot": snapshot(self.model),
        }

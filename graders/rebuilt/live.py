"""What the live model answered in the sandbox, to be compared with the rebuilt one."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from graders.boundary import challenge

MAX_VALUES = 1_000_000


@dataclasses.dataclass(frozen=True)
class LiveAnswers:
    """What a live model gave for the challenge inputs. A claim: it may cost points, never earn any.

    Attributes:
        number: Integer, what the inputs were drawn from (`graders.boundary.challenge`).
        inference: Array, its outputs in inference; `None` if it gave none.
        training: Array, its outputs in training; `None` if these vary from call to call.
        penalty: Float, what it adds to its loss (`sum(model.losses)`); `None` if that is not known.
    """

    number: int
    inference: np.ndarray | None
    training: np.ndarray | None
    penalty: float | None

    @classmethod
    def from_claim(cls, claim: Any, number: int) -> LiveAnswers:
        """Parses what a sandbox sent.

        Args:
            claim: Plain data.
            number: Integer, what the judge asked for.

        Raises:
            ValueError: If it is nothing of the kind.
        """
        if not isinstance(claim, dict):
            raise ValueError("no live answers")

        def outputs(name: str) -> np.ndarray | None:
            value = claim.get(name)
            if value is None:
                return None
            if not (isinstance(value, np.ndarray) and value.dtype.kind == "f"):
                raise ValueError(f"no live {name}")
            return value.astype("float64") if value.size <= MAX_VALUES else None

        penalty = claim.get("penalty")
        if penalty is not None and not isinstance(penalty, float):
            raise ValueError("no live penalty")
        if penalty is not None and not math.isfinite(penalty):
            penalty = None
        return cls(number, outputs("inference"), outputs("training"), penalty)

    def inputs(self, model: Any) -> Any:
        """Draws the inputs that the live model was asked with, for the rebuilt one."""
        return challenge.inputs_of(model, self.number)

"""What the live model answered in the sandbox, to be compared with the rebuilt one."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from graders.boundary import challenge
from graders.boundary.challenge import put_back

__all__ = ["LiveAnswers", "put_back"]


@dataclasses.dataclass(frozen=True)
class LiveAnswers(challenge.Answers):
    """What a live model gave for the challenge inputs. A claim: it may cost points, never earn any.

    Attributes:
        number: Integer, what the inputs were drawn from (`graders.boundary.challenge`).
    """

    number: int = 0

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
            return value.astype("float64") if value.size <= challenge.MAX_VALUES else None

        penalty = claim.get("penalty")
        if penalty is not None and not isinstance(penalty, float):
            raise ValueError("no live penalty")
        if penalty is not None and not math.isfinite(penalty):
            penalty = None
        return cls(outputs("inference"), outputs("training"), penalty, number)

    def of_rebuilt(self, model: Any) -> challenge.Answers:
        """Asks the rebuilt model what the live one was asked; it is afterwards what it was."""
        return challenge.ask(model, self.number)

"""A model at one moment, as a sandbox described it and as the grader rebuilds it."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any

import numpy as np

from graders.rebuilt.lines import NO_LINES, Lines
from graders.rebuilt.rebuild import rebuild


def _optimizer_from(claim: Any) -> dict[str, Any] | None:
    """Checks the types of what a sandbox says of an optimizer."""
    if claim is None:
        return None
    if not isinstance(claim, dict):
        raise ValueError("no optimizer")
    rate = claim.get("learning_rate")
    if rate is not None and not isinstance(rate, float):
        raise ValueError("no learning rate")
    counts = {key: claim.get(key) for key in ("iterations", "trainable")}
    if any(type(count) is not int or not 0 <= count < 2**53 for count in counts.values()):
        raise ValueError("no count of an optimizer's steps or variables")
    return {
        "class_name": str(claim.get("class_name", ""))[:200],
        "wrapper": str(claim.get("wrapper", ""))[:200],
        "learning_rate": rate,
        **counts,
    }


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A model at one moment: what the sandbox claimed of it, and the model rebuilt from that.

    Attributes:
        kind: String, `"Sequential"` or `"Functional"`.
        compiled: Boolean.
        config: String, JSON.
        weights: List of arrays.
        paths: List of strings, the student's names of the weights; for messages only.
        dtypes: List of strings, the variables' dtypes.
        trainable: List of booleans, one for each weight.
        optimizer: Dict as claimed, or `None`.
        lines: `Lines`, from which lines of the student's file it comes, as claimed.
    """

    kind: str
    compiled: bool
    config: str
    weights: list[np.ndarray]
    paths: list[str]
    dtypes: list[str]
    trainable: list[bool]
    optimizer: dict[str, Any] | None
    lines: Lines = NO_LINES

    @classmethod
    def from_claim(cls, claim: Any) -> Snapshot:
        """Checks the types of what a sandbox sent.

        Args:
            claim: Plain data.

        Returns:
            A `Snapshot`.

        Raises:
            ValueError: If it is not what a snapshot holds.
        """
        if not isinstance(claim, dict) or not isinstance(claim.get("config"), str):
            raise ValueError("no config")
        weights = claim.get("weights")
        if not isinstance(weights, list) or not all(isinstance(w, np.ndarray) for w in weights):
            raise ValueError("no weights")
        columns = {}
        for key in ("paths", "dtypes", "trainable"):
            column = claim.get(key)
            if not isinstance(column, list) or len(column) != len(weights):
                raise ValueError(f"no {key}")
            columns[key] = column
        return cls(
            "Sequential" if claim.get("kind") == "Sequential" else "Functional",
            claim.get("compiled") is True,
            claim["config"],
            weights,
            [str(path)[:200] for path in columns["paths"]],
            [str(dtype)[:40] for dtype in columns["dtypes"]],
            [flag is True for flag in columns["trainable"]],
            _optimizer_from(claim.get("optimizer")),
            Lines.from_claim(claim.get("lines")),
        )

    @functools.cached_property
    def model(self) -> Any:
        """The rebuilt `keras.Model`.

        Raises:
            NotRebuilt: See `rebuild`.
        """
        found = rebuild(self.config, self.weights)
        self.lines.attach(found)
        return found

    @functools.cached_property
    def compile_config(self) -> dict[str, Any]:
        """Dict, how the model claims that it was compiled: class names, never instantiated."""
        try:
            tree = json.loads(self.config)
        except (ValueError, RecursionError):
            return {}
        found = tree.get("compile_config") if isinstance(tree, dict) else None
        return found if isinstance(found, dict) else {}

    def finite(self) -> bool:
        """Returns whether every weight is a finite number."""
        return all(bool(np.isfinite(weight).all()) for weight in self.weights)

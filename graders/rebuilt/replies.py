"""What a sandbox answers to a request to build or to train, parsed into dataclasses."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from graders.boundary.names import FitFault
from graders.rebuilt.claims import Change, Run
from graders.rebuilt.live import LiveAnswers
from graders.rebuilt.snapshot import Snapshot

# What `graders.sandbox.requests` sends of a History at most.
MAX_ROWS, MAX_EPOCHS, MAX_KEY = 50, 10_000, 80


@dataclasses.dataclass(frozen=True)
class Built:
    """A model that was built, as claimed.

    Attributes:
        handle: Integer, names the live model in later requests.
        snapshot: `Snapshot`.
        live: `LiveAnswers`.
    """

    handle: int
    snapshot: Snapshot
    live: LiveAnswers

    @classmethod
    def from_claim(cls, claim: Any, number: int) -> Built:
        """Parses the answer to a build.

        Args:
            claim: Plain data.
            number: Integer, what the challenge inputs were drawn from.

        Raises:
            ValueError: If it is nothing of the kind.
        """
        claim = _table(claim)
        handle = claim.get("handle")
        if type(handle) is not int or not 0 <= handle < 2**31:
            raise ValueError("no handle")
        snapshot = Snapshot.from_claim(claim.get("snapshot"))
        return cls(handle, snapshot, LiveAnswers.from_claim(claim.get("live"), number))


@dataclasses.dataclass(frozen=True)
class Trained:
    """What a training left behind, as claimed: see `graders.judge.training.Training`."""

    after: Snapshot
    history: dict[str, list[float]] | None
    returned: str
    data_unchanged: bool
    faults: list[str]
    rate: float
    run: Run
    changes: dict[str, Change]

    @classmethod
    def from_claim(cls, claim: Any, label: str, before: Snapshot) -> Trained:
        """Parses the answer to a training.

        Args:
            claim: Plain data.
            label: String, which training it is; the grader's own words.
            before: `Snapshot` of the model before it.

        Raises:
            ValueError: If it is nothing of the kind.
        """
        claim = _table(claim)
        after, fits = Snapshot.from_claim(claim.get("snapshot")), _table(claim.get("fits"))
        returned, unchanged = claim.get("returned"), claim.get("data_unchanged")
        if not isinstance(returned, str) or not isinstance(unchanged, bool):
            raise ValueError("no account of what the training returned, or left of its data")
        faults, changes = fits.get("faults"), _table(fits.get("changes", {}))
        known = set(FitFault)
        if not isinstance(faults, list) or not all(
            isinstance(fault, str) and fault in known for fault in [*faults, *changes]
        ):
            raise ValueError("faults of a fit that are unknown")
        noted: dict[str, Any] = {"fits": fits.get("notes"), "starts": [], "examples": 0}
        return cls(
            after,
            _history(claim["history"]) if "history" in claim else _no("history"),
            returned[:200],
            unchanged,
            list(dict.fromkeys(faults)),
            _rate(fits.get("rate")),
            Run.from_claim(label, noted, before, after),
            {fault: Change.from_claim(change) for fault, change in changes.items()},
        )


def _no(what: str) -> Any:
    raise ValueError(f"no {what}")


def _table(claim: Any) -> dict[str, Any]:
    if not isinstance(claim, dict):
        raise ValueError(f"{type(claim).__name__} in place of dict")
    return claim


def _number(value: Any) -> float:
    """Returns a number, which may be infinite or none: a training may diverge."""
    if type(value) is float or (type(value) is int and abs(value) < 2**53):
        return float(value)
    raise ValueError("no number in a History, or as a learning rate")


def _rate(value: Any) -> float:
    found = _number(value)
    # Nothing is larger than NaN, so that it would be within any bound.
    if math.isnan(found) or found < 0:
        raise ValueError("no learning rate")
    return found


def _history(claim: Any) -> dict[str, list[float]] | None:
    if claim is None:
        return None
    rows = _table(claim)
    if len(rows) > MAX_ROWS:
        raise ValueError("a History of too many rows")
    for row in rows.values():
        if not isinstance(row, list) or len(row) > MAX_EPOCHS:
            raise ValueError("a row of a History that is no list, or too long")
    return {key[:MAX_KEY]: [_number(value) for value in row] for key, row in rows.items()}

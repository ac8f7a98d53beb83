"""Events of a grading: what the judge reports to the runner while it works.

An event travels as plain data, `{"event": <its class>, <field>: <value>, …}`, see `pack` and
`unpack`. The judge is trusted. Of what a sandbox sends, two small integers and two
floats go on: `Progress`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, TypeGuard, get_args

from graders.boundary.sizes import MAX_EPOCHS
from graders.verdict import Outcome

MAX_NAME = 200
MAX_TEXT = 200_000
MOST_LINES = 10**12
MAX_HINTS, MAX_HINT = 20, 1000
# No file that is graded has more lines.
MAX_LINE = 2**20


@dataclasses.dataclass(frozen=True, slots=True)
class CheckStarted:
    """A check runs now.

    Attributes:
        check: String, the check's name.
    """

    check: str


@dataclasses.dataclass(frozen=True, slots=True)
class CheckEnded:
    """A check came to its end.

    Attributes:
        check: String, the check's name.
        outcome: One of `"passed"`, `"failed"`, `"skipped"`, `"error"`.
        message: String, for the student.
        kind: String, what kind of error it was; empty if it was none.
        seconds: Float, how long the check took.
        hints: Tuple of strings, what helps with the message; the check's own hints if empty.
        line: Integer, the line of the submission's text that the message is about, from 1; `None`
            if it is not known.
        reproduce: String, lines for Python that show the fault; empty if there are none.
    """

    check: str
    outcome: Outcome
    message: str
    kind: str
    seconds: float
    hints: tuple[str, ...] = ()
    line: int | None = None
    reproduce: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    """A training goes on.

    Attributes:
        epoch: Integer, how many epochs are done.
        epochs: Integer, how many there are.
        loss: Float, the last epoch's, as the submission reports it; `None` if it is not known.
        accuracy: Float from 0 to 1, likewise.
    """

    epoch: int
    epochs: int
    loss: float | None = None
    accuracy: float | None = None

    @classmethod
    def read(cls, claim: Any) -> Progress | None:
        """Reads what a sandbox reports.

        Args:
            claim: Anything.

        Returns:
            `Progress`, or `None` for everything else.
        """
        if not isinstance(claim, dict):
            return None
        epoch, epochs = claim.get("epoch"), claim.get("epochs")
        if not (_is_count(epoch) and _is_count(epochs) and epochs > 0):
            return None
        loss, accuracy = claim.get("loss"), claim.get("accuracy")
        return cls(
            epoch,
            epochs,
            loss if _is_loss(loss) else None,
            accuracy if _is_share(accuracy) else None,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Training:
    """A training is about to begin, or is over: so many run at once as there are jobs.

    Attributes:
        begins: Boolean. The judge waits for the runner before it begins.
    """

    begins: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Printed:
    """What the submission printed.

    Attributes:
        text: String; of a flood, its head and its tail.
        lines: Integer, how many lines of its own there were, those that are left out too.
    """

    text: str
    lines: int


@dataclasses.dataclass(frozen=True, slots=True)
class EvidenceGathered:
    """What checks noted for plots and reports.

    Attributes:
        evidence: Dict of data off the wire; parts of it are the submission's own words.
    """

    evidence: dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class DataUnavailable:
    """Data or bounds that the task asks for cannot be had here.

    Attributes:
        reason: String, one line.
    """

    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Interrupted:
    """The machine ended a process, or could start none: the submission is not to blame.

    Attributes:
        reason: String, one line.
    """

    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class JudgeFailed:
    """The grader itself failed.

    Attributes:
        trace: String, the traceback.
    """

    trace: str


@dataclasses.dataclass(frozen=True, slots=True)
class Examined:
    """A script was examined.

    Attributes:
        examination: Dict of plain data, see `graders.examination.Examination`.
    """

    examination: dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Finished:
    """All checks have run; nothing comes after it.

    Attributes:
        code: Integer, pytest's exit code.
    """

    code: int


JudgeEvent = (
    CheckStarted
    | CheckEnded
    | Progress
    | Training
    | Printed
    | EvidenceGathered
    | DataUnavailable
    | Interrupted
    | JudgeFailed
    | Examined
    | Finished
)
KINDS: dict[str, type] = {kind.__name__: kind for kind in get_args(JudgeEvent)}


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= MAX_EPOCHS


def _is_loss(value: Any) -> TypeGuard[float | None]:
    return value is None or (type(value) is float and math.isfinite(value))


def _is_share(value: Any) -> TypeGuard[float | None]:
    return value is None or (type(value) is float and 0 <= value <= 1)


def _is_text(limit: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and len(value) <= limit


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


# What each field of an event has to be.
FITS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("check", "kind"), _is_text(MAX_NAME)),
    **dict.fromkeys(("message", "text", "reason", "trace", "reproduce"), _is_text(MAX_TEXT)),
    **dict.fromkeys(("epoch", "epochs"), _is_count),
    "loss": _is_loss,
    "accuracy": _is_share,
    "outcome": lambda value: isinstance(value, str) and value in get_args(Outcome),
    "lines": lambda value: type(value) is int and 0 <= value <= MOST_LINES,
    "seconds": lambda value: isinstance(value, int | float) and math.isfinite(value) and value >= 0,
    "begins": lambda value: type(value) is bool,
    "evidence": _is_table,
    "examination": _is_table,
    "code": lambda value: type(value) is int,
    "line": lambda value: value is None or (type(value) is int and 0 < value <= MAX_LINE),
    "hints": lambda value: (
        isinstance(value, list | tuple)
        and len(value) <= MAX_HINTS
        and all(isinstance(hint, str) and 0 < len(hint) <= MAX_HINT for hint in value)
    ),
}


def pack(event: JudgeEvent) -> dict[str, Any]:
    """Turns an event into plain data for the wire; text that is too long is cut.

    Args:
        event: One of `JudgeEvent`.

    Returns:
        Dict.
    """
    found: dict[str, Any] = {"event": type(event).__name__}
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        if field.name == "trace":
            # The end of a traceback names the error.
            value = value[-MAX_TEXT:]
        found[field.name] = value[:MAX_TEXT] if isinstance(value, str) else value
    return found


def unpack(found: Any) -> JudgeEvent:
    """Makes an event of what `pack` returned.

    Args:
        found: Anything off the wire.

    Raises:
        ValueError: If it is no event, or if a field is missing, added, or of another kind.
    """
    if not isinstance(found, dict):
        raise ValueError(f"an event is a dict. Received: {type(found).__name__}")
    name = found.get("event")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"there is no such event. Received: {str(name)[:MAX_NAME]!r}")
    names = {field.name for field in dataclasses.fields(kind)}
    if names | {"event"} != set(found):
        raise ValueError(f"{name} has the fields {sorted(names)}. Received: {list(found)[:20]}")
    for field in names:
        if not FITS[field](found[field]):
            raise ValueError(f"{name}.{field} does not fit. Received: {str(found[field])[:80]!r}")
    fields = {field: found[field] for field in names}
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()})

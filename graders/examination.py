"""What was found in a script: plain data, from the process that examined it to what shows it."""

from __future__ import annotations

import dataclasses
from typing import Any

from graders.printable import printable

MOST, TEXT = 200, 4000

# Why no repair is tried, after the name of the check that failed.
NO_TRAINING = (
    "{} is not about what a training reaches, and no repair of a training is for it: its message "
    "tells what to look at."
)


@dataclasses.dataclass(frozen=True)
class Fault:
    """One thing that is wrong, or may be.

    Attributes:
        id: String, the name of the rule.
        message: String.
        line: Integer, of the text that was run; 0 if not known.
        code: String, what stands there; empty if not known.
        doc: String, an address; empty if there is none.
        tried: String, what a repair reached; empty if none was tried.
    """

    id: str
    message: str
    line: int = 0
    code: str = ""
    doc: str = ""
    tried: str = ""

    @classmethod
    def read(cls, found: Any) -> Fault:
        """Reads plain data; raises `ValueError` if it is none."""
        if not isinstance(found, dict):
            raise ValueError("no fault")
        words = {key: found.get(key, "") for key in ("id", "message", "code", "doc", "tried")}
        line = found.get("line", 0)
        if type(line) is not int or not all(isinstance(word, str) for word in words.values()):
            raise ValueError("no fault")
        return cls(line=line, **{key: printable(word, TEXT) for key, word in words.items()})


@dataclasses.dataclass(frozen=True)
class Examination:
    """What was found in a script.

    Attributes:
        faults: Tuple of `Fault`, in the order of mentioning.
        remarks: Tuple of `Fault`, what may be wrong.
        changed: Tuple of `Fault`, what was translated or replaced so that it runs here.
        trouble: String, why it could not be examined, or not to its end; empty if it could.
        trainings: Integer, how many trainings were seen.
        seen: String, what was seen of the training: epochs and seconds.
        little: Boolean, whether that is too little to tell how the training goes.
    """

    faults: tuple[Fault, ...] = ()
    remarks: tuple[Fault, ...] = ()
    changed: tuple[Fault, ...] = ()
    trouble: str = ""
    trainings: int = 0
    seen: str = ""
    little: bool = False

    @classmethod
    def read(cls, found: Any) -> Examination:
        """Reads what `plain` returned.

        Args:
            found: Anything off the wire.

        Raises:
            ValueError: If it is nothing of the kind.
        """
        if not isinstance(found, dict):
            raise ValueError("no examination")
        lists: dict[str, tuple[Fault, ...]] = {}
        for key in ("faults", "remarks", "changed"):
            rows = found.get(key)
            if not isinstance(rows, list | tuple) or len(rows) > MOST:
                raise ValueError(f"no {key}")
            lists[key] = tuple(Fault.read(row) for row in rows)
        trouble, seen, trainings = (found.get(key) for key in ("trouble", "seen", "trainings"))
        if not isinstance(trouble, str) or not isinstance(seen, str) or type(trainings) is not int:
            raise ValueError("no examination")
        return cls(
            **lists,
            trouble=printable(trouble, TEXT),
            trainings=trainings,
            seen=printable(seen, TEXT),
            little=found.get("little") is True,
        )

    def plain(self) -> dict[str, Any]:
        """Returns it as plain data."""
        return dataclasses.asdict(self)

"""Why a mutant may survive: what people found, in `survivors.toml`, by the mutant's id.

    ["cnn:change-constant:build_model:Dense.arg1=65"]
    verdict = "acceptable"
    why = "A layer of another size is right work."

`verdict` is `equivalent` (no program could tell the two apart), `acceptable` (still right work) or
`weak` (a check is missing). An id may be a pattern (`*` stands for anything); an exact one goes first.
`change`, where given, must be the mutant's: an explanation does not pass over to another fault.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import tomllib
from pathlib import Path

FILE = Path(__file__).resolve().parent / "survivors.toml"
VERDICTS = ("equivalent", "acceptable", "weak")


class BrokenExplanation(ValueError):
    """An entry of `survivors.toml` that does not say what it must."""


@dataclasses.dataclass(frozen=True)
class Explanation:
    """Why one or more mutants survive.

    Attributes:
        pattern: String, the id, or a pattern of ids.
        verdict: String, one of `VERDICTS`.
        why: String, a sentence.
        change: String, the change that is explained; empty for any.
    """

    pattern: str
    verdict: str
    why: str
    change: str = ""

    def fits(self, mutant: str, change: str) -> bool:
        """Says whether this explains a mutant."""
        if self.change and self.change != change:
            return False
        return fnmatch.fnmatchcase(mutant, self.pattern)


def load(path: Path = FILE) -> list[Explanation]:
    """Reads the explanations, exact ids first.

    Raises:
        BrokenExplanation: If the file is no TOML, or an entry lacks its verdict or its reason.
    """
    if not path.exists():
        return []
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BrokenExplanation(f"{path.name}: {error}") from None
    explanations = []
    for pattern, entry in found.items():
        known = isinstance(entry, dict) and entry.get("verdict") in VERDICTS
        if not known or not str(entry.get("why", "")).strip():
            raise BrokenExplanation(
                f"{path.name}: {pattern} needs a verdict ({', '.join(VERDICTS)}) and a why."
            )
        if unknown := set(entry) - {"verdict", "why", "change"}:
            raise BrokenExplanation(f"{path.name}: {pattern} has unknown keys {sorted(unknown)}.")
        explanations.append(
            Explanation(pattern, entry["verdict"], entry["why"], entry.get("change", ""))
        )
    return sorted(explanations, key=lambda e: "*" in e.pattern)


def explain(explanations: list[Explanation], mutant: str, change: str) -> Explanation | None:
    """Returns the first explanation that fits a mutant, or `None`."""
    return next((e for e in explanations if e.fits(mutant, change)), None)

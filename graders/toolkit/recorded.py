"""What a probe noted while the submission's code ran, and what the checks ask of it.

A probe runs beside the student's code, so what it sends is a claim: it is parsed where it comes in,
by the readers that `Submission.run` takes.
"""

from __future__ import annotations

from typing import Any

from graders.checking import Changes, Uses, fail
from graders.rebuilt.claims import Run, Watched, WatchedModel
from graders.rebuilt.snapshot import Snapshot

__all__ = [
    "Run",
    "Snapshot",
    "Watched",
    "WatchedModel",
    "check_data",
    "check_policy",
    "text",
    "trained_with",
]


def text(claim: Any) -> str:
    """Parses a string that a probe reports.

    Args:
        claim: Plain data.

    Raises:
        ValueError: If it is none.
    """
    if not isinstance(claim, str):
        raise ValueError(f"{type(claim).__name__} in place of text")
    return claim[:200]


def trained_with(seen: Watched, argument: str, value: str) -> list[WatchedModel]:
    """Lists the trained models whose builder was given a value, in the order of their builds.

    Args:
        seen: `Watched`.
        argument: String, the argument's name.
        value: String, the value.
    """
    return [model for model in seen.models if str(model.arguments.get(argument)) == value]


def check_policy(seen: Watched, function: str, where: str = "build_model") -> None:
    """Fails unless a function left the global dtype policy as it was.

    Args:
        seen: `Watched`, what it did.
        function: String, its name.
        where: String, the function that may set the policy, and sets it back.

    Raises:
        CheckFailed: With the policy that it left.
    """
    if seen.policy_after != seen.policy_before:
        fail(
            f"the global policy {seen.policy_before} to be there again after `{function}`",
            seen.policy_after,
            f"Look for keras.config.set_dtype_policy in {function}: {where} sets it where needed",
            about=(Uses("set_dtype_policy", function), function),
        )


def check_data(seen: Watched, function: str) -> None:
    """Fails unless a function left the arrays that it was given as they were.

    Args:
        seen: `Watched`, what it did.
        function: String, its name.

    Raises:
        CheckFailed: If it changed them.
    """
    if not seen.data_unchanged:
        fail(
            f"`{function}` to leave the arrays that it was given as they are",
            "them changed",
            "Look for an operation in place: the next training gets what this one leaves",
            about=(Changes(function, in_place=True), function),
        )

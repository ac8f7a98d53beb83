"""What a probe noted while the submission's code ran: it is parsed, or the submission has failed.

A probe runs beside the student's code, so what it sends is a claim. One that does not fit was not
made by the probe: something of the submission has put itself in the place of Keras or the sandbox.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from graders.checking import fail
from graders.rebuilt.claims import Watched, WatchedModel
from graders.rebuilt.snapshot import Snapshot

Parsed = TypeVar("Parsed")
ADVICE = "Leave Keras's own classes and the grader's as they are"


def _parse(parse: Callable[[Any], Parsed], claim: Any, expected: str) -> Parsed:
    try:
        return parse(claim)
    except ValueError:
        fail(expected, "something else", ADVICE)


def watched(claim: Any, function: str, builder: str = "build_model") -> Watched:
    """Parses what happened while a function of the submission ran under the recorder.

    Args:
        claim: The answer of a probe that ends in `seen.answer(returned)`.
        function: String, the function that ran.
        builder: String, the function whose models were watched.

    Raises:
        CheckFailed: If it is no such answer.
    """
    return _parse(Watched.from_claim, claim, f"`{function}` to train the models of {builder}")


def snapshot(claim: Any, function: str) -> Snapshot:
    """Parses a snapshot of a model that a probe took with `box.snapshot`.

    Args:
        claim: The snapshot in plain data.
        function: String, the function that built the model.

    Raises:
        CheckFailed: If it is no such answer.
    """
    return _parse(Snapshot.from_claim, claim, f"models of Keras's own layers from `{function}`")


def texts(claim: Any, count: int, what: str) -> list[str]:
    """Parses strings that a probe reports.

    Args:
        claim: A list of strings.
        count: Integer, how many there must be.
        what: String, what they are, in the plural, such as `"names of policies"`.

    Raises:
        CheckFailed: If it is anything else.
    """

    def parse(value: Any) -> list[str]:
        if not isinstance(value, list) or len(value) != count:
            raise ValueError("no list of that length")
        if not all(isinstance(item, str) for item in value):
            raise ValueError("no strings")
        return [item[:200] for item in value]

    return _parse(parse, claim, what)


def trained_with(seen: Watched, argument: str, value: str) -> list[WatchedModel]:
    """Lists the trained models whose builder was given a value, in the order of their builds.

    Args:
        seen: `Watched`.
        argument: String, the argument's name.
        value: String, the value.
    """
    return [model for model in seen.models if str(model.arguments.get(argument)) == value]


def check_untouched(seen: Watched, function: str, where: str = "build_model") -> None:
    """Fails unless a function left the global dtype policy and its data as they were.

    Args:
        seen: `Watched`, what it did.
        function: String, its name.
        where: String, the function that may set the policy, and sets it back.

    Raises:
        CheckFailed: With what it changed.
    """
    if seen.policy_after != seen.policy_before:
        fail(
            f"the global policy {seen.policy_before} to be there again after `{function}`",
            seen.policy_after,
            f"Look for keras.config.set_dtype_policy in {function}: {where} sets it where needed",
        )
    if not seen.data_unchanged:
        fail(
            f"`{function}` to leave the arrays that it was given as they are",
            "them changed",
            "Look for an operation in place: the next training gets what this one leaves",
        )

"""What a live model answers to challenge inputs: the judge compares it with the rebuilt one."""

from __future__ import annotations

import dataclasses
from typing import Any

from graders.boundary import challenge


def answers(model: Any, number: int) -> dict[str, Any]:
    """Asks a live model, which is afterwards what it was.

    Args:
        model: A built Keras model.
        number: Integer, what the inputs are drawn from.

    Returns:
        Dict with `inference`, `training` and `penalty`, see `graders.boundary.challenge.Answers`.
    """
    found = challenge.ask(model, number)
    return {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}

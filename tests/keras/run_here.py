"""Runs the probes of a check in this process, on a class that stands for a submission."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from graders.checking import CheckFailed
from graders.judge.faults import explain
from graders.sandbox.box import Box
from graders.sandbox.errors import WrongAnswer, describe


class Submission:
    """Runs probes in this process.

    Args:
        **made: What the submission defines, by its names.
    """

    def __init__(self, **made: type):
        self.box: Any = Box(None)  # type: ignore[arg-type]
        self.box.student = types.SimpleNamespace(**made)

    def run(self, function: Any, read: Any, /, *, seconds: float, **data: Any) -> Any:
        """Runs a probe; a wrong answer becomes what the judge makes of it."""
        try:
            return read(function(self.box.student, self.box, **data))
        except WrongAnswer as error:
            raise explain(describe(error, "")) from None


def message(check: Any, **made: type) -> str:
    """Returns what a check reports of a submission; empty if it passes.

    Args:
        check: Function of a check file.
        **made: What the submission defines, by its names.
    """
    try:
        check(Submission(**made), np.random.default_rng(0))
    except CheckFailed as failure:
        return str(failure)
    return ""

"""A forgotten `super().__init__` is named where Keras misses an attribute."""

from __future__ import annotations

import pytest

from graders.judge.constructors import explained, without_super

RAISED = "Your code raised AttributeError: 'Mine' object has no attribute 'name'\nIn call."
FORGOTTEN = "class Mine(Base):\n    def __init__(self, **kwargs):\n        self.a = 1\n"


def test_it_is_named() -> None:
    """Between the error and its place."""
    first, told, last = explained(RAISED, without_super(RAISED, FORGOTTEN)).split("\n")
    assert (first, last) == tuple(RAISED.split("\n"))
    assert "never calls super().__init__(**kwargs)" in told and "Mine" in told


@pytest.mark.parametrize(
    "source",
    [
        FORGOTTEN.replace("self.a = 1", "super().__init__(**kwargs)"),
        FORGOTTEN.replace("self.a = 1", "Base.__init__(self, **kwargs)"),
        FORGOTTEN.replace("__init__", "call"),
        FORGOTTEN.replace("Mine", "Other"),
        FORGOTTEN.replace("(Base)", ""),
        "class Mine(",
        "",
    ],
)
def test_other_classes_are_left_alone(source: str) -> None:
    """Those that call it in any way, have no constructor, have no base, or are not there."""
    assert without_super(RAISED, source) == ""


def test_other_errors_are_left_alone() -> None:
    """An attribute of something else is another matter."""
    for message in ("Your code raised ValueError: no", RAISED.replace("Mine", "NoneType")):
        assert without_super(message, FORGOTTEN) == ""

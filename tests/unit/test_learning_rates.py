"""Learning rates that explain why nothing was learned."""

from __future__ import annotations

from typing import Any

import pytest

from graders.toolkit.learning_rates import unusual


@pytest.mark.parametrize(
    ("name", "rate", "words"),
    [
        ("Adam", 1.0, "it is 1, and Adam usually learns with 0.001"),
        ("Adam", 1e-6, "it is 1e-06, and Adam"),
        ("SGD", 3.0, "it is 3, and SGD usually learns with 0.01"),
        ("RMSprop", -0.001, "it is -0.001"),
        ("Adam", 0.01, ""),
        ("SGD", 0.5, ""),
        ("SGD", 0.001, ""),
        ("Adadelta", 1.0, ""),
        ("Mine", 9.0, ""),
        ("Adam", float("nan"), ""),
        ("Adam", None, ""),
    ],
)
def test_only_what_hardly_ever_learns_is_named(name: str, rate: Any, words: str) -> None:
    """Each kind of optimizer has its own bounds; one that nobody knows has none."""
    found = unusual({"class_name": name, "learning_rate": rate})
    assert words in found and bool(words) == bool(found)


def test_no_optimizer_explains_nothing() -> None:
    """A model that was never compiled has none."""
    assert unusual(None) == ""

"""Python's `help` knows what the kit names of it."""

from __future__ import annotations

import functools
import inspect

import keras
import pytest

from graders.reports.further import HELP


@pytest.mark.parametrize("name", sorted(set(HELP.values())))
def test_help_shows_something(name: str) -> None:
    """Each name is one of Keras's, with a text to read."""
    package, *parts = name.split(".")
    assert package == "keras"
    assert len(inspect.getdoc(functools.reduce(getattr, parts, keras)) or "") > 80

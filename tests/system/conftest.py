"""Fixtures of the tests that start processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system import planting, probes


@pytest.fixture(scope="session")
def planted() -> Iterator[probes.Planted]:
    """What the probes of a sandbox look for, put outside of it."""
    with planting.planted() as found:
        yield found

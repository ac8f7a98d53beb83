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


@pytest.fixture(scope="session")
def factory(planted: probes.Planted) -> Iterator[planting.Factory]:
    """Starts warm processes from which chosen walls are missing; imports once for all of them."""
    made = planting.Factory(planted)
    yield made
    made.close()

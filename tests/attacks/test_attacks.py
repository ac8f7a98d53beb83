"""The attack corpus at each level that this machine has: nothing gained, no trace, no harm."""

from __future__ import annotations

import functools
from collections import Counter
from typing import Any

import pytest

from tests.attacks import case, claims
from tests.attacks.__main__ import KINDS, run, why_not

# A level's attacks take ten minutes on two slow cores, and others run beside them. The limit is
# against a hang alone: each attack has its own.
SECONDS = 1500
pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(SECONDS + 120)]

# Each level, and whether as a normal user: root becomes one for that.
PLACES = [
    ("namespaces", False),
    ("landlock", False),
    ("user", False),
    ("namespaces", True),
    ("landlock", True),
]
# Attacks on trusted code meet no wall: one level is enough. They are shared out among those there are.
ANYWHERE = ("claims", "wire", "config", "grader", "source", "text")
WALLS = [kind for kind in KINDS if kind not in ANYWHERE]
# What is the same for every user is attacked as root only.
AS_NOBODY = ("files", "network", "processes")
ROWS = [
    (level, as_nobody, kind)
    for level, as_nobody in PLACES
    for kind in (AS_NOBODY if as_nobody else WALLS)
]


@functools.cache
def _reason(level: str, as_nobody: bool) -> str:
    return why_not(level, as_nobody)


def _home_of(kind: str) -> str:
    """Returns the level at which attacks are run that meet no wall; empty if there is none."""
    there = [level for level, as_nobody in PLACES if not as_nobody and not _reason(level, False)]
    return there[ANYWHERE.index(kind) % len(there)] if there else ""


@functools.cache
def _results(level: str, as_nobody: bool) -> list[dict[str, Any]]:
    """Runs all kinds of a level at once: starting a runner takes longer than most attacks."""
    shared = [kind for kind in ANYWHERE if not as_nobody and _home_of(kind) == level]
    kinds = [*AS_NOBODY] if as_nobody else [*WALLS, *shared]
    return run(level, kinds, as_nobody=as_nobody, seconds=SECONDS)


def _check(level: str, as_nobody: bool, kind: str) -> None:
    """Fails if an attack of a kind got through, or if none was run."""
    found = [
        result
        for result in _results(level, as_nobody)
        # A name without a kind is about all of them: the harness did not start, or did not end.
        if result["name"].split("/")[0] == kind or "/" not in result["name"]
    ]
    through = {result["name"]: result["problems"] for result in found if result["problems"]}
    assert through == {}
    assert len(found) > 1, "no attack was run"


def _named(value: Any) -> str:
    return ("as nobody" if value else "") if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(("level", "as_nobody", "kind"), ROWS, ids=_named)
def test_attacks_get_nothing(level: str, as_nobody: bool, kind: str) -> None:
    """No attack of this kind earns more than it may, leaves a trace, or harms a bystander."""
    if reason := _reason(level, as_nobody):
        pytest.skip(reason)
    _check(level, as_nobody, kind)


@pytest.mark.parametrize("kind", ANYWHERE)
def test_claims_get_nothing(kind: str) -> None:
    """No attack of this kind on trusted code earns more than it may, or stops it."""
    level = _home_of(kind)
    if not level:
        pytest.skip(_reason("namespaces", False))
    _check(level, False, kind)


def test_the_corpus_is_large_enough() -> None:
    """There are at least 60 attacks, and some of each kind, beside forged answers."""
    found = case.attacks()
    assert len(found) >= 60
    assert min(Counter(attack.folder for attack in found).values()) >= 5
    assert len(claims.forgeries(False, "")) >= 20


def test_names_are_unique() -> None:
    """A name that fails names one attack."""
    names = [attack.name for attack in [*case.attacks(), *claims.forgeries(True, "")]]
    assert len(names) == len(set(names))


def test_a_head_without_a_limit_is_refused() -> None:
    """An attack that names no most points would pass whatever it earned."""
    with pytest.raises(case.BadHead, match="MAX"):
        case.read_head('"""AIM: something\nKIND: gain\n"""', "an attack")

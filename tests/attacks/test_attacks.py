"""The attack corpus at each level that this machine has: nothing gained, no trace, no harm."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.attacks import case, claims
from tests.attacks.__main__ import KINDS, run, why_not

pytestmark = [pytest.mark.system, pytest.mark.slow]

# Each level, and whether as a normal user: root becomes one for that.
PLACES = [
    ("namespaces", False),
    ("landlock", False),
    ("user", False),
    ("namespaces", True),
    ("landlock", True),
]
# What is the same for every user is attacked as root only.
AS_NOBODY = ("level", "descriptors", "files", "network", "privileges", "processes")
ROWS = [
    (level, as_nobody, kind)
    for level, as_nobody in PLACES
    for kind in KINDS
    if not as_nobody or kind in AS_NOBODY
]


def _named(value: Any) -> str:
    return ("as nobody" if value else "") if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(("level", "as_nobody", "kind"), ROWS, ids=_named)
def test_attacks_get_nothing(level: str, as_nobody: bool, kind: str) -> None:
    """No attack of this kind earns more than it may, leaves a trace, or harms a bystander."""
    if reason := why_not(level, as_nobody):
        pytest.skip(reason)
    found = run(level, [kind], as_nobody=as_nobody, seconds=840)
    through = {result["name"]: result["problems"] for result in found if result["problems"]}
    assert through == {}
    assert len(found) > 1, "no attack was run"


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

"""What a sandbox tells of validation data, weights and losses is parsed, or refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from graders.diagnosis import claims

ARRAY = {"dtype": "float32", "shape": [4, 2], "sample": np.zeros((4, 2)), "values": None}


def told(**fit: Any) -> dict[str, Any]:
    """Returns what a sandbox tells before a training."""
    model: dict[str, Any] = {"layers": [], "tail": [], "snapshot": None}
    return {"at": "fit", "notes": [], "fit": {"how": "fit", "line": 1, "model": model, **fit}}


def held(**more: Any) -> dict[str, Any]:
    """Returns what it tells of validation data."""
    return told(held={"x": {"x": ARRAY}, "y": {**ARRAY, "shape": [4, 1]}, **more})


def test_validation_data_are_read() -> None:
    """No more rows are found than were looked for; shares are shares."""
    facts = claims.point(held(rows=4, twins=9, repeated=7.0)).facts
    assert facts is not None and facts.held is not None
    assert (facts.held.rows, facts.held.twins, facts.held.repeated) == (4, 4, 1.0)
    assert facts.held.inputs[0].shape == (4, 2) and facts.held.labels.shape == (4, 1)
    split = claims.point(told(split=0.25)).facts
    assert split is not None and split.fit.split == 0.25 and split.held is None


def test_callbacks_and_earlier_trainings_are_read() -> None:
    """What is not told is not there; only `True` is true."""
    each = {"kind": "EarlyStopping", "monitor": "val_loss", "mode": "auto", "line": 3}
    facts = claims.point(told(watching=[each], again=1)).facts
    assert facts is not None and not facts.fit.again
    assert [m.monitor for m in facts.fit.watching] == ["val_loss"]
    plain = claims.point(told(again=True)).facts
    assert plain is not None and plain.fit.again and plain.fit.watching == ()


@pytest.mark.parametrize(
    "claim",
    [
        held(rows=-1),
        held(twins=1.5),
        held(repeated=math.nan),
        held(repeated="1"),
        told(split=math.inf),
        told(held=[1]),
        told(watching=[{"kind": "EarlyStopping", "monitor": 3, "mode": "min", "line": 1}]),
        told(watching={}),
        told(held={"x": {}, "y": None}),
    ],
    ids=[
        "negative",
        "broken",
        "nan",
        "text",
        "infinite",
        "list",
        "monitor",
        "monitors",
        "no labels",
    ],
)
def test_what_is_nothing_of_the_kind_is_refused(claim: dict[str, Any]) -> None:
    """It is no point of a script."""
    with pytest.raises(ValueError):
        claims.point(claim)


def trained(**more: Any) -> dict[str, Any]:
    """Returns what a sandbox tells after a training."""
    left = {"history": {"loss": [1.0]}, "epochs": 1, "steps": 4, **more}
    return {"at": "trained", "notes": [], "trained": left}


def test_weights_without_a_gradient_and_a_loss_on_other_data_are_read() -> None:
    """Paths are cut to a length; a loss may be infinite, as Keras's may."""
    point = claims.point({**trained(unreached=["a/" * 90]), "evaluated": math.inf})
    assert point.trained is not None and len(point.trained.unreached[0]) == claims.NAME
    assert point.evaluated == math.inf
    for wrong in ({**trained(), "evaluated": "0.1"}, trained(unreached=[1]), trained(unreached=3)):
        with pytest.raises(ValueError):
            claims.point(wrong)

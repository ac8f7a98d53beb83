"""What a sweep sends back is a claim: whatever it is, it is read or is the submission's fault."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graders.checking import CheckFailed
from graders.toolkit.softmax_regression import Weights, accuracy
from graders.toolkit.sweeps import Asked, Choice, Pair, Row, Sweep

COUNT = 5
RNG = np.random.default_rng(0)
DATA = (RNG.random((COUNT, 2, 2, 1)).astype("float32"), np.array([0, 1, 2, 0, 1]))
START = Weights(RNG.normal(size=(4, 3)).astype("float32"), np.zeros(3, "float32"))
ASKED = Asked(DATA, DATA, START, rates=[0.1, 1e-7], sizes=[2, 3], epochs=2)
HISTORY = [0.25, 0.5]


def row(**changes: Any) -> dict[str, Any]:
    """Returns an honest row, with parts replaced."""
    honest = {"learning_rate": 0.1, "batch_size": 2, "val_accuracy": 0.5, "history": HISTORY}
    return honest | changes


def model(pair: Pair, **changes: Any) -> dict[str, Any]:
    """Returns the honest notes of a model that was trained for a pair, with parts replaced."""
    full, rest = divmod(COUNT, pair.size)
    sizes = np.array(([pair.size] * full + [rest]) * 2)
    return {
        "asked": pair.rate,
        "seen": np.arange(2 * COUNT) % COUNT,
        "sizes": sizes,
        "rates": np.full(len(sizes), pair.rate),
        "state_at": np.array([0, 5, 10]),
        "kernels": np.stack([START.kernel, START.kernel * 2, START.kernel * -1]),
        "biases": np.stack([START.bias] * 3),
    } | changes


def claim(**changes: Any) -> dict[str, Any]:
    """Returns the honest answer to a sweep over the grid, with parts replaced."""
    pairs = ASKED.pairs
    return {
        "returned": "list",
        "value": [row(learning_rate=pair.rate, batch_size=pair.size) for pair in pairs],
        "seconds": 1.5,
        "policies": ["float32", "float32"],
        "data_unchanged": True,
        "models": [],
        "builds": [model(pair) for pair in pairs],
        "untrained": 1,
    } | changes


def sweep(**changes: Any) -> Sweep:
    """Reads an answer with parts replaced."""
    return Sweep.from_claim(claim(**changes), ASKED)


# --- an honest sweep ----------------------------------------------------------------------------


def test_an_honest_sweep_is_read() -> None:
    """Each pair has its row, its model and its curve."""
    found = sweep()
    assert (found.data_unchanged, found.untrained, len(found.models)) == (True, 1, 4)
    assert str(ASKED.pairs[0]) == "learning rate 0.1 with batch size 2"
    for pair in ASKED.pairs:
        assert found.row_of(pair) == Row(pair.rate, pair.size, 0.5, HISTORY)
        assert (found.model_of(pair).rate, found.model_of(pair).size) == pair
        after = [Weights(START.kernel * factor, START.bias) for factor in (2, -1)]
        assert found.curve_of(pair) == [accuracy(weights, DATA) for weights in after]


def test_batches_are_the_steps() -> None:
    """What was seen is parted by the sizes of the batches."""
    batches = sweep().model_of(Pair(0.1, 3)).batches
    assert [batch.tolist() for batch in batches] == [[0, 1, 2], [3, 4]] * 2


def test_a_rate_may_pass_through_float32() -> None:
    """Rates that differ in the eighth digit are the same."""
    rounded = float(np.float32(0.1))
    pair = Pair(0.1, 2)
    notes = model(pair, rates=np.full(6, rounded))
    found = sweep(builds=[notes], value=[row(learning_rate=rounded)])
    assert found.rate_of(found.models[0]) == 0.1
    assert found.row_of(pair).learning_rate == rounded
    assert sweep(builds=[model(pair, rates=np.full(6, 0.1001))]).models_at(0.1) == []


@pytest.mark.parametrize("weights", [np.nan, np.inf])
def test_a_training_that_diverged_is_read(weights: float) -> None:
    """Weights need not be finite: the accuracy is poor, and no error."""
    notes = model(Pair(0.1, 2), kernels=np.full((3, 4, 3), weights, "float32"))
    assert len(sweep(builds=[notes]).curve_of(Pair(0.1, 2))) == 2


@pytest.mark.parametrize("question", ["row_of", "model_of", "curve_of"])
def test_what_is_not_there_is_the_submissions_fault(question: str) -> None:
    """A pair without row, model or weights fails, and raises nothing else."""
    found = sweep(value=[row(batch_size=7)], builds=[])
    with pytest.raises(CheckFailed):
        getattr(found, question)(Pair(0.1, 2))


def test_weights_that_were_not_noted() -> None:
    """Batches that reach across an epoch leave no weights at its end."""
    pair = Pair(0.1, 2)
    notes = model(pair, state_at=np.array([0, 4, 10]))
    with pytest.raises(CheckFailed, match="between the epochs"):
        sweep(builds=[notes]).curve_of(pair)


# --- notes that are none ------------------------------------------------------------------------

NOTES = model(Pair(0.1, 2))
FORGED: dict[str, dict[str, Any]] = {
    "asked": {"asked": "0.1"},
    "asked too large": {"asked": 10**400},
    "a list": {"seen": list(range(10))},
    "floats": {"seen": NOTES["seen"].astype("float64")},
    "two axes": {"seen": NOTES["seen"][:, None]},
    "no such example": {"seen": np.where(NOTES["seen"] == 4, COUNT, NOTES["seen"])},
    "before the first": {"seen": NOTES["seen"] - 2},
    "nothing seen": {
        "seen": np.zeros(0, "int64"),
        "sizes": np.zeros(6, "int64"),
        "state_at": np.zeros(1, "int64"),
        "kernels": NOTES["kernels"][:1],
        "biases": NOTES["biases"][:1],
    },
    "sizes beyond": {"sizes": np.array([2, 2, 1, 2, 2, 2])},
    "sizes below 0": {"sizes": np.array([10, 1, -1, 0, 0, 0])},
    "sizes that come round": {"sizes": np.array([2**62, 2**62, 2**62, 2**62, 10, 0])},
    "other sizes": {"sizes": np.array([5, 5])},
    "rates missing": {"rates": np.full(5, 0.1)},
    "rates in single": {"rates": np.full(6, 0.1, "float32")},
    "rates NaN": {"rates": np.full(6, np.nan)},
    "no states": {
        "state_at": np.zeros(0, "int64"),
        "kernels": np.zeros((0, 4, 3), "float32"),
        "biases": np.zeros((0, 3), "float32"),
    },
    "late start": {"state_at": np.array([1, 5, 10])},
    "twice": {"state_at": np.array([0, 5, 5])},
    "back": {"state_at": np.array([0, 10, 5])},
    "after the end": {"state_at": np.array([0, 5, 11])},
    "states missing": {"state_at": np.array([0, 5])},
    "kernels of another shape": {"kernels": np.zeros((3, 4, 2), "float32")},
    "kernels flat": {"kernels": np.zeros((3, 12), "float32")},
    "kernels in double": {"kernels": NOTES["kernels"].astype("float64")},
    "biases missing": {"biases": NOTES["biases"][:2]},
    "biases of another shape": {"biases": np.zeros((3, 4), "float32")},
}


@pytest.mark.parametrize("name", FORGED)
def test_notes_that_do_not_fit_are_the_submissions_fault(name: str) -> None:
    """Each wrong type, size or range is found, and nothing else is raised."""
    with pytest.raises(ValueError, match=r"\w"):
        sweep(builds=[NOTES | FORGED[name]])


@pytest.mark.parametrize("key", NOTES)
def test_notes_without_a_part(key: str) -> None:
    """No part of the notes may be missing."""
    with pytest.raises(ValueError, match=r"\w"):
        sweep(builds=[{name: NOTES[name] for name in NOTES if name != key}])


@pytest.mark.parametrize("odd", [None, 3, "x", [], {}, np.zeros(3), [None], [[]]])
@pytest.mark.parametrize("key", [None, "builds", "untrained", "policies", "data_unchanged"])
def test_answers_that_are_none(key: str | None, odd: Any) -> None:
    """Whatever stands in the place of a part, or of the whole, is read or fails."""
    try:
        found = Sweep.from_claim(odd if key is None else claim(**{key: odd}), ASKED)
    except ValueError:
        return
    # What is left may be right: no model was trained, say.
    assert (key, odd) in [("builds", []), ("untrained", 3)]
    assert isinstance(found.models, tuple)


# --- rows ---------------------------------------------------------------------------------------

ODD_ROWS: dict[str, tuple[Any, str]] = {
    "a number": (3, "Found int in the list"),
    "a list": ([1], "Found list in the list"),
    "an object": ({"kind": "History"}, "Found History in the list"),
    "no dict": (None, "Found None in the list"),
    "an array": (np.zeros(2), "Found ndarray in the list"),
    "no keys": ({}, "it has none"),
    "a key missing": ({k: v for k, v in row().items() if k != "history"}, "without history"),
    "text": (row(learning_rate="0.1"), "'learning_rate'. Found str"),
    "a flag": (row(batch_size=True), "'batch_size'. Found bool"),
    "a list for a number": (row(val_accuracy=[0.5]), "'val_accuracy'. Found list"),
    "a tensor": (row(val_accuracy={"kind": "EagerTensor"}), "Found EagerTensor"),
    "400 digits": (row(learning_rate=10**400), "Found a number that is too large"),
    "5000 digits": (row(batch_size=10**5000), "Found a number that is too large"),
    "infinity": (row(val_accuracy=float("inf")), "Found a number that is too large"),
    "an array for a number": (row(val_accuracy=np.ones(2)), "Found ndarray"),
    "history is an object": (row(history={"kind": "History"}), "Found History"),
    "history is a dict": (row(history={"loss": [1.0]}), "Found dict"),
    "history is a number": (row(history=0.5), "Found float."),
    "history of text": (row(history=["0.5"]), "Found str in the list"),
    "history of large numbers": (row(history=[10**400]), "too large in the list"),
}


@pytest.mark.parametrize("name", ODD_ROWS)
def test_rows_that_are_none(name: str) -> None:
    """Each is named in a student's words."""
    value, words = ODD_ROWS[name]
    with pytest.raises(CheckFailed) as failed:
        _ = sweep(value=[row(), value]).rows
    assert words in str(failed.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"returned": "NoneType", "value": None}, "is a `return` missing"),
        ({"returned": "dict", "value": {}}, "Found dict"),
        ({"returned": "list", "value": None}, "Found list"),
        ({"value": []}, "an empty list"),
    ],
)
def test_what_is_no_list_of_rows(changes: dict[str, Any], words: str) -> None:
    """What is returned in the place of a list is named."""
    with pytest.raises(CheckFailed, match=words):
        _ = sweep(**changes).rows


def test_a_row_may_hold_more() -> None:
    """Other keys are left alone, and whole numbers and NaN are numbers."""
    found = Row.read(row(val_loss={"kind": "x"}, batch_size=2.0, val_accuracy=float("nan")))
    assert found.belongs_to(Pair(0.1, 2))
    assert not found.belongs_to(Pair(0.1, 3))
    assert not found.belongs_to(Pair(0.2, 2))


# --- what best returned -------------------------------------------------------------------------


def test_an_honest_choice_is_read() -> None:
    """The row, its type, and whether the list stayed."""
    found = Choice.from_claim({"kind": "dict", "row": row(), "unchanged": True})
    assert found == Choice("dict", row(), True)


ODD_ROWS_CHOSEN: list[Any] = [
    None,
    1,
    np.zeros(2),
    row(val_accuracy=np.ones(2)),
    row(history=np.ones(2)),
    row(history=[np.ones(2)]),
    row(more=1),
    {"kind": "History"},
]


@pytest.mark.parametrize("chosen", ODD_ROWS_CHOSEN)
def test_a_choice_that_is_no_row(chosen: Any) -> None:
    """It can be compared with rows, and is none of them."""
    found = Choice.from_claim({"kind": "dict", "row": chosen, "unchanged": True})
    assert found == Choice("dict", None, True)


NO_CHOICES: list[Any] = [
    1,
    None,
    np.zeros(2),
    {},
    {"kind": "dict", "row": row()},
    {"kind": ["dict"], "row": row(), "unchanged": True},
    {"kind": "dict", "row": row(), "unchanged": np.array(True)},
    {"kind": "dict", "row": row(), "unchanged": 1},
]


@pytest.mark.parametrize("claimed", NO_CHOICES)
def test_answers_that_are_no_choice(claimed: Any) -> None:
    """Without a type, or without a word on the list, it is no answer."""
    with pytest.raises(ValueError, match="no answer for a list of rows"):
        Choice.from_claim(claimed)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_there_is_one_choice_for_each_list(count: int) -> None:
    """Fewer answers than lists, and more of them, are none."""
    answer = {"kind": "dict", "row": row(), "unchanged": True}
    assert len(Choice.of_lists([answer] * 2, 2)) == 2
    with pytest.raises(ValueError, match="one answer for each list"):
        Choice.of_lists([answer] * count, 2)


def test_a_long_history_is_cut() -> None:
    """More epochs than anybody asks for are not kept."""
    assert len(Row.read(row(history=[0.5] * 5000)).history) == 1000

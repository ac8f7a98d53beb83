"""What a sandbox measured of a loss is read into dataclasses, or is the submission's fault."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graders.toolkit.measured import compiled_losses, copied_loss, loss_values

BATCH = (3, 2)
GRADIENT = np.zeros(BATCH)
LOSS = {"name": "mine", "reduction": "sum", "value": np.float32(2.0)}


@pytest.mark.parametrize("gradient", [GRADIENT, None])
def test_loss_values(gradient: Any) -> None:
    """Values of any shape are read, with a gradient or without."""
    [found] = loss_values([{"value": np.ones(3), "gradient": gradient}], [BATCH])
    np.testing.assert_array_equal(found.value, np.ones(3))
    assert (found.gradient is None) is (gradient is None)


@pytest.mark.parametrize(
    "claim",
    [
        None,
        {},
        [],
        [None],
        [{"value": 1.0}, {"value": 1.0}],
        [{}],
        [{"value": "1"}],
        [{"value": np.array(["1"])}],
        [{"value": 1.0, "gradient": "none"}],
        [{"value": 1.0, "gradient": np.zeros(3)}],
    ],
)
def test_other_values_are_the_submissions_fault(claim: Any) -> None:
    """Another number of batches, text, or a gradient of another shape is none."""
    with pytest.raises(ValueError, match="no loss for each batch"):
        loss_values(claim, [BATCH])


def test_copied_loss() -> None:
    """The first loss is the original, the others are its copies."""
    found = copied_loss({"keys": ["name"], "losses": [LOSS, *[{**LOSS, "name": "copy"}] * 2]})
    assert found.keys == ("name",)
    assert found.original.name == "mine"
    assert [copy.name for copy in found.copies] == ["copy"] * 2
    assert found.copies[0].reduction == "sum"
    assert found.copies[0].value == 2.0


def test_long_names_are_cut() -> None:
    """A config with many long keys does not fill the message."""
    found = copied_loss({"keys": ["k" * 500] * 500, "losses": [{**LOSS, "name": "n" * 500}] * 3})
    assert found.keys == ("k" * 30,) * 12
    assert found.original.name == "n" * 100


@pytest.mark.parametrize(
    "claim",
    [
        None,
        [],
        {},
        {"keys": [], "losses": []},
        {"keys": [], "losses": [LOSS]},
        {"keys": [], "losses": [LOSS] * 2},
        {"keys": [], "losses": [LOSS] * 4},
        {"keys": None, "losses": [LOSS] * 3},
        {"keys": [1], "losses": [LOSS] * 3},
        {"keys": [], "losses": [LOSS, LOSS, None]},
        {"keys": [], "losses": [LOSS, LOSS, {"name": "no value"}]},
        {"keys": [], "losses": [LOSS, LOSS, {**LOSS, "name": 3}]},
    ],
)
def test_other_copies_are_the_submissions_fault(claim: Any) -> None:
    """Without a copy, or with one that gives no number, it is none."""
    with pytest.raises(ValueError, match="no loss for each batch"):
        copied_loss(claim)


def test_compiled_losses() -> None:
    """One number for each batch, and NaN for what is no single number."""
    first, second = compiled_losses([np.float32(2.0), np.zeros(3)], 2)
    assert first == 2.0
    assert np.isnan(second)


@pytest.mark.parametrize("claim", [None, [], [1.0], [1.0, 2.0, 3.0], [1.0, "2"], {"0": 1.0}])
def test_other_losses_of_a_model_are_the_submissions_fault(claim: Any) -> None:
    """Another number of losses, or text, is none."""
    with pytest.raises(ValueError, match="no loss for each batch"):
        compiled_losses(claim, 2)

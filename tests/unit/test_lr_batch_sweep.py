"""What `lr_batch_sweep` says of a wrong val_accuracy is true."""

from __future__ import annotations

import pytest

from graders.checks.optimization import lr_batch_sweep as task
from graders.toolkit.sweeps import Row

FALLS, FLAT = [0.9, 0.8, 0.5], [0.76, 0.76, 0.76]
ON_TRAINING = [0.4, 0.6, 0.97]
BEST = "that of the best epoch"
LAST, SO_FAR = "history[-1]", "the best accuracy so far"


@pytest.mark.parametrize(
    ("val_accuracy", "history", "curve", "found", "advice"),
    [
        (0.97, ON_TRAINING, FALLS, "the accuracy on train_data", "validation_data in fit"),
        (0.97, [0.4, 0.2, 0.97], FALLS, "", 'of a History, "val_accuracy"'),
        (0.9, FALLS, FALLS, BEST, LAST),
        (0.9, [0.9, 0.9, 0.9], FALLS, BEST, SO_FAR),
        # The accuracy of something else, beside a curve that never falls: no best epoch's.
        (0.013, FLAT, FLAT, "", ""),
        (0.013, [0.9, 0.9, 0.9], FALLS, "", ""),
        (0.3, [0.1, 0.3], FALLS, "", 'of a History, "val_accuracy"'),
        (0.3, [], FALLS, "", ""),
    ],
)
def test_what_a_wrong_accuracy_is(val_accuracy, history, curve, found, advice) -> None:
    """The best epoch's accuracy is named only where it was reported."""
    row = Row(0.1, 8, val_accuracy, history)
    named, look = task._what_it_is(row, curve, ON_TRAINING)
    assert (found in named, bool(named)) == (True, bool(found))
    assert (advice in look, bool(look)) == (True, bool(advice))

"""A model that nobody grades, built before the first one of a function that is."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np


def build(builder: Callable[..., Any], args: list[Any]) -> None:
    """Calls a builder once, so that the first model ever built is not the graded one.

    A `train` that fits a model which the submission kept in a global would train the right one by
    luck. The names and draws that this model takes are given back: the graded one gets them.

    Args:
        builder: Callable, a `build_*` function of the submission.
        args: List of its arguments.
    """
    from keras.src.backend.common import global_state

    names = global_state.get_global_attribute("object_name_uids")
    taken, drawn, numpy_drawn = dict(names or {}), random.getstate(), np.random.get_state()
    builder(*args)
    names = global_state.get_global_attribute("object_name_uids")
    if names is not None:
        names.clear()
        names.update(taken)
    random.setstate(drawn)
    np.random.set_state(numpy_drawn)

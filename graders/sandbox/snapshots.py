"""A live model in plain data."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import numpy as np

from graders.boundary.names import Kind
from graders.boundary.operations import operations
from graders.boundary.sizes import MAX_PARAMETERS
from graders.sandbox.errors import WrongAnswer, type_name
from graders.sandbox.fits import learning_rate
from graders.sandbox.lines import ASKED, COMPILED, FITTED, line_of


def snapshot(model: Any, input_shape: Any = None) -> dict[str, Any]:
    """Describes a model in plain data.

    Args:
        model: A Keras model.
        input_shape: Shape without the batch axis (or dict of such), used to build a
            Sequential model that was not given an Input.

    Returns:
        A dict: its serialised config, weights, how it was compiled, and from which lines of the
        student's file its parts come.

    Raises:
        WrongAnswer: If it is no Sequential or Functional Keras model.
    """
    import keras
    from keras.src.models.functional import Functional  # no public name for it

    if not isinstance(model, keras.Model):
        raise WrongAnswer(Kind.RETURNED, f"a Keras model was expected, not {type_name(model)}.")
    kind = type(model)
    if kind not in (keras.Sequential, Functional):
        raise WrongAnswer(
            Kind.SUBCLASSED,
            f"the model is of the class `{kind.__name__}`, a subclass of keras.Model.",
        )
    if not model.built and kind is keras.Sequential and input_shape is not None:
        model.build((None, *input_shape))
    if not model.built or not getattr(model, "inputs", None):
        raise WrongAnswer(Kind.UNBUILT, "the model does not know its input shape.")
    total = sum(math.prod(variable.shape) for variable in model.weights)
    if total > MAX_PARAMETERS:
        found = f"a model of {total:,} parameters (the limit is {MAX_PARAMETERS:,})."
        raise WrongAnswer(Kind.TOO_LARGE, found)
    try:
        config = _serialise(model)
    except Exception as error:
        raise WrongAnswer(Kind.CONFIG, f"Keras cannot serialise the model: {error}") from None
    optimizer = getattr(model, "optimizer", None)
    return {
        "kind": "Sequential" if kind is keras.Sequential else "Functional",
        "compiled": bool(model.compiled),
        "config": config,
        "weights": [np.asarray(value) for value in model.get_weights()],
        "paths": [str(variable.path) for variable in model.weights],
        "dtypes": [str(variable.dtype) for variable in model.weights],
        "trainable": [bool(variable.trainable) for variable in model.weights],
        "optimizer": _describe_optimizer(optimizer),
        "lines": _lines(model),
    }


def _lines(model: Any) -> dict[str, Any]:
    """Returns the lines that a model and its parts remember, see `graders.sandbox.lines`."""
    optimizer = getattr(model, "optimizer", None)
    try:
        parts = operations(model)
    except Exception:  # of a model that was taken apart, say
        parts = []
    return {
        "layers": [[type(part).__name__, line_of(part)] for part in parts],
        "compiled": line_of(model, COMPILED),
        "asked": line_of(model, ASKED),
        "fitted": line_of(model, FITTED),
        "loss": line_of(getattr(model, "loss", None)),
        "optimizer": line_of(getattr(optimizer, "inner_optimizer", optimizer)),
    }


def _describe_optimizer(optimizer: Any) -> dict[str, Any] | None:
    if optimizer is None:
        return None
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return {
        "class_name": type(inner).__name__,
        "wrapper": type(optimizer).__name__ if inner is not optimizer else "",
        "learning_rate": learning_rate(optimizer),
        "iterations": int(np.asarray(optimizer.iterations)),
        "trainable": len(getattr(optimizer, "_trainable_variables", []) or []),
    }


def _serialise(model: Any) -> str:
    """Returns a model's config as JSON, with what can be told of its compilation."""
    import keras

    serialise = keras.saving.serialize_keras_object
    with contextlib.suppress(Exception):
        return json.dumps(serialise(model))
    # A schedule, metric or loss of the student's own need not have a config: the model has one all
    # the same, and so has the rest of what `compile` got.
    parts = {}
    for key, value in getattr(getattr(model, "_compile_config", None), "config", {}).items():
        with contextlib.suppress(Exception):
            json.dumps(part := serialise(value))
            parts[key] = part
    model.get_compile_config = lambda: parts
    try:
        return json.dumps(serialise(model))
    finally:
        del model.get_compile_config

"""Rebuilds a model from its config, over an allowlist of Keras's own classes.

A config from a sandbox is hostile input: Keras's loaders import modules and call what a config
names. `cleaning` makes it harmless first. The rebuilt model has the weights that came along.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from graders.boundary.sizes import MAX_CONFIG, MAX_PARAMETERS
from graders.checking import CheckFailed
from graders.rebuilt.allowlist import refuse
from graders.rebuilt.cleaning import cleaned
from graders.rebuilt.room import check_room


@contextlib.contextmanager
def _limited_parameters(limit: int) -> Iterator[None]:
    """Makes layers with weights of zeros, and refuses far too many before they take memory."""
    import keras

    add_weight = keras.layers.Layer.add_weight
    left = [limit]

    @functools.wraps(add_weight)
    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs.pop("initializer", None)
        shape = args[0] if args else kwargs.pop("shape", None)
        sides = [shape] if isinstance(shape, int) else list(shape or ())
        if all(isinstance(side, int) for side in sides):
            left[0] -= math.prod(sides)
            if left[0] < 0:
                refuse("a config of far more parameters than weights", "Return the model itself.")
        # The model gets weights anyway: random ones would need three times their memory.
        return add_weight(self, shape, "zeros", *args[2:], **kwargs)

    keras.layers.Layer.add_weight = counted
    try:
        yield
    finally:
        keras.layers.Layer.add_weight = add_weight


def rebuild(config: str, weights: list[np.ndarray]) -> Any:
    """Rebuilds a model.

    Args:
        config: String, the JSON that `keras.saving.serialize_keras_object` gave.
        weights: List of arrays, in the order of `model.get_weights()`.

    Returns:
        A `keras.Model`, not compiled.

    Raises:
        NotRebuilt: If the config is not a plain model of Keras's own layers, or the weights do
            not belong to it.
    """
    import keras

    if len(config) > MAX_CONFIG:
        refuse(f"a config of {len(config) / 2**20:.0f} MB", "Build a smaller model.")
    total = sum(array.size for array in weights)
    if total > MAX_PARAMETERS:
        refuse(
            f"a model of {total:,} parameters (the limit is {MAX_PARAMETERS:,})",
            "Look for a Dense layer after a Flatten of large feature maps.",
        )
    try:
        tree = cleaned(json.loads(config))
        if tree.get("class_name") not in ("Sequential", "Functional"):
            refuse(f"`{str(tree.get('class_name'))[:60]}`", "Return a Sequential or Functional.")
        # Keras builds some layers twice (those in a Bidirectional), and drops the first weights.
        with _limited_parameters(4 * total + MAX_PARAMETERS):
            model = keras.saving.deserialize_keras_object(tree, safe_mode=True)
        check_room(model)
        shapes = [tuple(variable.shape) for variable in model.weights]
        if shapes != [array.shape for array in weights]:
            refuse("weights that do not have the shapes of the layers", "Return the model itself.")
        model.set_weights(weights)
        for layer in model._flatten_layers():
            # What it divides by is no weight, but computed from some.
            if isinstance(layer, keras.layers.Normalization):
                layer.finalize_state()
    except CheckFailed:
        raise
    except RecursionError:
        refuse("a config nested beyond reason", "Build a smaller model.")
    except Exception as error:
        refuse(
            f"one that cannot be rebuilt from its config ({type(error).__name__}: "
            f"{str(error).strip().splitlines()[0][:200] if str(error).strip() else ''})",
            "Use Keras's own layers, with arguments that their configs hold.",
        )
    return model

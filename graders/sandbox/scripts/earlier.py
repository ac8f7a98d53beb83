"""Which models have been trained before, in whole or in part."""

from __future__ import annotations

import contextlib
import weakref
from typing import Any


class Earlier:
    """Notes the layers that a training moved; another model may hold them too."""

    def __init__(self) -> None:
        self._moved: weakref.WeakSet[Any] = weakref.WeakSet()

    def note(self, model: Any) -> None:
        """Notes that a model was trained.

        Args:
            model: A Keras model.
        """
        with contextlib.suppress(Exception):
            self._moved.update(_weighted(model))

    def holds(self, model: Any) -> bool:
        """Returns whether a layer of a model was trained before.

        Args:
            model: A Keras model.
        """
        with contextlib.suppress(Exception):
            return any(layer in self._moved for layer in _weighted(model))
        return False


def _weighted(model: Any) -> list[Any]:
    """Returns the layers with weights that training moves, a model itself left out."""
    return [
        layer
        for layer in model._flatten_layers(include_self=False)
        if not hasattr(layer, "fit") and layer.trainable_weights
    ]

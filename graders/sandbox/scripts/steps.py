"""What a model's training steps do: which weights they move, and in which mode layers run."""

from __future__ import annotations

import contextlib
import functools
import inspect
import weakref
from typing import Any

from graders.sandbox.notes import digest_of_trainable

# Layers that do one thing in training and another in inference.
OF_TRAINING = (
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout"),
    *("GaussianDropout", "GaussianNoise", "BatchNormalization"),
)
MOST = 20


class Steps:
    """Watches how the models of a script are trained.

    Args:
        filename: String, what the script's code is compiled under.
    """

    def __init__(self, filename: str):
        self._filename = filename
        # For each model, the weights that its training function was made to move.
        self._made_for: weakref.WeakKeyDictionary[Any, dict[int, str]] = weakref.WeakKeyDictionary()
        self._called: weakref.WeakSet[Any] = weakref.WeakSet()
        self._active: weakref.WeakSet[Any] = weakref.WeakSet()
        self._before = ""

    def install(self) -> None:
        """Has layers that work otherwise in training note in which mode they run."""
        import keras

        for name in OF_TRAINING:
            self._watch(getattr(keras.layers, name))

    def _watch(self, kind: Any) -> None:
        original = kind.call
        signature = inspect.signature(original)

        @functools.wraps(original)
        def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
            with contextlib.suppress(Exception):
                bound = signature.bind(layer, *args, **kwargs).arguments
                self._called.add(layer)
                if bound.get("training"):
                    self._active.add(layer)
            return original(layer, *args, **kwargs)

        kind.call = call

    def begins(self, model: Any) -> dict[str, Any]:
        """Describes how a model is about to be trained.

        Args:
            model: A Keras model.

        Returns:
            Dict of `own_step`, the line of a `train_step` of the script's own (0 if there is none),
            and `stale`, paths of weights whose `trainable` was changed since the model was last
            trained, without a `compile` after it.
        """
        self._before = ""
        return {"own_step": self._own_step(model), "stale": self._stale(model)}

    def first_step(self, model: Any) -> None:
        """Notes the weights from which a training starts, once the model has some.

        Args:
            model: A Keras model; one with a step of its own may be built in that step alone.
        """
        with contextlib.suppress(Exception):
            if not self._before and model.trainable_weights:
                self._before = digest_of_trainable(model)

    def _own_step(self, model: Any) -> int:
        with contextlib.suppress(Exception):
            code = inspect.unwrap(type(model).train_step).__code__
            return int(code.co_firstlineno) if code.co_filename == self._filename else 0
        return 0

    def _stale(self, model: Any) -> list[str]:
        with contextlib.suppress(Exception):
            if getattr(model, "train_function", None) is None:
                return []
            then = self._made_for.get(model)
            now = _trainable(model)
            if then is None or set(then) == set(now):
                return []
            changed = set(then) ^ set(now)
            return sorted({**then, **now}[key] for key in changed)[:MOST]
        return []

    def ends(self, model: Any) -> dict[str, Any]:
        """Describes what a training has done.

        Args:
            model: The Keras model that was trained.

        Returns:
            Dict of `moved`, whether a trainable weight changed (`None` if it is not known), and
            `inactive`, names of layers that ran, and never in training mode.
        """
        found: dict[str, Any] = {"moved": None, "inactive": []}
        with contextlib.suppress(Exception):
            self._made_for.setdefault(model, _trainable(model))
            if self._before:
                found["moved"] = digest_of_trainable(model) != self._before
            # Models within the model, as those of a GAN, may be called otherwise on purpose.
            found["inactive"] = [
                str(layer.name)[:80]
                for layer in model.layers
                if layer in self._called and layer not in self._active and layer.trainable
            ][:MOST]
        return found

    def compiled(self, model: Any) -> None:
        """Notes that a model is compiled: its next training moves what is trainable then."""
        with contextlib.suppress(Exception):
            self._made_for.pop(model, None)


def _trainable(model: Any) -> dict[int, str]:
    return {id(weight): str(weight.path)[:80] for weight in model.trainable_variables}

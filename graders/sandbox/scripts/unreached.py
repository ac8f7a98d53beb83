"""Notes which weights get no gradient in a training."""

from __future__ import annotations

import contextlib
import functools
from typing import Any


class Unreached:
    """Watches what the optimizers of a script are given."""

    def __init__(self) -> None:
        # The optimizers are kept too: a number that is free again may name another object.
        self._found: dict[int, tuple[Any, set[str]]] = {}

    def install(self) -> None:
        """Has Keras's optimizers tell of each step that they trace."""
        import keras

        owner, note = keras.optimizers.Optimizer, self._note
        original = owner.apply

        @functools.wraps(original)
        def apply(optimizer: Any, grads: Any, trainable_variables: Any = None) -> Any:
            with contextlib.suppress(Exception):
                grads = list(grads)
                note(optimizer, grads, trainable_variables)
            return original(optimizer, grads, trainable_variables)

        owner.apply = apply

    def _note(self, optimizer: Any, grads: list[Any], variables: Any) -> None:
        if variables is None:
            variables = getattr(optimizer, "_trainable_variables", [])
        missing = {
            str(getattr(variable, "path", variable.name))[:80]
            for gradient, variable in zip(grads, list(variables), strict=True)
            if gradient is None
        }
        self._found[id(optimizer)] = (optimizer, missing)

    def of(self, model: Any) -> list[str]:
        """Lists the weights of a model that got no gradient in the last step that was traced."""
        optimizer = getattr(model, "optimizer", None)
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        return sorted(self._found.get(id(inner), (None, set()))[1])[:200]

"""The callback that ends a watched training in time, and keeps its figures."""

from __future__ import annotations

import contextlib
import functools
import math
import time
from collections.abc import Callable
from typing import Any


@functools.cache
def kind() -> type:
    """Returns the callback that ends a training in time (Keras is not there at import)."""
    import keras

    class Clock(keras.callbacks.Callback):
        def __init__(self, seconds: float, begins: Callable[[Any], None]):
            super().__init__()
            self._seconds, self._ends, self._begins = seconds, math.inf, begins
            self.rows: dict[str, list[float]] = {}
            self.epochs = self.steps = 0
            self.cut = False

        def on_train_begin(self, logs: Any = None) -> None:
            self._begins(self.model)
            self._ends = time.monotonic() + self._seconds

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.steps += 1
            if self.steps == 1:
                self._begins(self.model)
            if time.monotonic() > self._ends:
                self.model.stop_training = self.cut = True

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.epochs += 1
            for name, value in (logs or {}).items():
                with contextlib.suppress(Exception):
                    self.rows.setdefault(str(name), []).append(float(value))
            if time.monotonic() > self._ends and self.epochs < (self.params or {}).get("epochs", 0):
                self.model.stop_training = self.cut = True

    return Clock

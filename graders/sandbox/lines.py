"""Notes from which line of the student's file an object of Keras comes: claims, never scored.

While it is installed, each layer, operation, loss, metric and optimizer remembers the line that
made it, and each model the lines of its last `compile` and `fit`. A line is that of the innermost
frame in the student's file: for a layer that a helper function makes, the call of its constructor.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

# Under these names an object keeps its lines; Keras looks at no attribute that it does not know.
MADE, COMPILED, FITTED = "_line_made", "_line_compiled", "_line_fitted"
# Where the function was called, by whoever is not the student, that led to it.
ASKED = "_line_asked"
# Frames that are looked at for one object: a constructor of Keras's stands less deep.
DEEPEST = 200


def innermost(frame: FrameType | None, path: str) -> int | None:
    """Returns the line of the innermost frame that lies in a file.

    Args:
        frame: Frame to begin with; the ones that called it follow.
        path: String, the file, as its code objects name it.

    Returns:
        Integer, from 1; `None` if no frame lies in the file.
    """
    for _ in range(DEEPEST):
        if frame is None:
            break
        if frame.f_code.co_filename == path:
            return frame.f_lineno
        frame = frame.f_back
    return None


def outermost(frame: FrameType | None, path: str) -> int | None:
    """Returns the line of the outermost frame that lies in a file: see `innermost`.

    Args:
        frame: Frame to begin with.
        path: String, the file, as its code objects name it.
    """
    found = None
    for _ in range(DEEPEST):
        if frame is None:
            break
        if frame.f_code.co_filename == path:
            found = frame.f_lineno
        frame = frame.f_back
    return found


def line_of(value: Any, name: str = MADE) -> int | None:
    """Returns a line that an object remembers.

    Args:
        value: Any object.
        name: String, which line: `MADE`, `COMPILED`, `FITTED` or `ASKED`.

    Returns:
        Integer, from 1; `None` if it remembers none.
    """
    found = getattr(value, "__dict__", {}).get(name)
    return found if type(found) is int else None


class Lines:
    """Has Keras's objects remember from which line of a file they come.

    Args:
        path: String, the student's file, as its code objects name it.
    """

    def __init__(self, path: str):
        self._path = path
        self._kept: list[tuple[type, str, Any]] = []

    def note(self, value: Any, name: str = MADE) -> None:
        """Has an object remember the line that is being executed.

        Args:
            value: Any object; one that cannot remember is left alone.
            name: String, which line it is.
        """
        line = innermost(sys._getframe(1), self._path)
        if line is not None and hasattr(value, "__dict__"):
            value.__dict__[name] = line

    def install(self) -> None:
        """Begins to note."""
        import keras
        from keras.src.saving.keras_saveable import KerasSaveable  # what all these objects share
        from keras.src.trainers.trainer import Trainer  # a `compile` below it counts as the model's

        lines = self

        def made(cls: type, *args: Any, **kwargs: Any) -> Any:
            value = super(KerasSaveable, cls).__new__(cls)  # type: ignore[misc]
            lines.note(value)
            return value

        def following(name: str, then: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(then)
            def call(model: Any, *args: Any, **kwargs: Any) -> Any:
                lines.note(model, name)
                if name == COMPILED and line_of(model, COMPILED) is not None:
                    model.__dict__[ASKED] = outermost(sys._getframe(), lines._path)
                return then(model, *args, **kwargs)

            return call

        KerasSaveable.__new__ = made  # type: ignore[method-assign,assignment]
        places = ((Trainer, "compile", COMPILED), (keras.Model, "fit", FITTED))
        for owner, method, name in places:
            original = getattr(owner, method)
            self._kept.append((owner, method, original))
            setattr(owner, method, following(name, original))

    def uninstall(self) -> None:
        """Gives Keras its own methods back."""
        from keras.src.saving.keras_saveable import KerasSaveable

        def made(cls: type, *args: Any, **kwargs: Any) -> Any:
            return super(KerasSaveable, cls).__new__(cls)  # type: ignore[misc]

        # Python takes no `__new__` back: a class that had one hands its arguments to `object`.
        KerasSaveable.__new__ = made  # type: ignore[method-assign,assignment]
        for owner, method, original in self._kept:
            setattr(owner, method, original)
        self._kept.clear()

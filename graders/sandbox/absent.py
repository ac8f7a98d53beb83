"""What work may use where it was written, and a sandbox lacks: TensorBoard, IPython, folders.

None of it bears on what is graded: logs, pictures, copies of weights on a disk. What would use
something that is missing does nothing.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
import types
from collections.abc import Callable
from typing import Any

# What TensorFlow takes from the package tensorboard; each writes to a log.
SUMMARIES = ("audio", "histogram", "image", "scalar", "text")
# Callbacks that write files, and the attribute that holds where to.
WRITERS = {
    "BackupAndRestore": "backup_dir",
    "CSVLogger": "filename",
    "ModelCheckpoint": "filepath",
    "TensorBoard": "log_dir",
}


def stand_in() -> None:
    """Puts something that does nothing in the place of each thing that is missing here."""
    import keras

    if not _found("tensorboard"):
        _replace_tensorboard()
    if not _found("IPython"):
        _replace_ipython()
    for name, attribute in WRITERS.items():
        _guard(getattr(keras.callbacks, name), attribute)


def _found(package: str) -> bool:
    return package in sys.modules or importlib.util.find_spec(package) is not None


def _module(name: str) -> Any:
    """Makes an empty module, and tells Python that it is there."""
    made = sys.modules[name] = types.ModuleType(name)
    made.__path__ = []
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, made)
    return made


def _replace_tensorboard() -> None:
    import keras

    def nothing(*_: Any, **__: Any) -> bool:
        # What the real ones return where no log is open.
        return False

    _module("tensorboard")
    _module("tensorboard.summary")
    api = _module("tensorboard.summary.v2")
    for name in SUMMARIES:
        setattr(api, name, nothing)
    keras.callbacks.TensorBoard._configure_embeddings = nothing


class Shown:
    """What IPython would show: takes anything, and does nothing."""

    def __init__(self, *_: Any, **__: Any):
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Shown


def _replace_ipython() -> None:
    def any_name(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Shown

    _module("IPython").get_ipython = lambda: None
    _module("IPython.display").__getattr__ = any_name


def _writable(path: str) -> bool:
    """Returns whether files can be written to a path, once the folder for them is made."""
    if "://" in path:
        return False
    # Keras fills in the epoch; what stands before it is the folder.
    folder = os.path.dirname(path.partition("{")[0]) or "."
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _guard(callback: type, attribute: str) -> None:
    """Makes the methods of a callback do nothing if its files cannot be written here."""

    def idle(self: Any) -> bool:
        found = self.__dict__.get("_kit_idle")
        if found is None:
            path = str(getattr(self, attribute))
            found = self._kit_idle = not _writable(path)
            if found:
                print(
                    f"{type(self).__name__} does nothing here: {path} cannot be written where "
                    "work is graded."
                )
        return found

    def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(self: Any, *args: Any, **options: Any) -> Any:
            return None if idle(self) else method(self, *args, **options)

        return call

    for name, method in list(vars(callback).items()):
        if (name.startswith("on_") or name == "set_model") and callable(method):
            setattr(callback, name, guarded(method))

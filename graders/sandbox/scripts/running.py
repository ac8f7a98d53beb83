"""Runs a script in a thread of its own: the judge is answered while it runs, and steps it on."""

from __future__ import annotations

import contextlib
import os
import queue
import random
import re
import sys
import tempfile
import threading
import types
from pathlib import Path
from typing import Any

from graders.sandbox import absent
from graders.sandbox.errors import MAX_TEXT, TRACED, describe, traced_message
from graders.sandbox.scripts import given, keras2
from graders.sandbox.scripts.watched import Enough, Watched


class Script:
    """One script that runs.

    Args:
        source: String, its text.
        filename: String, what it is called.
        seed: Integer, seeds Python, NumPy and Keras.
        files: Dict from names to arrays of bytes: what lies beside it.
        stand_ins: Dict from names of data sets to dicts of arrays.
        seconds: Float, how long one training may take.
        notebook: Boolean, whether it is the code of a notebook's cells.
    """

    def __init__(
        self,
        source: str,
        filename: str,
        seed: int,
        files: dict[str, Any],
        stand_ins: dict[str, Any],
        seconds: float,
        notebook: bool = False,
    ):
        import keras

        self._source, self._filename, self._notebook = source, filename, notebook
        folder = Path(tempfile.mkdtemp(prefix="script-"))
        given.put_files(folder, files)
        self._path = str(folder / filename)
        Path(self._path).write_text(source, encoding="utf-8")
        os.chdir(folder)
        sys.argv = [filename]
        sys.path.insert(0, str(folder))
        keras.utils.set_random_seed(seed)
        keras.config.disable_interactive_logging()
        random.seed(seed)
        absent.stand_in()
        self._points: queue.Queue[dict[str, Any]] = queue.Queue()
        self._go: queue.Queue[bool] = queue.Queue()
        self.watched = Watched(self._path, self._reached, seconds)
        given.in_part()
        self.watched.install()
        self.notes: list[dict[str, Any]] = []
        self._noted: set[tuple[str, str]] = set()
        keras2.translate(self._note, source)
        given.stand_in(self._note, stand_ins)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = self._ended = False

    def _note(self, kind: str, old: str, new: str) -> None:
        """Notes what was translated or replaced, once."""
        if (kind, old) not in self._noted and len(self.notes) < 100:
            self._noted.add((kind, old))
            line = self.watched.lines.now()
            self.notes.append({"kind": kind, "old": old[:200], "new": new[:200], "line": line})

    def _reached(self, point: dict[str, Any]) -> None:
        self._points.put(point)
        if not self._go.get():
            raise Enough

    def _run(self) -> None:
        module = types.ModuleType("__main__")
        module.__file__ = self._path
        sys.modules["__main__"] = module
        if self._notebook:
            # What a kernel's cells find: all that they ask of it is for the eye.
            module.__dict__["get_ipython"] = absent.Shown
        error: dict[str, Any] | None = None
        try:
            exec(compile(self._source, self._path, "exec"), module.__dict__)
        except Enough:
            pass
        except SystemExit as caught:
            if caught.code not in (None, 0):
                error = self._described(caught)
        except BaseException as caught:
            error = self._described(caught)
        with contextlib.suppress(BaseException):
            self.watched.tell_rest()
        with contextlib.suppress(BaseException):
            models = [] if error is None else self.watched.models[-1:]
            point = {"at": "ended", "error": error, "built": self._built(models)}
            self._points.put(point)

    def _built(self, models: list[Any]) -> dict[str, Any] | None:
        """Describes a model that was compiled, and never reached its training."""
        if not models:
            return None
        with contextlib.suppress(Exception), self.watched._on_its_own():
            return self.watched._told(models[0], None, None, "compile", {})
        return None

    def _described(self, error: BaseException) -> dict[str, Any]:
        found = describe(error, self._filename, self._source)
        text = str(error)
        if TRACED in text:
            found["message"] = traced_message(text)[:MAX_TEXT]
            # A traced function's own lines are in the text alone.
            inside = re.findall(rf'File "{re.escape(self._path)}", line (\d+)', text)
            found["line"] = int(inside[-1]) if inside else found.get("line")
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        path = error.filename if isinstance(error, OSError) else None
        found["missing"] = str(missing or "")[:200]
        if not path and isinstance(error, OSError):
            named = re.search(
                r"No such file or directory: '?([^'\n]+)|^(\S+) not found", str(error)
            )
            path = named and (named[1] or named[2])
        found["path"] = str(path or "")[:300]
        return found

    def step(self, go_on: bool, seconds: float) -> dict[str, Any]:
        """Lets the script go on to its next point.

        Args:
            go_on: Boolean; `False` ends it.
            seconds: Float, how long to wait.

        Returns:
            Dict with `at`: `"fit"`, `"trained"`, `"ended"`, or `"running"` if it takes longer;
            `number`, which training was told of, from 0; `notes` so far; `evaluated`, the loss of
            the last trained model on data that it was not trained on; `met`, pairs of the line of a
            fit and a share, see `Folds`; what belongs to the point.
        """
        if not self._started:
            self._started = True
            self._thread.start()
        elif not self._ended:
            self._go.put(go_on)
        try:
            point = self._points.get(timeout=seconds)
        except queue.Empty:
            point = {"at": "running", "line": self._where()}
            with contextlib.suppress(Exception):
                point |= self.watched.so_far()
        self._ended = self._ended or point["at"] == "ended"
        seen = {"evaluated": self.watched.evaluated, "met": list(self.watched.folds.met.items())}
        return {**point, "notes": list(self.notes), **seen}

    def _where(self) -> int:
        """Returns the line of the script that runs, 0 if none does."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        line = 0
        while frame is not None:
            if frame.f_code.co_filename == self._path:
                return int(frame.f_lineno or 0)
            frame = frame.f_back
        return line


def begin(box: Any, seconds: float, train_seconds: float, **settings: Any) -> dict[str, Any]:
    """Answers the request to run a script, up to its first training."""
    box.filename, box.source = settings["filename"], settings["source"]
    box.script = Script(**settings, seconds=train_seconds)
    return box.script.step(True, seconds)


def resume(box: Any, seconds: float, go_on: bool) -> dict[str, Any]:
    """Answers the request to let the script go on."""
    return box.script.step(go_on, seconds)

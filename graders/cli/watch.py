"""Tells which requests to grade again when files are saved."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

from graders.runner import Request
from graders.submission import Unreadable, locate, notebooks, read_bytes

# Editors save in steps (truncate, write, rename); what comes within this time is one save.
SETTLE_MS = 60
# A save while the watch is being set up raises no event: contents are compared now and then too.
LOOK_AGAIN_MS = 500


def _file(request: Request) -> Path | None:
    try:
        return locate(request.task, request.path).absolute()
    except Unreadable:
        return None


def _digest(path: Path | None) -> bytes | None:
    try:
        return read_bytes(path, notebooks.MAX_BYTES) if path is not None else None
    except Unreadable:
        return None


def contents(requests: list[Request]) -> dict[str, bytes | None]:
    """Returns what the files of requests hold now, by the tasks' ids."""
    return {request.task.id: _digest(_file(request)) for request in requests}


class Interrupt:
    """Notes Ctrl-C, which Python may drop where it comes at a bad moment.

    Python prints and forgets a `KeyboardInterrupt` that is raised within a callback (of a weak
    reference, for example, while a module is imported). `check` raises it again. Use as a context
    manager.
    """

    def __init__(self) -> None:
        self._noted = threading.Event()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Interrupt:
        before = signal.getsignal(signal.SIGINT)
        if callable(before) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._note)
            self._stack.callback(signal.signal, signal.SIGINT, before)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _note(self, *_: object) -> None:
        self._noted.set()
        raise KeyboardInterrupt

    def check(self) -> None:
        """Raises `KeyboardInterrupt` if there was one."""
        if self._noted.is_set():
            raise KeyboardInterrupt


def changes(requests: list[Request], seen: dict[str, bytes | None]) -> Iterator[list[Request]]:
    """Waits for saves.

    A file whose content did not change (saved again, touched) is left alone; one that is gone for a
    moment is waited for.

    Args:
        requests: List of `Request`.
        seen: Dict, what `contents` returned before they were graded.

    Yields:
        Lists of the requests whose files have other content than before.
    """
    from watchfiles import watch

    folders = set()
    for request in requests:
        file = _file(request)
        folder = file.parent if file is not None else request.path
        if folder.is_dir():
            folders.add(folder)
    if not folders:
        return
    # Folders, not files: many editors replace a file by a new one of the same name.
    for _ in watch(
        *folders,
        debounce=SETTLE_MS,
        step=20,
        raise_interrupt=True,
        rust_timeout=LOOK_AGAIN_MS,
        yield_on_timeout=True,
    ):
        changed = []
        for request in requests:
            now = _digest(_file(request))
            if now is not None and now != seen[request.task.id]:
                seen[request.task.id] = now
                changed.append(request)
        if changed:
            yield changed

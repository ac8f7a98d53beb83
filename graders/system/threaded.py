"""A pair of pipes with deadlines where no pipe can be polled: threads wait for them instead."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable

# A wait is cut into such slices: within one, Windows takes no Ctrl-C.
SLICE_SECONDS = 0.1
PART_BYTES = 2**20
# What is read ahead of whoever wants it: a flood waits in its pipe, not in memory.
PARTS_AHEAD = 8


class Ends:
    """Two ends of pipes, with a deadline on every read and write.

    Args:
        read_fd: Integer, the file descriptor to read from.
        write_fd: Integer, the file descriptor to write to.
        at_end: Callable that a thread calls as soon as the pipe to read from ends, even if nobody
            reads; `None` for nothing.
    """

    def __init__(self, read_fd: int, write_fd: int, at_end: Callable[[], object] | None = None):
        self._reader, self._writer = _Reader(read_fd, at_end), _Writer(write_fd)

    def read(self, most: int, deadline: float | None) -> bytes:
        """Reads some bytes; none at the end of the pipe.

        Args:
            most: Integer, how many at most.
            deadline: Float, a value of `time.monotonic()`; `None` waits for ever.

        Raises:
            TimeoutError: If the deadline passed.
        """
        return self._reader.read(most, deadline)

    def write(self, view: memoryview, deadline: float | None) -> int:
        """Writes some bytes; returns how many.

        Raises:
            TimeoutError: If the deadline passed; nothing more can be written then.
            OSError: If the pipe is broken.
        """
        return self._writer.write(view, deadline)

    def close(self) -> None:
        """Closes both ends, each as soon as no thread waits for it."""
        self._reader.close()
        self._writer.close()


def _slice(deadline: float | None) -> float:
    """Returns how long to wait now; raises `TimeoutError` after the deadline."""
    if deadline is None:
        return SLICE_SECONDS
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return min(left, SLICE_SECONDS)


class _Thread:
    """A thread that waits for a descriptor, and closes it when it is told to."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._started = False

    def _start(self) -> None:
        with self._lock:
            if not self._started and not self._closed.is_set():
                self._started = True
                threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._serve()
        finally:
            with contextlib.suppress(OSError):
                os.close(self._fd)

    def _serve(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Has the descriptor closed. A thread that waits for it closes it, once it comes back."""
        with self._lock:
            started, already = self._started, self._closed.is_set()
            self._closed.set()
        if not started and not already:
            with contextlib.suppress(OSError):
                os.close(self._fd)


class _Reader(_Thread):
    def __init__(self, fd: int, at_end: Callable[[], object] | None) -> None:
        super().__init__(fd)
        self._at_end = at_end
        self._parts: queue.Queue[bytes] = queue.Queue(PARTS_AHEAD)
        self._part, self._ended = memoryview(b""), False
        if at_end is not None:
            self._start()

    def read(self, most: int, deadline: float | None) -> bytes:
        """Returns some bytes; see `Ends.read`."""
        self._start()
        while True:
            seconds = _slice(deadline)
            if self._part or self._ended or self._closed.is_set():
                break
            with contextlib.suppress(queue.Empty):
                part = self._parts.get(timeout=seconds)
                self._part, self._ended = memoryview(part), not part
        found, self._part = self._part[:most], self._part[most:]
        return bytes(found)

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                part = os.read(self._fd, PART_BYTES)
            except OSError:
                part = b""
            if not part and self._at_end is not None:
                self._at_end()
            while not self._closed.is_set():
                with contextlib.suppress(queue.Full):
                    self._parts.put(part, timeout=SLICE_SECONDS)
                    break
            if not part:
                return


class _Writer(_Thread):
    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self._parts: queue.Queue[bytes] = queue.Queue()
        self._written: queue.Queue[OSError | None] = queue.Queue()
        self._late = False

    def write(self, view: memoryview, deadline: float | None) -> int:
        """Writes some bytes; see `Ends.write`."""
        if self._late:
            raise TimeoutError
        if self._closed.is_set():
            raise BrokenPipeError
        self._start()
        _slice(deadline)
        part = bytes(view[:PART_BYTES])
        self._parts.put(part)
        while True:
            try:
                failed = self._written.get(timeout=_slice(deadline))
                break
            except queue.Empty:
                if self._closed.is_set():
                    raise BrokenPipeError from None
            except TimeoutError:
                self._late = True
                raise
        if failed is not None:
            raise failed
        return len(part)

    def _serve(self) -> None:
        while True:
            left = memoryview(self._parts.get())
            if self._closed.is_set():
                return
            failed = None
            try:
                while left:
                    left = left[os.write(self._fd, left) :]
            except OSError as error:
                failed = error
            self._written.put(failed)

    def close(self) -> None:
        """Has the descriptor closed; see `_Thread.close`."""
        super().close()
        self._parts.put(b"")

"""Who is graded next on a cluster: as many at once as it has slots, and the longest tasks first.

What takes longest comes first, so that at the end no slot waits for one long grading. A task that
was never measured comes before all others: it may be the longest.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections import deque
from collections.abc import Iterator


class Line:
    """Threads that wait for a slot."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots = self._running = 0
        self._waiting: dict[str, deque[threading.Event]] = {}
        self._measured: dict[str, tuple[int, float]] = {}
        self._over: BaseException | None = None

    @property
    def slots(self) -> int:
        """Integer, how many slots there are now."""
        return self._slots

    def resize(self, slots: int) -> None:
        """Takes the number of slots, which may change at any time.

        Args:
            slots: Integer.
        """
        with self._lock:
            self._slots = slots
            self._admit()

    def end(self, error: BaseException) -> None:
        """Ends the line: who waits, and who comes later, gets the error.

        Args:
            error: Exception; the first one counts.
        """
        with self._lock:
            self._over = self._over or error
            for waiting in self._waiting.values():
                while waiting:
                    waiting.popleft().set()

    def check(self) -> None:
        """Raises what the line was ended with, if it was."""
        if self._over is not None:
            raise self._over

    def measure(self, task: str, seconds: float) -> None:
        """Takes what a grading took.

        Args:
            task: String, the task's id.
            seconds: Float.
        """
        with self._lock:
            count, total = self._measured.get(task, (0, 0.0))
            self._measured[task] = (count + 1, total + seconds)

    @contextlib.contextmanager
    def turn(self, task: str) -> Iterator[None]:
        """Waits for a slot, and holds it. Use as a context manager.

        Args:
            task: String, the task's id.
        """
        ticket = threading.Event()
        with self._lock:
            self.check()
            self._waiting.setdefault(task, deque()).append(ticket)
            self._admit()
        ticket.wait()
        # The end wakes everybody, and nobody counts any more.
        self.check()
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
                self._admit()

    def _admit(self) -> None:
        """Lets in as many as there is room for. Needs the lock."""
        while self._over is None and any(self._waiting.values()):
            left = sum(map(len, self._waiting.values()))
            # A few more than there are slots: a slot that becomes free need not wait for this
            # machine. At the end each would stand behind another one, while slots are free.
            room = self._slots + (self._slots // 8 + 1 if 0 < self._slots < left else 0)
            if self._running >= room:
                return
            task = max((task for task, line in self._waiting.items() if line), key=self._expected)
            self._running += 1
            self._waiting[task].popleft().set()

    def _expected(self, task: str) -> float:
        count, total = self._measured.get(task, (0, math.inf))
        return total / max(count, 1)

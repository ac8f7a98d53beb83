"""How many submissions train at once.

While submissions train, the next one is imported and its structure checked, for which the
processors have time. Only trainings wait. For two jobs three train at once: what one thread of
training keeps busy is three quarters of a processor, the rest is waiting from thread to thread.
"""

from __future__ import annotations

import threading
import time


class Trainings:
    """Lets so many trainings run at once, and the others wait.

    Attributes:
        most: Integer, how many; 0 for all that come.
    """

    def __init__(self) -> None:
        self.most, self._running = 0, 0
        self._changed = threading.Condition()
        self._closed = False

    def begin(self) -> float:
        """Waits until one more may run, and counts it.

        Returns:
            Float, the seconds that it waited.
        """
        started = time.monotonic()
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or not self.most or self._running < self.most
            )
            self._running += 1
        return time.monotonic() - started

    def end(self) -> None:
        """Counts one less."""
        with self._changed:
            self._running -= 1
            self._changed.notify()

    def close(self) -> None:
        """Lets all begin: what they belong to is ended."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

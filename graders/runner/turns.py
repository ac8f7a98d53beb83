"""Who may grade now: several side by side, or one alone."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator


@dataclasses.dataclass
class Turn:
    """One grading's turn.

    Attributes:
        alone: Boolean, whether no other turn has overlapped with it so far.
    """

    alone: bool = True


class Turns:
    """Lets gradings run side by side, and a second try alone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: list[Turn] = []
        self._waiting = 0

    @contextlib.contextmanager
    def beside(self) -> Iterator[Turn]:
        """Holds a turn beside others, as soon as nobody is alone or waits to be."""
        turn = Turn()
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting)
            for other in self._running:
                other.alone = turn.alone = False
            self._running.append(turn)
        try:
            yield turn
        finally:
            with self._changed:
                self._running.remove(turn)
                self._changed.notify_all()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Holds a turn alone: waits for those that run, and those that come wait for it."""
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: not self._running)
            except BaseException:
                self._waiting -= 1
                self._changed.notify_all()
                raise
            turn = Turn()
            self._running.append(turn)
        try:
            yield
        finally:
            with self._changed:
                self._running.remove(turn)
                self._waiting -= 1
                self._changed.notify_all()

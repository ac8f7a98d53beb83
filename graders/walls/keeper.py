"""A sandbox's processes: a guard outside, the first process of its namespaces, the student's.

The guard reports on a pipe, one JSON document a line: `{"up": true}` when every wall stands and the
submission is about to start; then how it ended, `{"exit": code}`, `{"signal": number}` or
`{"limit": …, "used": …, "allowed": …}`; `{"lost": code}` if what kept it ended; or
`{"broken": reason}` if a wall could not be put up.
Nothing of the submission's ever holds the pipe.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import select
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

from graders.system.cleaning import remove
from graders.walls import kernel, namespaces, second, totals
from graders.walls.kernel import IsolationError
from graders.walls.limits import set_limits
from graders.walls.reports import report, report_end

WATCH_SECONDS = 0.25
# How often the guard looks for what is left to kill, and how long it waits in between.
ROUNDS, ROUND_SECONDS = 500, 0.01


@dataclasses.dataclass(frozen=True)
class Terms:
    """How a sandbox is kept.

    Attributes:
        level: String, one of `levels.LEVELS`.
        visible: Paths that it may see.
        memory: Integer, bytes that its processes may use together.
        cpu_seconds: Integer, CPU seconds for each of them.
    """

    level: str
    visible: Sequence[str]
    memory: int
    cpu_seconds: int


@dataclasses.dataclass(frozen=True)
class Inside:
    """What a sandbox does.

    Attributes:
        prepare: Callable that runs before the walls are up; takes the scratch folder.
        run: Callable that runs behind them.
        release: Callable with which the other processes let go of what only the sandbox needs.
    """

    prepare: Callable[[str], None]
    run: Callable[[], None]
    release: Callable[[], None]


def keep(terms: Terms, status_fd: int, inside: Inside) -> NoReturn:
    """Becomes the guard of a new sandbox; never returns.

    Args:
        terms: `Terms`.
        status_fd: Integer, the pipe for reports.
        inside: `Inside`.
    """
    scratch = None
    try:
        # Its parent's end ends it, and it has to end what it started.
        kernel.die_with_parent(signal.SIGTERM)
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        wake = _Wake()
        apart = terms.level == "namespaces"
        if apart:
            namespaces.enter_own()
        else:
            scratch = tempfile.mkdtemp(prefix="kit-")
        child = os.fork()
        if child == 0:
            wake.forget()
            if apart:
                _be_init(terms, status_fd, inside)
            _be_sandbox(terms, status_fd, inside, scratch or "/tmp")
        inside.release()
        _watch(child, terms, status_fd, scratch, wake)
    except IsolationError as error:
        report(status_fd, broken=str(error))
    except BaseException:
        traceback.print_exc()
    finally:
        if scratch is not None:
            remove(scratch)
        os._exit(0)


class _Wake:
    """Wakes the guard at the end of a child, and notes when it is asked to end."""

    def __init__(self) -> None:
        self.asked = False
        self._read, self._write = os.pipe()
        for fd in (self._read, self._write):
            os.set_blocking(fd, False)
        self._ready = select.poll()
        self._ready.register(self._read, select.POLLIN)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True

    def wait(self, seconds: float) -> None:
        """Waits for a signal, or for some seconds."""
        self._ready.poll(1000 * seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 4096)

    def forget(self) -> None:
        """Makes the caller, a child, one that signals end as usual."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.close(self._read)
        os.close(self._write)


def _watch(child: int, terms: Terms, status_fd: int, scratch: str | None, wake: _Wake) -> None:
    """Waits for the end of a sandbox, or brings it about; leaves no process of it."""
    user = second.user_of(child) if terms.level == "user" else None
    looked, used = time.monotonic(), totals.Totals(terms.memory, scratch, user)
    while not wake.asked:
        wake.wait(WATCH_SECONDS)
        status = _reap(child)
        if status is not None:
            _kill_all(terms, child)
            if scratch is not None:
                report_end(status_fd, status)
            elif status:
                # The first process of the namespaces reports how the submission ended, and then
                # ends itself. No submission can end it.
                report(status_fd, lost=os.waitstatus_to_exitcode(status))
            return
        if time.monotonic() - looked >= WATCH_SECONDS:
            found = used.exceeded(os.getpid())
            if found is not None:
                report(status_fd, **dataclasses.asdict(found))
                break
            looked = time.monotonic()
    _kill_all(terms, child)


def _reap(child: int) -> int | None:
    """Reaps what has ended; returns the child's status if it is among it."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == child:
                found = status
    return found


def _kill_all(terms: Terms, child: int) -> None:
    """Kills every process below the guard, orphans too: it inherits them."""
    if terms.level == "user":
        second.kill_user(second.user_of(child))
        for path in totals.files_of(second.user_of(child)):
            remove(path)
    # It cannot leave its group, and the kernel ends a group at once: nobody forks away meanwhile.
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    for _ in range(ROUNDS):
        left = totals.descendants(os.getpid())
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        _reap(child)
        if not left:
            return
        time.sleep(ROUND_SECONDS)


def _be_init(terms: Terms, status_fd: int, inside: Inside) -> NoReturn:
    """Is the first process of the PID namespace: makes it, starts the student's process, reaps.

    The student's code is not process 1 itself: the kernel spares that one from most signals.
    """
    try:
        kernel.die_with_parent(signal.SIGKILL)
        os.setsid()
        namespaces.build_own(terms.visible)
        # What it starts inherits this; after the next line, nobody can write it.
        kernel.take_the_blame()
        namespaces.protect_proc()
        kernel.drop_privileges()
        child = os.fork()
        if child == 0:
            _be_sandbox(terms, status_fd, inside, "/tmp")
        inside.release()
        while True:
            pid, status = os.wait()
            if pid == child:
                report_end(status_fd, status)
                os._exit(0)
    except IsolationError as error:
        report(status_fd, broken=str(error))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(99)


def _be_sandbox(terms: Terms, status_fd: int, inside: Inside, scratch: str) -> NoReturn:
    """Is the process that the submission runs in."""
    try:
        try:
            kernel.die_with_parent(signal.SIGKILL)
            if terms.level != "namespaces":
                # A group of its own, or signals to the group would reach the guard.
                os.setsid()
            inside.prepare(scratch)
            kernel.take_the_blame()
            set_limits(terms.memory, terms.cpu_seconds)
            second.shut_in(terms.level, terms.visible, scratch)
        except Exception as error:
            report(status_fd, broken=str(error) or type(error).__name__)
            os._exit(98)
        report(status_fd, up=True)
        os.close(status_fd)
        inside.run()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(97)

"""One sandbox process, as the judge sees it: asks, waits, and finds out how the process ended."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import tempfile
from collections.abc import Callable
from typing import Any

from graders.boundary.launching import Launcher
from graders.boundary.names import Verb
from graders.boundary.wire import Channel, WireClosed, WireError, WireTimeout
from graders.judge.faults import SubmissionError, explain

LOG_BYTES = 20_000


def _memory_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("log")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class Connection:
    """One sandbox process.

    Args:
        launcher: `Launcher`, which starts it.
        limits: Dict with `memory` (bytes), `cpu_seconds`, `threads`, `visible` (paths).
        on_event: Callable that takes progress events (dicts).
    """

    def __init__(
        self, launcher: Launcher, limits: dict[str, Any], on_event: Callable[[dict], None]
    ):
        self._launcher = launcher
        self._on_event = on_event
        self.dead = self._output = ""
        request_r, request_w = os.pipe()
        answer_r, answer_w = os.pipe()
        self._status, status_w = os.pipe()
        # Output goes to a file in memory: no pipe to drain, and its size is limited.
        self._log = _memory_file()
        theirs = [request_r, answer_w, status_w, self._log]
        settings = {"isolation": launcher.isolation, **limits}
        self._number = launcher.start("sandbox", theirs, settings)
        for fd in theirs[:3]:
            os.close(fd)
        self._channel = Channel(answer_r, request_w)

    def ask(self, request: dict[str, Any], deadline: float) -> Any:
        """Sends one request and waits for its answer.

        Args:
            request: Dict, with the `verb`.
            deadline: Float, a value of `time.monotonic()`.

        Returns:
            Plain data.

        Raises:
            SubmissionError: If there is no proper answer in time.
        """
        try:
            self._channel.send(request, deadline)
            while True:
                answer = self._channel.receive(deadline)
                if not isinstance(answer, dict) or len(answer) != 1:
                    raise WireError("an answer that is none")
                [(kind, value)] = answer.items()
                if kind == "event" and isinstance(value, dict):
                    self._on_event(value)
                elif kind == "ok":
                    return value
                elif kind == "error" and isinstance(value, dict):
                    raise explain(value, request["verb"] == Verb.LOAD)
                else:
                    raise WireError("an answer that is none")
        except WireTimeout:
            self.close("ran out of time")
            raise SubmissionError("timeout", "") from None
        except WireClosed:
            raise self._explain_end() from None
        except WireError as error:
            self.close("answered garbage")
            raise SubmissionError(
                "protocol",
                "The process that runs your code sent something unreadable to the grader "
                f"({error}). Your code must not write to file descriptors that it did not open.",
            ) from None

    def _explain_end(self) -> SubmissionError:
        """Reads from the guard how the process ended."""
        ended: Any = None
        poll = select.poll()
        poll.register(self._status, select.POLLIN)
        with contextlib.suppress(ValueError, OSError, RecursionError):
            if poll.poll(5000):
                ended = json.loads(os.read(self._status, 4096).partition(b"\n")[0])
        if not isinstance(ended, dict):
            ended = {}
        if "isolation_error" in ended:
            # The kernel refuses here: from now on without, and the verdict says so.
            self._launcher.isolation = "process"
            self.close("isolation")
            return SubmissionError("isolation", ended["isolation_error"])
        self.close("died")
        if "signal" in ended:
            number = ended["signal"]
            try:
                name = signal.Signals(number).name
            except ValueError:
                name = str(number)
            if number == signal.SIGXCPU:
                return SubmissionError("timeout", "")
            return SubmissionError(
                "died",
                f"The process that ran your code was killed ({name}). "
                "Code that uses too much memory, or that kills its own process, ends like this.",
            )
        code = ended.get("exit")
        said = f" with exit code {code}" if isinstance(code, int) else ""
        return SubmissionError(
            "died",
            f"The process that ran your code ended itself{said}. Look for a call of "
            "`os._exit`, `quit` or `exit`: a module that is graded must not end the process.",
        )

    def output(self) -> str:
        """Returns the end of what the submission printed."""
        if self.dead:
            return self._output
        try:
            size = os.fstat(self._log).st_size
            data = os.pread(self._log, LOG_BYTES, max(0, size - LOG_BYTES))
        except OSError:
            return ""
        return data.decode("utf-8", "replace")

    def close(self, reason: str = "closed") -> None:
        """Ends the process and everything that it started.

        Args:
            reason: String, why.
        """
        if not self.dead:
            self._output = self.output()
            self.dead = reason
            self._launcher.stop(self._number)
            self._channel.close()
            for fd in (self._status, self._log):
                with contextlib.suppress(OSError):
                    os.close(fd)

"""One sandbox process, as the judge sees it: asks, waits, and finds out how the process ended."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

from graders.boundary.events import Printed
from graders.boundary.launching import Launcher
from graders.boundary.names import Verb
from graders.boundary.sizes import SHORT, Limits
from graders.boundary.spawned import Spawned, Spawner
from graders.boundary.wire import WireClosed, WireError, WireTimeout
from graders.judge import printed
from graders.judge.faults import SubmissionError, explain
from graders.system import here
from graders.walls import reports

if here.FORKS:
    from graders.boundary.piped import PipedSandbox

# How long the guard may take to report an end that has been seen on the pipe.
REPORT_SECONDS = 5.0
# What a submission reads when its processes together used too much, by the limit that it hit.
EXCEEDED = {
    "memory": (
        "memory",
        "Your code used {used:.1f} GB of memory, and may use {allowed:.1f} GB. Look for an array "
        "or a layer that is much larger than the data need.",
        2**30,
    ),
    "processes": (
        "died",
        "Your code started {used:.0f} processes, and may have {allowed:.0f} at once. Do without "
        "processes of your own: TensorFlow uses all processors by itself.",
        1,
    ),
    "threads": (
        "died",
        "Your code ran {used:.0f} threads, and may run {allowed:.0f} at once. Start fewer: "
        "TensorFlow uses all processors by itself.",
        1,
    ),
    "files": (
        "died",
        "Your code made more than {allowed:.0f} files, or folders that the grader cannot look "
        "into. Make fewer: the files are gone after the grading.",
        1,
    ),
    "scratch": (
        "died",
        "Your code wrote {used:.0f} MB of files, and may write {allowed:.0f} MB. Write less, or "
        "nothing: the files are gone after the grading.",
        2**20,
    ),
}

# How many reports of progress are passed on; what comes above that is read and dropped.
REPORTS_AT_ONCE, REPORTS_PER_SECOND = 100, 20


class Interrupted(Exception):
    """The machine ended a sandbox, and the submission is not to blame. The text is one line."""


class WallBroken(Interrupted):
    """A sandbox's walls could not be put up: the machine's fault. The text is one line."""


def _started(launcher: Launcher | Spawner, limits: dict[str, Any]) -> PipedSandbox | Spawned:
    if isinstance(launcher, Spawner):
        return launcher.sandbox(limits)
    return PipedSandbox(launcher, limits)


class Connection:
    """One sandbox process.

    Args:
        launcher: `Launcher` or `Spawner`, which starts it.
        limits: Dict with `memory` (bytes), `cpu_seconds`, `threads`.
        on_event: Callable that takes progress events (dicts).
    """

    def __init__(
        self,
        launcher: Launcher | Spawner,
        limits: dict[str, Any],
        on_event: Callable[[dict], None],
    ):
        self._limits = limits
        self._on_event = on_event
        self._began, self._passed_on = time.monotonic(), 0
        self.dead, self._output = "", Printed("", 0)
        self._process = _started(launcher, limits)
        self._channel = self._process.channel

    def _progress(self, epoch: int, epochs: int, loss: float, accuracy: float) -> None:
        """Passes on how far a training is, as often as somebody could read it."""
        seconds = time.monotonic() - self._began
        if self._passed_on < REPORTS_AT_ONCE + REPORTS_PER_SECOND * seconds:
            self._passed_on += 1
            self._on_event({"epoch": epoch, "epochs": epochs, "loss": loss, "accuracy": accuracy})

    def ask(self, request: dict[str, Any], deadline: float, limits: Limits = SHORT) -> Any:
        """Sends one request and waits for its answer.

        Args:
            request: Dict, with the `verb`.
            deadline: Float, a value of `time.monotonic()`.
            limits: `Limits`, how large the answer may be.

        Returns:
            Plain data.

        Raises:
            SubmissionError: If there is no proper answer in time.
        """
        try:
            asked = {**request, "limits": list(dataclasses.astuple(limits))}
            self._channel.send(asked, deadline)
            while True:
                answer = self._channel.receive(deadline, limits, self._progress)
                if not isinstance(answer, dict) or len(answer) != 1:
                    raise WireError("an answer that is none")
                [(kind, value)] = answer.items()
                if kind == "ok":
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
        """Reads from the guard how the process ended.

        Raises:
            WallBroken: If the submission was never started, because a wall was not up.
            Interrupted: If the process, or the guard that kept it, was ended from outside.
        """
        told, in_time = self._process.told(REPORT_SECONDS)
        self.close("died")
        first = told[0] if told else {}
        if first != {"up": True}:
            raise WallBroken(
                str(first.get("broken") or "a sandbox ended before its walls were up")[:300]
            )
        ended = told[1] if len(told) > 1 else {}
        found = EXCEEDED.get(ended.get("limit", ""))
        if found is not None:
            kind, words, unit = found
            used, allowed = (ended[name] / unit for name in ("used", "allowed"))
            return SubmissionError(kind, words.format(used=used, allowed=allowed))
        if (in_time and not ended) or "lost" in ended:
            raise Interrupted("what kept the sandbox was ended from outside")
        if "signal" in ended:
            number = ended["signal"]
            name = reports.signal_name(number)
            if number == reports.CPU_LIMIT:
                seconds = self._limits["cpu_seconds"]
                return SubmissionError(
                    "timeout",
                    f"Your code used more than {seconds} s of processor time and was stopped. Look "
                    "for a loop that does not end, or for far more work than the task needs.",
                )
            if number in reports.FROM_OUTSIDE:
                # The walls refuse a submission's process to end itself by one of these.
                raise Interrupted(f"the sandbox was ended from outside ({name})")
            return SubmissionError(
                "died",
                f"The process that ran your code was ended by the signal {name}. An error in "
                "compiled code ends like this, and so does too little memory for it. Look for an "
                "array or a layer that is much larger than the data need.",
            )
        if not in_time:
            return SubmissionError(
                "protocol",
                "Your code closed the pipe on which its process answers the grader, and went on. "
                "It must not close file descriptors that it did not open: look for `os.close` or "
                "`os.closerange`.",
            )
        code = ended.get("exit")
        said = f" with exit code {code}" if isinstance(code, int) else ""
        return SubmissionError(
            "died",
            f"The process that ran your code ended itself{said}. Look for a call of "
            "`os._exit`, `quit` or `exit`: a module that is graded must not end the process.",
        )

    def output(self) -> Printed:
        """Returns what the submission printed."""
        if self.dead:
            return self._output
        if isinstance(self._process, Spawned):
            return printed.of_parts(self._process.printed)
        return printed.read(self._process.log)

    def close(self, reason: str = "closed") -> None:
        """Ends the process and everything that it started.

        Args:
            reason: String, why.
        """
        if not self.dead:
            self._output = self.output()
            self.dead = reason
            self._process.stop()

"""The grader's side of the sandbox: asks for evidence, and names faults in a student's words.

Nothing that comes back is believed because it was said: models are rebuilt, answers
compared with what the grader computes itself.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import select
import signal
import tempfile
import textwrap
import time
from collections.abc import Callable
from typing import Any

from graders.boundary.wire import Channel, WireClosed, WireError, WireTimeout
from graders.checking import CheckFailed
from graders.rebuilt import rebuild
from graders.warm.zygote import Launcher

# Generous: a busy machine must not fail right work. An endless loop costs this once.
STRUCTURE_SECONDS = 120.0
LOG_BYTES = 20_000


class SubmissionError(Exception):
    """The submission raised, died, or ran out of time or memory. Its text is for the student.

    Args:
        kind: String, what happened.
        message: String, in the student's words.
    """

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


def _memory_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("log")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class Sandbox:
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
                    raise _explain(value)
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


def _explain(error: dict[str, Any]) -> Exception:
    """Turns an error that the sandbox reports into one for the student."""

    def text(key: str) -> str:
        value = error.get(key, "")
        return value if isinstance(value, str) else ""

    kind, name, message, trace = (text(key) for key in ("kind", "type", "message", "traceback"))
    if kind == "todo":
        return CheckFailed(f"Not written yet: {message}")
    if kind == "missing":
        return CheckFailed(
            f"{message} Keep the names and arguments of the stub: the grader calls them."
        )
    if kind == "signature":
        return CheckFailed(f"{message} Keep the arguments as they are in the stub.")
    if kind == "subclassed":
        return CheckFailed(
            f"Expected a Sequential or Functional model of Keras's own layers. Found: {message} "
            "The grader rebuilds your model from its config, which a subclass does not give. "
            "Build the same layers with keras.Sequential or with keras.Input and keras.Model."
        )
    if kind == "unbuilt":
        return CheckFailed(
            f"Expected a model that is ready to train. Found: {message} Start with keras.Input."
        )
    if kind in ("returned", "config"):
        return CheckFailed(
            f"Expected a compiled Keras model. Found: {message} Look at what the function returns."
        )
    if kind == "exit":
        return SubmissionError(
            "exit",
            "Your code called `sys.exit` (or `exit`, `quit`). Remove the call: a module that is "
            f"graded must not end the process.\n{trace}",
        )
    if kind == "memory":
        return SubmissionError(
            "memory",
            f"Your code ran out of memory ({name}). Look for an array or a layer that is much "
            f"larger than the data need.\n{trace}",
        )
    last = message.strip()[:1500]
    where = f"\n{trace}" if trace else ""
    return SubmissionError("raised", f"Your code raised {name}: {last}{where}")


class Submission:
    """The student's module, seen from the grader. Starts a new sandbox when one has died.

    Args:
        launcher: `Launcher`, which starts sandboxes.
        source: String, the module's source.
        name: String, the task's id, used as the module's name.
        filename: String, what tracebacks call the file.
        seed: Integer, seeds Python, NumPy and Keras in each new sandbox.
        seconds: Float, the limit for all of the submission's work together.
        limits: Dict with `memory`, `cpu_seconds`, `threads`, `visible`.
        on_event: Callable that takes progress events (dicts).
    """

    def __init__(
        self,
        launcher: Launcher,
        source: str,
        name: str,
        filename: str,
        seed: int,
        seconds: float,
        limits: dict[str, Any],
        on_event: Callable[[dict], None] = lambda event: None,
    ):
        self._launcher = launcher
        self._source, self._name, self._filename = source, name, filename
        self._seed, self._limits, self._on_event = seed, limits, on_event
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._box: Sandbox | None = None
        self._data: dict[str, Any] = {}
        self._sent: set[str] = set()
        self._last_output = ""
        self.isolation = "none"

    # --- the process --------------------------------------------------------------------------

    def _event(self, event: dict) -> None:
        if "isolation" in event:
            self.isolation = "namespaces" if event["isolation"] == "namespaces" else "process"
        else:
            self._on_event(event)

    def _ask(self, request: dict[str, Any], what: str, seconds: float | None) -> Any:
        if self._box is None or self._box.dead:
            self._start()
        assert self._box is not None
        return self._ask_box(self._box, request, what, seconds)

    def _ask_box(
        self, box: Sandbox, request: dict[str, Any], what: str, seconds: float | None
    ) -> Any:
        now = time.monotonic()
        if now >= self._deadline:
            raise SubmissionError(
                "timeout", f"The task's time limit of {self._seconds:g} s was used up before this."
            )
        limit = self._deadline - now if seconds is None else min(seconds, self._deadline - now)
        try:
            return box.ask(request, now + limit)
        except SubmissionError as error:
            if error.kind == "timeout":
                raise SubmissionError(
                    "timeout",
                    f"{what} did not finish within {limit:.0f} s and was stopped. Look for a "
                    "loop that does not end, or for far more work than the task needs "
                    "(epochs, layers, data).",
                ) from None
            raise
        finally:
            self._last_output = box.output()

    def _start(self) -> None:
        self._sent.clear()
        request = {
            "verb": "load",
            "source": self._source,
            "name": self._name,
            "filename": self._filename,
            "seed": self._seed,
        }
        for _ in range(2):
            box = Sandbox(self._launcher, self._limits, self._event)
            try:
                self._ask_box(box, request, f"Importing {self._filename}", STRUCTURE_SECONDS)
            except SubmissionError as error:
                if error.kind == "isolation":
                    continue
                box.close("import failed")
                raise
            except CheckFailed:
                box.close("import failed")
                raise
            self._box = box
            return
        raise RuntimeError("no sandbox could be started")

    def close(self) -> None:
        """Ends the sandbox."""
        if self._box is not None:
            self._box.close()

    @property
    def output(self) -> str:
        """String, the end of what the submission printed."""
        return self._last_output

    # --- evidence -----------------------------------------------------------------------------

    def load(self) -> None:
        """Imports the submission.

        Raises:
            SubmissionError: If that fails.
        """
        if self._box is None or self._box.dead:
            self._start()

    def put(self, **data: Any) -> None:
        """Gives the sandbox arrays under names, as far as requests will ask for them.

        Args:
            **data: Plain data; `x` and `y` in a tuple, say.
        """
        self._data.update(data)

    def build(self, function: str, *args: Any, input_shape: Any = None) -> BuiltModel:
        """Calls a `build_*` function of the submission.

        Args:
            function: String, its name.
            *args: Plain data, the arguments.
            input_shape: Shape without the batch axis, for a Sequential model without an Input.

        Returns:
            A `BuiltModel`.

        Raises:
            CheckFailed: If what it returns is not a compiled Keras model that can be rebuilt.
            SubmissionError: If it raised, died or took too long.
        """
        request = {
            "verb": "build",
            "function": function,
            "args": list(args),
            "input_shape": input_shape,
        }
        answer = self._ask(request, f"`{function}`", STRUCTURE_SECONDS)
        try:
            handle, snapshot = answer["handle"], rebuild.Snapshot.from_claim(answer["snapshot"])
            if type(handle) is not int:
                raise ValueError("no handle")
        except FORGED as error:
            raise _forged(error) from None
        if not snapshot.compiled:
            raise CheckFailed(
                f"Expected `{function}` to return a compiled model. Found a model on which "
                "`compile` was never called. Call model.compile(optimizer=…, loss=…, "
                'metrics=["accuracy"]) before `return model`.'
            )
        assert self._box is not None
        return BuiltModel(self, self._box, handle, snapshot, function)

    def run(
        self, function: Callable[..., Any], *, seconds: float | None = None, **data: Any
    ) -> Any:
        """Runs a probe beside the student's code.

        Args:
            function: A function marked with `graders.checking.probe`; only its source travels.
            seconds: Float, a limit; `None` for what is left of the task's time.
            **data: Plain data, its arguments.

        Returns:
            What it returns: plain data, and a claim.

        Raises:
            CheckFailed, SubmissionError: See `build`.
        """
        source = textwrap.dedent(inspect.getsource(function))
        request = {
            "verb": "probe",
            "source": source,
            "function": function.__name__,
            "arguments": data,
        }
        return self._ask(request, f"Your code (asked for `{function.__name__}`)", seconds)


# What reading an answer raises that is none: an array in place of a dict, a number of 400 digits, …
FORGED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


def _forged(error: Exception) -> SubmissionError:
    return SubmissionError(
        "protocol",
        f"What came back from the process that runs your code is not a model ({error}).",
    )


class BuiltModel:
    """A model that the submission built: its snapshot, and the live one in the sandbox.

    Attributes:
        snapshot: `rebuild.Snapshot` as built.
        function: String, the function that built it.
    """

    def __init__(
        self,
        submission: Submission,
        box: Sandbox,
        handle: int,
        snapshot: rebuild.Snapshot,
        name: str,
    ):
        self._submission, self._box, self._handle = submission, box, handle
        self.snapshot, self.function = snapshot, name

    @property
    def keras(self) -> Any:
        """The model as the grader rebuilt it, with its starting weights."""
        return self.snapshot.model

    @property
    def handle(self) -> int:
        """Integer, names the live model in probes (`box[handle]`)."""
        return self._handle

    def train(self, function: str, *names: str) -> Training:
        """Calls a `train`-like function on the live model.

        Args:
            function: String, its name.
            *names: Strings, data given with `Submission.put`.

        Returns:
            A `Training`.

        Raises:
            CheckFailed, SubmissionError: See `Submission.build`.
        """
        submission, box = self._submission, self._box
        if box.dead:
            raise SubmissionError(
                "died",
                f"The process that held the model of `{self.function}` is gone ({box.dead}).",
            )
        for name in names:
            if name not in submission._sent:
                put = {"verb": "put", "name": name, "value": submission._data[name]}
                submission._ask_box(box, put, "Receiving the data", STRUCTURE_SECONDS)
                submission._sent.add(name)
        before = self.snapshot
        request = {
            "verb": "train",
            "function": function,
            "model": self._handle,
            "data": list(names),
        }
        answer = submission._ask_box(box, request, f"`{function}`", None)
        try:
            after = rebuild.Snapshot.from_claim(answer["snapshot"])
            history = answer["history"]
            if history is not None:
                history = {str(k): [float(v) for v in values] for k, values in history.items()}
            training = Training(
                function, before, after, history, str(answer["returned"])[:200],
                bool(answer["data_unchanged"]), list(map(str, answer["fits"]["faults"])),
                float(answer["fits"]["rate"]),
            )  # fmt: skip
        except FORGED as error:
            raise _forged(error) from None
        self.snapshot = after
        return training


_METRICS = "Expected metrics on the validation data in the History that `{}` returns."
# What may be wrong with the fits of a training, in the order of telling.
FAULTS = {
    "unfitted": (
        "Expected `{}` to return the History of its own `fit`.",
        "Found one that no fit in it made: of an earlier training, or filled by hand. "
        "Write `return model.fit(…)`.",
    ),
    "split": (
        _METRICS,
        "Found a fit with validation_split, which holds back a part of train_data and never looks "
        "at val_data. Pass validation_data=val_data instead.",
    ),
    "exchanged": (
        "Expected `{}` to learn from train_data, and to validate on val_data.",
        "Found the one in place of the other. Look at which of them `fit` gets as x and y, and "
        "which as validation_data.",
    ),
    "validated_on_train": (
        _METRICS,
        "Found a fit that was given training data as validation_data: they tell nothing of new "
        "images or sequences. Pass validation_data=val_data instead.",
    ),
    "changed_validation": (
        _METRICS,
        "Found a fit that validates on other values than those of val_data (scaled, or "
        "preprocessed once more). What the data need must be part of the model, as a layer.",
    ),
    "changed_training": (
        "Expected `{}` to fit the model on the values of train_data.",
        "Found a fit on others (scaled, or preprocessed once more), which no new data will have. "
        "What the data need must be part of the model, as a layer.",
    ),
    "learned_validation": (
        "Expected `{}` to learn from train_data alone.",
        "Found a fit on examples of val_data, too, which then tell nothing of new data. "
        "Give them to fit as validation_data only.",
    ),
}


class Training:
    """What a training left behind.

    Attributes:
        function: String, the function that trained.
        before: `rebuild.Snapshot` of the model as it was given.
        after: `rebuild.Snapshot` of the same model afterwards.
        history: Dict of lists of floats, as claimed: to be shown, not scored. `None` if the
            function did not return a `History`.
        returned: String, the type of what it returned.
        data_unchanged: Boolean, whether the arrays that it was given are what they were.
        faults: List of strings, what was wrong with its fits (keys of `FAULTS`), as claimed.
        rate: Float, the largest learning rate at the start or end of an epoch, as claimed.
    """

    def __init__(
        self,
        function: str,
        before: rebuild.Snapshot,
        after: rebuild.Snapshot,
        history: dict[str, list[float]] | None,
        returned: str,
        data_unchanged: bool,
        faults: list[str],
        rate: float,
    ):
        self.faults, self.rate = faults, rate
        self.function, self.before, self.after = function, before, after
        self.history, self.returned, self.data_unchanged = history, returned, data_unchanged

    def require_history(self) -> None:
        """Fails unless a `History` with validation metrics came back and the data are intact.

        Raises:
            CheckFailed: With what was expected and found.
        """
        if self.history is None:
            raise CheckFailed(
                f"Expected `{self.function}` to return the keras.callbacks.History that `fit` "
                f"returns. Found {self.returned}. Write `return model.fit(…)`, or keep its result "
                "and return it."
            )
        if not any(key.startswith("val_") for key in self.history):
            raise CheckFailed(
                f"Expected metrics on the validation data (`val_…`) in the History that "
                f"`{self.function}` returns. Found {', '.join(self.history) or 'no metric'}. "
                "Pass validation_data=val_data to `fit`."
            )
        for fault, (expected, found) in FAULTS.items():
            if fault in self.faults:
                raise CheckFailed(expected.format(self.function) + " " + found)
        if not self.data_unchanged:
            raise CheckFailed(
                f"Expected `{self.function}` to leave the arrays that it was given as they are. "
                "Found them changed. Look for an operation in place (`x /= 255`, "
                "`np.random.shuffle(x)`), and work on a copy."
            )

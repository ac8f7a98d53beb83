"""The submission, as the judge sees it: asks for evidence, and starts a new sandbox when one died.

Nothing that comes back is believed because a sandbox reports it: models are rebuilt, answers
compared with what the judge computes itself.
"""

from __future__ import annotations

import contextlib
import inspect
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from graders.boundary import sizes
from graders.boundary.events import Printed
from graders.boundary.launching import Launcher
from graders.boundary.names import Verb
from graders.boundary.spawned import Spawner
from graders.checking import CheckFailed, Uses
from graders.judge import advice, compiling, constructors, syntax
from graders.judge.connection import Connection
from graders.judge.faults import FORGED, SubmissionError, forged
from graders.judge.training import Training
from graders.rebuilt.live import LiveAnswers
from graders.rebuilt.replies import Built, Trained
from graders.rebuilt.snapshot import Snapshot

# Generous: a busy machine must not fail right work. An endless loop costs this once.
STRUCTURE_SECONDS = 120.0
# Added to the public seed: what challenge inputs are drawn from.
CHALLENGE = 7919


T = TypeVar("T")


def _parsed(parse: Callable[[], T]) -> T:
    """Parses an answer; one that does not fit is the submission's fault."""
    try:
        return parse()
    except FORGED as error:
        raise forged(error) from None


class Submission:
    """The student's module, seen from the grader. Starts a new sandbox when one has died.

    Args:
        launcher: `Launcher`, which starts sandboxes.
        source: String, the module's source.
        name: String, the task's id, used as the module's name.
        filename: String, what tracebacks call the file.
        seed: Integer, seeds Python, NumPy and Keras in each new sandbox.
        seconds: Float, the limit for all of the submission's work together.
        limits: Dict with `memory`, `cpu_seconds`, `threads`.
        on_event: Callable that takes progress events (dicts).
        turn: Callable that returns a context: within it a training may run. Entering it gives the
            seconds that it waited.

    Attributes:
        built: List of `BuiltModel`, in the order of their builds.
    """

    def __init__(
        self,
        launcher: Launcher | Spawner,
        source: str,
        name: str,
        filename: str,
        seed: int,
        seconds: float,
        limits: dict[str, Any],
        on_event: Callable[[dict], None] = lambda event: None,
        turn: Callable[[], AbstractContextManager[float]] = lambda: contextlib.nullcontext(0.0),
    ):
        self._launcher = launcher
        self._source, self._name, self._filename = source, name, filename
        self._seed, self._limits, self._on_event = seed, limits, on_event
        self._turn = turn
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._box: Connection | None = None
        self._data: dict[str, Any] = {}
        self._sent: set[str] = set()
        self._last: Connection | None = None
        self.built: list[BuiltModel] = []

    # --- the process --------------------------------------------------------------------------

    def _ask(
        self, request: dict[str, Any], what: str, seconds: float | None, limits: sizes.Limits
    ) -> Any:
        if self._box is None or self._box.dead:
            self._start()
        assert self._box is not None
        return self._ask_box(self._box, request, what, seconds, limits)

    def _ask_box(
        self,
        box: Connection,
        request: dict[str, Any],
        what: str,
        seconds: float | None,
        limits: sizes.Limits = sizes.SHORT,
    ) -> Any:
        # A probe's name is none of the student's.
        function = request.get("function") if request["verb"] != Verb.PROBE else None
        now = time.monotonic()
        if now >= self._deadline:
            raise SubmissionError(
                "timeout", f"The task's time limit of {self._seconds:g} s was used up before this."
            )
        limit = self._deadline - now if seconds is None else min(seconds, self._deadline - now)
        try:
            return box.ask(request, now + limit, limits)
        except CheckFailed as error:
            error.about = error.about or function
            raise
        except SubmissionError as error:
            error.about = advice.place_of(str(error), error.about or function)
            if error.kind == "timeout" and not str(error):
                raise SubmissionError(
                    "timeout",
                    f"{what} did not finish within {limit:.0f} s and was stopped. Look for a "
                    "loop that does not end, or for far more work than the task needs "
                    "(epochs, layers, data).",
                    function,
                ) from None
            if error.kind == "raised":
                told = compiling.explained(str(error), self._source)
                if told != str(error):
                    error.about = (Uses("compile"), error.about)
                elif name := constructors.without_super(told, self._source):
                    told = constructors.explained(told, name)
                    error.about = (f"{name}.__init__", error.about)
                error.args = (compiling.of_labels(told),)
            raise
        finally:
            self._last = box

    @contextlib.contextmanager
    def _training(self) -> Iterator[None]:
        """Holds a turn to train. To wait for it is not the student's time."""
        with self._turn() as waited:
            self._deadline += waited
            yield

    def _start(self) -> None:
        self._sent.clear()
        request = {
            "verb": Verb.LOAD,
            "source": self._source,
            "name": self._name,
            "filename": self._filename,
            "seed": self._seed,
        }
        began = time.monotonic()
        box = Connection(self._launcher, self._limits, self._on_event)
        # Where nothing is forked, a new process imports TensorFlow. That is not the student's time.
        self._deadline += time.monotonic() - began
        try:
            self._ask_box(box, request, f"Importing {self._filename}", STRUCTURE_SECONDS)
        except (SubmissionError, CheckFailed) as error:
            if getattr(error, "kind", "") == "timeout":
                error.about = syntax.loop_at_import(self._source)
            box.close("import failed")
            raise
        self._box = box

    def close(self) -> None:
        """Ends the sandbox."""
        if self._box is not None:
            self._box.close()

    @property
    def output(self) -> Printed:
        """What the submission printed, in the last sandbox that it had."""
        return Printed("", 0) if self._last is None else self._last.output()

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
            "verb": Verb.BUILD,
            "function": function,
            "args": list(args),
            "input_shape": input_shape,
            "number": self._seed + CHALLENGE,
        }
        answer = self._ask(request, f"`{function}`", STRUCTURE_SECONDS, sizes.MODEL)
        built = _parsed(lambda: Built.from_claim(answer, request["number"]))
        if not built.snapshot.compiled:
            raise CheckFailed(
                f"Expected `{function}` to return a compiled model. Found a model on which "
                "`compile` was never called. Call model.compile(optimizer=…, loss=…, "
                'metrics=["accuracy"]) before `return model`.',
                advice.NOT_COMPILED,
                function,
            )
        assert self._box is not None
        model = BuiltModel(self, self._box, built.handle, built.snapshot, built.live, function)
        self.built.append(model)
        return model

    def run(
        self,
        function: Callable[..., Any],
        read: Callable[[Any], T],
        /,
        *,
        seconds: float | None = None,
        models: bool = False,
        **data: Any,
    ) -> T:
        """Runs a probe beside the student's code.

        Args:
            function: A function marked with `graders.checking.probe`; only its source travels.
            read: Function that takes what the probe returned (plain data, and a claim), and makes
                of it what a check may use. It raises `ValueError` where the answer is none.
            seconds: Float, a limit; `None` for what is left of the task's time.
            models: Boolean, whether the answer holds models.
            **data: Plain data, its arguments.

        Returns:
            What `read` returns.

        Raises:
            CheckFailed, SubmissionError: See `build`.
        """
        source = textwrap.dedent(inspect.getsource(function))
        request = {
            "verb": Verb.PROBE,
            "source": source,
            "function": function.__name__,
            "arguments": data,
        }
        limits = sizes.MODEL if models else sizes.ANSWER
        what = f"Your code (asked for `{function.__name__}`)"
        # What has all of the time that is left trains.
        with self._training() if seconds is None else contextlib.nullcontext():
            answer = self._ask(request, what, seconds, limits)
        return _parsed(lambda: read(answer))


class BuiltModel:
    """A model that the submission built: its snapshot, and the live one in the sandbox.

    Attributes:
        snapshot: `Snapshot` as built.
        live: `LiveAnswers`, what the live model answered when it was built.
        function: String, the function that built it.
        trainings: List of `Training`, what trainings of it left.
    """

    def __init__(
        self,
        submission: Submission,
        box: Connection,
        handle: int,
        snapshot: Snapshot,
        live: LiveAnswers,
        name: str,
    ):
        self._submission, self._box, self._handle = submission, box, handle
        self.snapshot, self.live, self.function = snapshot, live, name
        self.trainings: list[Training] = []

    @property
    def keras(self) -> Any:
        """The model as the grader rebuilt it, with its starting weights."""
        return self.snapshot.model

    @property
    def about(self) -> str:
        """What a message on it is about, see `graders.checking.fail`."""
        return self.function

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
                put = {"verb": Verb.PUT, "name": name, "value": submission._data[name]}
                submission._ask_box(box, put, "Receiving the data", STRUCTURE_SECONDS)
                submission._sent.add(name)
        before = self.snapshot
        request = {
            "verb": Verb.TRAIN,
            "function": function,
            "model": self._handle,
            "data": list(names),
        }
        limits = sizes.of_training(sum(weight.nbytes for weight in before.weights))
        with submission._training():
            answer = submission._ask_box(box, request, f"`{function}`", None, limits)
        label = f"for the model of `{self.function}`"
        trained = _parsed(lambda: Trained.from_claim(answer, label, before))
        self.snapshot = trained.after
        training = Training(
            function,
            before,
            trained.after,
            trained.history,
            trained.returned,
            trained.data_unchanged,
            trained.faults,
            trained.rate,
            trained.run,
            trained.changes,
        )
        self.trainings.append(training)
        return training

"""The pytest plugin: fixtures that give checks their evidence, and hooks that report outcomes.

Points are not decided here: the runner takes them from the rubric, for the outcomes reported.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import importlib
import math
import os
import shutil
import stat
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
import pytest
import pytest_timeout

from graders.boundary import events
from graders.boundary.launching import Launcher
from graders.boundary.spawned import Spawner
from graders.checking import CheckFailed
from graders.judge import advice
from graders.judge.connection import Interrupted
from graders.judge.faults import SubmissionError
from graders.judge.places import Places, evidence_of
from graders.judge.submission import Submission
from graders.verdict import Outcome
from graders.walls.limits import is_machines

T = TypeVar("T")


class NoBound(Exception):
    """A check asks for a bound that was never measured; the text is one line for its author."""


def _begin(work: Callable[[], T]) -> Callable[[], T]:
    """Starts work in the background, and returns a function that waits for what it gives."""
    found: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as error:
            found.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return found.result


def _show(path: str, folder: str) -> str:
    """Puts a file where submissions may read it, and returns its place there."""
    target = os.path.join(folder, os.path.basename(path))
    if not os.path.exists(target):
        temporary = f"{target}.{os.getpid()}"
        try:
            if not os.stat(path).st_mode & stat.S_IROTH:
                raise PermissionError("the sandbox may be another user")
            os.link(path, temporary)
        except OSError:
            shutil.copyfile(path, temporary)
            os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    return target


class GradingPlugin:
    """One task's grading within a pytest session.

    Args:
        job: Dict, see `graders.judge.process`.
        launcher: `Launcher`, which starts sandboxes.
        emit: Callable that takes events (`graders.boundary.events`) for the runner.
        wait: Callable that waits for the runner's word that a training may begin, and returns the
            seconds that it took.
    """

    def __init__(
        self,
        job: dict[str, Any],
        launcher: Launcher | Spawner,
        emit: Callable[[events.JudgeEvent], None],
        wait: Callable[[], float],
    ):
        self._job, self._launcher, self._emit, self._wait = job, launcher, emit, wait
        self._item: Any = None
        self._outcomes: dict[str, str] = {}
        # An error that is gone leaves its number to another one, which has nothing to do with it.
        self._errors: weakref.WeakKeyDictionary[Exception, str] = weakref.WeakKeyDictionary()
        self._started = 0.0
        self._places = Places(job["source"])
        self._submission: Submission | None = None
        self._evidence: dict[str, Any] = {}
        # While pytest starts, and while the sandbox builds a model, the grader has time.
        # (A process that is spawned ends with the thread that did it, so the main one has to.)
        load = self._load_submission
        self._loaded = _begin(load) if launcher.forks else load
        self._data = _begin(self._load_data)

    def _load_submission(self) -> Submission:
        job = self._job
        self._files()  # the submission may read them from its first line
        self._submission = Submission(
            self._launcher,
            job["source"],
            job["task"],
            job["filename"],
            job["seed"],
            job["seconds"],
            job["limits"],
            on_event=self._report_progress,
            turn=self._turn,
        )
        self._submission.load()
        return self._submission

    def _report_progress(self, claim: dict[str, Any]) -> None:
        progress = events.Progress.read(claim)
        if progress is not None:
            self._emit(progress)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[float]:
        """Waits for a turn to train, and holds it: not the time of the check, or of the task."""
        hooks = self._item.config.hook
        hooks.pytest_timeout_cancel_timer(item=self._item)
        self._emit(events.Training(True))
        waited = self._wait()
        self._started += waited
        settings = pytest_timeout._get_item_settings(self._item)
        hooks.pytest_timeout_set_timer(item=self._item, settings=settings)
        try:
            yield waited
        finally:
            self._emit(events.Training(False))

    def _load_data(self) -> Any:
        from datasets import keep

        if not self._job["data"]:
            return None
        return keep.load(self._job["data"], self._job["draw"], source=self._job["source_name"])

    @functools.cache  # noqa: B019 - one plugin lives as long as its process
    def _files(self) -> dict[str, str]:
        return {
            name: _show(
                importlib.import_module(f"datasets.{name}").path(self._job["weights"]),
                self._job["shown"],
            )
            for name in self._job["files"]
        }

    # --- fixtures -----------------------------------------------------------------------------

    @pytest.fixture(scope="session")
    def files(self) -> dict[str, str]:
        """The paths of the files that the submission may read, by the module that provides them."""
        return self._files()

    @pytest.fixture(scope="session")
    def submission(self) -> Iterator[Submission]:
        """The student's module: `Submission`."""
        found = self._loaded()
        yield found
        found.close()

    @pytest.fixture(scope="session")
    def data(self) -> Any:
        """The task's data for this draw: `datasets.Dataset`."""
        return self._data()

    @pytest.fixture(scope="session")
    def given(self, submission: Submission, data: Any) -> Any:
        """The training and validation parts, as `train` and `validation` in the sandbox."""
        submission.put(train=data.train, validation=data.validation)
        return data

    @pytest.fixture(scope="session")
    def rng(self) -> np.random.Generator:
        """Random numbers that the submission cannot foresee, the same for the same draw."""
        return np.random.default_rng([self._job["draw"], 1])

    @pytest.fixture(scope="session")
    def threshold(self) -> Callable[..., float]:
        """A function `(measure, value=None, upper=False)` that gives the measure's bound.

        It also notes the value that was measured. While calibrating, nothing is out of bounds.
        """

        def bound(measure: str, value: float | None = None, upper: bool = False) -> float:
            if value is not None:
                self._evidence.setdefault("measures", {})[measure] = [float(value), upper]
            if self._job["calibrating"]:
                return math.inf if upper else -math.inf
            bounds = self._job["bounds"]
            if measure not in bounds:
                raise NoBound(
                    f"{self._job['task']} has no bound for {measure} yet. Measure it: "
                    f"python -m graders.calibration {self._job['task']}"
                )
            return float(bounds[measure])

        return bound

    @pytest.fixture(scope="session")
    def evidence(self) -> dict[str, Any]:
        """A dict of plain data for plots and reports; nothing in it earns a point."""
        return self._evidence

    @pytest.fixture(scope="session")
    def settings(self, files: dict[str, str]) -> dict[str, Any]:
        """What of the settings checks may see: seed, data source, files and their kind, device."""
        chosen = {key: self._job[key] for key in ("seed", "source_name", "weights", "device")}
        return chosen | {"files": files}

    # --- hooks --------------------------------------------------------------------------------

    def pytest_configure(self, config: pytest.Config) -> None:
        """Spares pytest its own account of a failure: a quarter of a second, and nobody sees it."""
        config.option.tbstyle = "native"

    def pytest_pycollect_makeitem(self, collector: Any, name: str, obj: Any) -> Any:
        """Collects functions marked with `check`, whatever they are called."""
        if hasattr(obj, "__check__"):
            return list(collector._genfunctions(name, obj))
        return [] if name.startswith("test") else None

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Puts the checks in the order of the file, and leaves out what was not asked for."""
        items[:] = [item for item in items if item.originalname in self._job["checks"]]
        items.sort(key=lambda item: item.function.__code__.co_firstlineno)
        if self._job["calibrating"]:
            items[:] = [item for item in items if "threshold" in item.fixturenames]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Tells the runner which check runs."""
        self._started = time.monotonic()
        self._emit(events.CheckStarted(nodeid.rpartition("::")[2]))

    def pytest_runtest_setup(self, item: Any) -> None:
        """Skips a check that needs one that did not pass."""
        self._item = item
        for need in item.function.__check__["needs"]:
            # A shortcut may fail on structure; what it would reach is measured all the same.
            if self._job["calibrating"]:
                break
            if self._outcomes.get(need) != "passed":
                pytest.skip(f"Not run: it builds on `{need}`, which did not pass.")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Iterator[None]:
        """Turns what a check raised into an outcome and a message."""
        yield
        name = item.originalname
        if call.excinfo is None:
            if call.when == "call":
                self._finish(name, "passed", "")
            return
        if call.when == "teardown":
            return
        error = call.excinfo.value
        text = str(error)
        if isinstance(error, CheckFailed | SubmissionError) and error in self._errors:
            first = self._errors[error]
            self._finish(name, "skipped", f"Not run: the same thing stopped it as `{first}`.")
        elif isinstance(error, CheckFailed):
            self._errors[error] = name
            about = self._about(item, error)
            shown = error.reproduce
            self._finish(name, "failed", text, hints=error.hints, about=about, reproduce=shown)
        elif isinstance(error, SubmissionError):
            self._errors[error] = name
            own = advice.for_error(error.kind, item.function.__check__["hints"])
            self._finish(name, "error", text, error.kind, own, self._about(item, error))
        elif isinstance(error, pytest.skip.Exception):
            self._finish(name, "skipped", text)
        elif isinstance(error, pytest.fail.Exception) and "Timeout" in text:
            limit = self._job["seconds"]
            self._finish(
                name,
                "error",
                f"The grader could not evaluate your model within {limit:g} s. Look for a model "
                "that is far larger than the task needs.",
                "timeout",
                advice.for_error("timeout"),
            )
        elif isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            self._finish(
                name,
                "error",
                "The grader ran out of memory while it evaluated your model. Look for a layer "
                "that is far larger than the task needs.",
                "memory",
                advice.for_error("memory"),
            )
        elif isinstance(error, NoBound) or type(error).__name__ == "DataUnavailable":
            self._emit(events.DataUnavailable(text))
            self._finish(name, "skipped", text)
        elif isinstance(error, Interrupted) or is_machines(error):
            self._emit(events.Interrupted(" ".join(text.split())[:500] or type(error).__name__))
            self._finish(name, "skipped", "Not run: the machine ended the grading.")
            item.session.shouldstop = "interrupted"
        else:
            self._emit(events.JudgeFailed("".join(traceback.format_exception(error))))
            self._finish(name, "skipped", "The grader itself failed here; this is not your fault.")

    def _about(self, item: Any, error: CheckFailed | SubmissionError) -> int | None:
        """Returns the line of the submission that a message is about, `None` if there is none.

        What the message tells comes first, then what the check tells, and then its evidence.
        """
        function = item.function
        about = (error.about, function.__check__["about"], evidence_of(item.funcargs))
        return self._places.line(about) or self._places.named_in(function.__doc__ or "")

    def _finish(
        self,
        name: str,
        outcome: Outcome,
        message: str,
        kind: str = "",
        hints: tuple[str, ...] = (),
        about: int | None = None,
        reproduce: str = "",
    ) -> None:
        self._outcomes[name] = outcome
        seconds = time.monotonic() - self._started
        ended = (name, outcome, message, kind, seconds, hints, about, reproduce)
        self._emit(events.CheckEnded(*ended))

    def pytest_sessionfinish(self) -> None:
        """Hands over the evidence, and what the submission printed."""
        if self._submission is not None:
            self._emit(self._submission.output)
        self._emit(events.EvidenceGathered(self._evidence))

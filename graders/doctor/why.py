"""Finds out why a submission's training failed a check: trains its model again, with repairs.

The submission builds and trains once more, as for its grading, and no check is asked for an
outcome. A job is that of a grading (`graders.judge.process`), with `why` (seconds for trying
repairs) and `failed` (a dict from the names of the checks that did not pass to their messages).
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from graders.boundary import events
from graders.boundary.launching import Launcher
from graders.boundary.spawned import Spawner
from graders.checking import CheckFailed
from graders.diagnosis import diagnose, graded, measuring, suspects, trying
from graders.diagnosis.trials import Data
from graders.doctor.faults import faults_in
from graders.examination import NO_TRAINING, Examination
from graders.judge import process
from graders.judge.connection import Interrupted
from graders.judge.places import Places
from graders.judge.plugin import GradingPlugin
from graders.judge.submission import BuiltModel, Submission
from graders.toolkit.outputs import part_scores, predict, rows

# The fixture that hands a submission the data: what asks for it trains.
TRAINS = "given"
# A budget that is worth the diagnosis of a further training.
LEAST_SECONDS = 8.0
NO_MODEL = "The grader has no training of this file that it could try again with a repair."


class _Trainings(GradingPlugin):
    """Has a submission build and train as for its grading, without the checks themselves.

    Attributes:
        submission_seen: `Submission`; `None` if it could not be loaded.
        data_seen: `datasets.Dataset`, or `None`.
        trains: Set of strings, the names of the checks that train.
    """

    def __init__(self, job: dict[str, Any], launcher: Launcher | Spawner, emit: Any):
        self.submission_seen: Submission | None = None
        self.data_seen: Any = None
        self.trains: set[str] = set()
        self.trouble: events.JudgeEvent | None = None
        super().__init__(job, launcher, emit, lambda: 0.0)

    @pytest.fixture(scope="session")
    def submission(self) -> Iterator[Submission]:
        """The student's module: `Submission`."""
        self.submission_seen = self._loaded()
        yield self.submission_seen
        self.submission_seen.close()

    @pytest.fixture(scope="session")
    def data(self) -> Any:
        """The task's data for this draw: `datasets.Dataset`."""
        self.data_seen = self._data()
        return self.data_seen

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Leaves the checks that train, and those that failed, in the order of the file."""
        super().pytest_collection_modifyitems(items)
        self.trains = {item.originalname for item in items if TRAINS in item.fixturenames}
        wanted = self.trains | set(self._job["failed"])
        items[:] = [item for item in items if item.originalname in wanted]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Tells nobody."""

    def pytest_runtest_setup(self, item: Any) -> None:
        """Skips nothing: what a check builds on may have failed."""
        self._item = item

    def pytest_pyfunc_call(self) -> bool:
        """Leaves the check itself out: its fixtures have built and trained."""
        return True

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Iterator[None]:
        """Notes what the machine, and not the submission, is to blame for."""
        yield
        error = call.excinfo.value if call.excinfo is not None else None
        if isinstance(error, Interrupted):
            self.trouble = events.Interrupted(" ".join(str(error).split())[:500])
        elif type(error).__name__ == "DataUnavailable":
            self.trouble = events.DataUnavailable(str(error))
        if self.trouble is not None:
            item.session.shouldstop = "no training"

    def pytest_sessionfinish(self) -> None:
        """Tells nobody."""


def run(
    job: dict[str, Any],
    launcher: Launcher | Spawner,
    emit: Callable[[events.JudgeEvent], None],
) -> None:
    """Finds out why a submission's training failed.

    Args:
        job: Dict, see the module.
        launcher: What starts the sandbox.
        emit: Callable that takes events.
    """

    def progress(event: events.JudgeEvent) -> None:
        if isinstance(event, events.Progress):
            emit(event)

    process.find_datasets(job)
    seen = _Trainings({**job, "calibrating": False}, launcher, progress)
    process.run_checks(job, seen)
    if seen.submission_seen is not None:
        seen.submission_seen.close()
    emit(seen.trouble or events.Examined(_examined(job, seen).plain()))
    emit(events.Finished(0))


def _examined(job: dict[str, Any], seen: _Trainings) -> Examination:
    first, *_ = job["failed"]
    ends = time.monotonic() + job["why"]
    found: list[Examination] = []
    for model, training in _models(seen):
        left = ends - time.monotonic()
        if found and left < LEAST_SECONDS:
            break
        with contextlib.suppress(CheckFailed):
            search = not seen.trains.isdisjoint(job["failed"]) and not _of_history(job, training)
            found.append(_of(job, seen, model, training, left, search))
            if found[-1].faults:
                return found[-1]
            if not search:
                found[-1] = Examination(trouble=NO_TRAINING.format(first))
    if not found:
        return Examination(trouble=NO_MODEL)
    return found[0]


def _of_history(job: dict[str, Any], training: Any) -> bool:
    """Returns whether a check failed on what the training returned, and not on what it reached."""
    if training is None or not suspects.FITS.keys().isdisjoint(training.faults):
        return False
    try:
        training.require_history()
    except CheckFailed as error:
        return str(error).strip() in job["failed"].values()
    return False


def _models(seen: _Trainings) -> list[tuple[BuiltModel, Any]]:
    """Returns the models that the task's data are for, each with a training of it.

    The one that reached least comes first. If none was trained, it is the first one that was built.
    """
    data, submission = seen.data_seen, seen.submission_seen
    if data is None or submission is None:
        return []
    trained = [(model, each) for model in submission.built for each in model.trainings]

    def reached(pair: tuple[BuiltModel, Any]) -> float:
        with contextlib.suppress(Exception):
            return part_scores(pair[1].after, data, "validation").accuracy
        return 0.0

    if len(trained) > 1:
        trained.sort(key=reached)
    built = (model for model in submission.built if _takes(model, data))
    return trained or [(model, None) for model in itertools.islice(built, 1)]


def _takes(model: BuiltModel, data: Any) -> bool:
    """Returns whether a model takes the task's data: some are built for other shapes."""
    with contextlib.suppress(Exception):
        return len(predict(model.keras, rows(data.train[0], 0, 2))) == 2
    return False


def _of(
    job: dict[str, Any],
    seen: _Trainings,
    model: BuiltModel,
    training: Any,
    seconds: float,
    search: bool,
) -> Examination:
    """Diagnoses a training, and tries repairs."""
    start = training.before if training is not None else model.snapshot
    data = seen.data_seen
    facts = measuring.measured(graded.facts_of(start, data.train, training), start)
    parts = Data(*data.train, *data.validation)
    found, trouble = trying.explained(
        facts, start, diagnose.diagnose(facts), parts, training, seconds, search
    )
    function = Places(job["source"]).line(training.function) if training is not None else None
    fault = faults_in(job["source"], function or 0)
    return Examination(
        tuple(map(fault, found.faults[:5])),
        trouble=trouble,
        trainings=int(training is not None),
    )

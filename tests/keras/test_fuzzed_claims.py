"""Answers of right work, changed at random: a check fails or passes, and the grader never does.

    KERAS_KIT_FUZZ=500 python -m pytest tests/keras/test_fuzzed_claims.py

changes 500 answers of each task; without the variable some.

The references are graded once in this process, without a sandbox, on small data and for a few
epochs. What their probes, builds and trainings answered is kept. Each example changes one answer,
and grades again with it.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import importlib
import inspect
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.boundary import sizes, wire
from graders.checking import CheckFailed
from graders.judge.faults import SubmissionError, explain
from graders.judge.submission import Submission
from graders.sandbox.box import Box
from graders.sandbox.errors import describe
from graders.sandbox.requests import VERBS
from tests.fuzzing import growth, search
from tests.hostile import mutants

REFERENCES = Path(__file__).resolve().parents[2] / "reference"
# The tasks by section, and how many answers CI has time to change.
TASKS = {
    "custom_layer": ("customization", 50),
    "penalized_loss": ("customization", 25),
    "multi_branch": ("customization", 6),
    "lr_batch_sweep": ("optimization", 15),
    "mixed_precision": ("optimization", 4),
    "dropout_l2": ("optimization", 6),
    "cnn": ("model_architectures", 8),
    "lstm": ("model_architectures", 8),
}
# Trainings of images or sequences take their time, here too.
QUICK = ("custom_layer", "multi_branch", "lr_batch_sweep")
EACH_TASK = [
    pytest.param(task, marks=() if task in QUICK else pytest.mark.slow, id=task) for task in TASKS
]
EXAMPLES, EPOCHS = 160, 2
Answers = dict[tuple[str, str, int], Any]


class Data:
    """Stands for a data set of a task: random examples of its shape."""

    num_classes = 10

    def __init__(self, task: str):
        rng = np.random.default_rng(0)
        shapes: dict[str, tuple[int, ...]] = {"cnn": (32, 32, 3), "lstm": (20, 3)}
        self.num_classes = 2 if task == "lstm" else 10

        def part() -> tuple[Any, np.ndarray]:
            def draw(*shape: int) -> np.ndarray:
                return rng.random((EXAMPLES, *shape), dtype="float32")

            x: Any = draw(*shapes.get(task, (28, 28, 1)))
            if task == "multi_branch":
                x = {"image": draw(28, 28, 1), "context": draw(4)}
            return x, np.arange(EXAMPLES) % self.num_classes

        self.train, self.validation, self.test = part(), part(), part()


class InProcess:
    """Stands for a sandbox: does what it is asked in this process, and keeps the answers.

    Args:
        task: String, whose reference it runs.
        section: String, the task's section.
    """

    dead = ""

    def __init__(self, task: str, section: str):
        self._box: Any = Box(None)  # type: ignore[arg-type]
        source = (REFERENCES / section / f"{task}.py").read_text(encoding="utf-8")
        self._box.student = types.ModuleType(task)
        self._box.filename, self._box.source = f"{task}.py", source
        exec(compile(source, f"{task}.py", "exec"), vars(self._box.student))
        self._box.recorder = type(self._box.recorder)(lambda *epochs, **reached: None)
        self.recorder = self._box.recorder
        self.answers: Answers = {}
        self._asked: collections.Counter[tuple[str, str]] = collections.Counter()

    def ask(self, request: dict[str, Any], deadline: float, limits: sizes.Limits) -> Any:
        """Answers a request as a sandbox does, over the wire."""
        given = dict(request)
        verb = given.pop("verb")
        try:
            answer = VERBS[verb](self._box, **given)
        except Exception as error:
            raise explain(describe(error, "")) from None
        _, document, *arrays = (bytes(piece) for piece in wire.encode(answer))
        answer = wire.decode(document, bytearray(b"".join(arrays)), limits)
        name = (verb, request.get("function", ""))
        self.answers[(*name, self._asked[name])] = answer
        self._asked[name] += 1
        return answer

    def output(self) -> str:
        """Returns what the submission printed."""
        return ""


class Replay:
    """Stands for a sandbox that gives answers which were kept.

    Args:
        answers: Dict from verb, function and how often it was asked before to the answer.
    """

    dead = ""

    def __init__(self, answers: Answers):
        self._answers = answers
        self._asked: collections.Counter[tuple[str, str]] = collections.Counter()

    def ask(self, request: dict[str, Any], deadline: float, limits: sizes.Limits) -> Any:
        """Returns the answer to the request; an earlier one where a check asks once more."""
        name = (request["verb"], request.get("function", ""))
        number = self._asked[name]
        self._asked[name] += 1
        while (*name, number) not in self._answers:
            number -= 1
            assert number >= 0, f"{name} was never answered"
        return self._answers[(*name, number)]

    def output(self) -> str:
        """Returns what the submission printed."""
        return ""


def judged(task: str, section: str, box: Any) -> dict[str, str]:
    """Runs a task's checks as the plugin does; returns what each came to.

    Args:
        task: String.
        section: String, the task's section.
        box: What answers the requests.
    """
    module = importlib.import_module(f"graders.checks.{section}.{task}")
    submission = Submission(None, "", task, f"{task}.py", 0, 600.0, {})  # type: ignore[arg-type]
    submission._box = box
    data = Data(task)
    submission.put(train=data.train, validation=data.validation)

    def threshold(measure: str, value: float | None = None, upper: bool = False) -> float:
        return np.inf if upper else -np.inf

    known: dict[str, Any] = {
        "submission": submission,
        "data": data,
        "given": data,
        "rng": np.random.default_rng(1),
        "threshold": threshold,
        "evidence": {},
        "settings": {
            "seed": 0,
            "files": {},
            "weights": None,
            "source_name": None,
            "device": "cpu",
        },
        "files": {},
    }
    failed: dict[str, BaseException] = {}

    def value(name: str) -> Any:
        if name in failed:
            raise failed[name]
        if name not in known:
            fixture = vars(module)[name]
            try:
                known[name] = called(fixture._get_wrapped_function())
            except (CheckFailed, SubmissionError) as error:
                failed[name] = error
                raise
        return known[name]

    def called(function: Callable[..., Any]) -> Any:
        return function(**{name: value(name) for name in inspect.signature(function).parameters})

    outcomes: dict[str, str] = {}
    for name, function in vars(module).items():
        if not hasattr(function, "__check__"):
            continue
        if any(outcomes.get(need) != "passed" for need in function.__check__["needs"]):
            outcomes[name] = "skipped"
            continue
        try:
            called(function)
            outcomes[name] = "passed"
        except CheckFailed as error:
            outcomes[name] = f"failed: {error}"
        except SubmissionError as error:
            outcomes[name] = f"error: {error.kind}: {error}"
    return outcomes


@contextlib.contextmanager
def _few_epochs() -> Iterator[None]:
    """Has every fit end after a few epochs."""
    original = keras.Model.fit
    signature = inspect.signature(original)

    @functools.wraps(original)
    def fit(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.arguments["epochs"] = min(bound.arguments.get("epochs", 1), EPOCHS)
        return original(*bound.args, **bound.kwargs)

    keras.Model.fit = fit
    try:
        yield
    finally:
        keras.Model.fit = original


@functools.cache
def kept(task: str) -> tuple[Answers, dict[str, str]]:
    """Grades a reference once; returns its answers, and what its checks came to."""
    section, _ = TASKS[task]
    keras.utils.set_random_seed(0)
    box = InProcess(task, section)
    few = _few_epochs() if task != "lr_batch_sweep" else contextlib.nullcontext()
    with few:
        box.recorder.install()
        try:
            outcomes = judged(task, section, box)
        finally:
            box.recorder.uninstall()
    return box.answers, outcomes


@pytest.fixture(autouse=True)
def memory() -> Iterator[None]:
    """All answers of a task together take less than the 500 MB that a judge may."""
    with growth() as grown:
        yield
    assert grown[0] < 500 * 2**20


@pytest.mark.parametrize("task", EACH_TASK)
def test_the_answers_of_a_reference_are_graded_again_as_before(task: str) -> None:
    """What was kept is an honest grading: most checks pass, and do so once more."""
    answers, outcomes = kept(task)
    again = judged(task, TASKS[task][0], Replay(answers))
    # A comparison that is only read again takes no time, so that its seconds do not fit into it.
    passed = [name for name, outcome in outcomes.items() if outcome == "passed"]
    of_again = [name for name, outcome in again.items() if outcome == "passed"]
    assert {*of_again, "timings"} == {*passed, "timings"}
    assert len(passed) >= len(outcomes) // 2, outcomes


def _fuzz(task: str) -> Callable[[], None]:
    section, examples = TASKS[task]

    @search(examples)
    @given(st.data())
    def test(drawn: st.DataObject) -> None:
        answers, _ = kept(task)
        key = drawn.draw(st.sampled_from(sorted(key for key in answers if key[0] != "put")))
        mutant = drawn.draw(mutants(answers[key]))
        began = time.monotonic()
        with np.errstate(all="ignore"):
            judged(task, section, Replay({**answers, key: mutant}))
        assert time.monotonic() - began < 60

    return test


@pytest.mark.parametrize("task", EACH_TASK)
def test_changed_answers_never_break_the_grader(task: str) -> None:
    """A changed answer costs points, or none: nothing but a verdict comes of it."""
    _fuzz(task)()

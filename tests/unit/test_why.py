"""`--why`: what is asked for, what is refused, and how what was tried is shown."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest

from graders import rubric
from graders.cli import arguments, commands, whys
from graders.cli.arguments import UsageError
from graders.reports import html, text, why
from graders.runner import NotExamined, Request
from graders.verdict import TaskVerdict
from tests.verdicts import task, verdict

TRIED = "Tried: with the inputs divided once, 5 epochs reach 96% accuracy, instead of 10%."
WHY: dict[str, Any] = {
    "faults": [
        {
            "id": "scaled_away",
            "message": "Expected inputs of about unit size. Found <b>less</b>\x1b[2J.",
            "file": "cnn.py",
            "line": 15,
            "code": "layers.Rescaling(1 / 255),",
            "doc": "https://keras.io/",
            "tried": TRIED,
        }
    ],
    "trouble": "",
}


@pytest.mark.parametrize(
    ("words", "tasks"),
    [
        (["--why", "cnn"], ["cnn"]),
        (["cnn", "--why"], ["cnn"]),
        (["lstm", "--why", "cnn"], ["lstm", "cnn"]),
        (["--why", "cnn::accuracy"], ["cnn::accuracy"]),
    ],
)
def test_a_task_may_be_named_either_way(words: list[str], tasks: list[str]) -> None:
    """As the option's value, or before it."""
    given = arguments.parser().parse_args(words)
    commands.ask_why(given)
    assert given.tasks == tasks


@pytest.mark.parametrize(
    ("words", "told"), [(["--why"], "Name it"), (["--why", "cnn", "--watch"], "without --watch")]
)
def test_wrong_usage_is_refused(words: list[str], told: str) -> None:
    """All tasks would take ten minutes, and each save one."""
    with pytest.raises(UsageError, match=told):
        commands.ask_why(arguments.parser().parse_args(words))


def of_training(given: TaskVerdict) -> TaskVerdict:
    """Returns a verdict whose check is on what a training reaches."""
    checks = tuple(
        dataclasses.replace(check, id=f"{given.task}::accuracy") for check in given.checks
    )
    return dataclasses.replace(given, checks=checks)


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("cnn", "passed", "cnn has all its points: there is nothing to try."),
        ("cnn", "not_started", "still the stub"),
        ("cnn", "grader_error", "No check was run"),
        ("custom_layer", "failed", "No model that custom_layer.py builds is trained"),
        ("cnn", "failed", ""),
    ],
)
def test_nothing_is_tried_where_nothing_can_be(name: Any, status: Any, told: str) -> None:
    """One clear line tells why."""
    found = rubric.find(name)
    given = of_training(task(name, status))
    ran = tuple(dataclasses.replace(check, seconds=1.0) for check in given.checks)
    request = Request(found, found.stub)
    assert told in whys.nothing_to_try(request, dataclasses.replace(given, checks=ran))
    if not told:
        assert whys.nothing_to_try(request, dataclasses.replace(given, checks=ran)) == ""


def test_a_check_that_ran_is_enough_and_a_part_is_no_whole() -> None:
    """One check with a time was run; of a part that passes nothing is told of the whole."""
    found = rubric.find("cnn")
    given = of_training(task("cnn", "failed"))
    first, *others = (dataclasses.replace(check, seconds=0.0) for check in given.checks)
    none = dataclasses.replace(given, checks=(first, *others))
    some = dataclasses.replace(given, checks=(first, *others[:-1], given.checks[-1]))
    some = dataclasses.replace(
        some, checks=(*some.checks[:-1], dataclasses.replace(some.checks[-1], seconds=1.0))
    )
    request = Request(found, found.stub)
    told = whys.nothing_to_try(request, none)
    assert told == "No check was run: there is nothing to try."
    assert whys.nothing_to_try(request, some) == ""
    part = dataclasses.replace(request, only=("builds",))
    told = whys.nothing_to_try(part, task("cnn", "passed"))
    assert told == "What you asked for passes: there is nothing to try."
    structure = dataclasses.replace(
        some,
        checks=tuple(dataclasses.replace(each, id="cnn::builds") for each in some.checks),
    )
    told = whys.nothing_to_try(request, structure)
    assert told.startswith("builds is not about what a training reaches")


class _Runner:
    """Stands in for the runner: finds something, or raises; notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def why(self, *asked: Any) -> Any:
        self.asked.append(asked)
        if asked[1].task == "lstm":
            raise NotExamined("no time\nmore")
        return WHY


class _Live:
    """Stands in for what shows the progress; notes it."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    @contextlib.contextmanager
    def working(self, *told: str) -> Iterator[None]:
        self.seen.append(told)
        yield

    def show_why(self, shown: TaskVerdict) -> None:
        self.seen.append((shown.task, shown.evidence["why"]))


def test_each_task_gets_what_was_found_for_it() -> None:
    """One after the other, each shown at once; points and the evidence before it stay."""
    names = ("cnn", "lstm", "custom_layer")
    tasks = [
        dataclasses.replace(
            task(name, "failed", evidence={"kept": name}),
            checks=tuple(
                dataclasses.replace(check, seconds=1.0)
                for check in of_training(task(name, "failed")).checks
            ),
        )
        for name in names
    ]
    requests = [Request(rubric.find(name), rubric.find(name).stub) for name in names]
    runner, live = _Runner(), _Live()
    given = verdict(*tasks)
    answer = whys.explain(given, requests, cast(Any, runner), cast(Any, live))
    untold = {"faults": [], "trouble": "It could not be examined: no time"}
    nothing = {"faults": [], "trouble": whys.nothing_to_try(requests[2], tasks[2])}
    found = dict(zip(names, (WHY, untold, nothing), strict=True))
    for before, after in zip(given.tasks, answer.tasks, strict=True):
        told = {"kept": before.task, "why": found[before.task]}
        assert after == dataclasses.replace(before, evidence=told)
    assert runner.asked == [(requests[i], tasks[i], 60.0) for i in range(2)]
    working = "trains again, and tries repairs"
    assert live.seen == [
        ("cnn", working), ("cnn", WHY), ("lstm", working), ("lstm", untold),
        ("custom_layer", nothing),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="zip"):
        whys.explain(given, requests[:2], cast(Any, runner), cast(Any, live))


def test_what_was_tried_is_shown_on_the_terminal() -> None:
    """The fault, what was tried, the place; nothing if nobody asked."""
    rendered = why.told("cnn", {"why": WHY})
    assert rendered is not None
    shown = text.plain(rendered)
    assert TRIED in " ".join(shown.split())
    assert "cnn.py:15: layers.Rescaling(1 / 255)," in shown and "\x1b" not in shown
    assert why.told("cnn", {}) is None


def test_all_that_was_found_is_shown_in_its_order() -> None:
    """A fault in a cell, one without a line, what could not be tried; long text is cut."""
    line = (
        'layers.Dense(10, activation="softmax", kernel_initializer="he_normal", name="a_long_name")'
    )
    faults = [
        {"message": "First.", "file": "a.ipynb", "line": 3, "cell": 2, "code": line, "doc": "",
         "tried": "Tried: more."},
        {"message": "\x1bSecond.", "file": "a.py", "line": 7, "code": "", "doc": None, "tried": ""},
        {"message": "x" * 3000, "file": "a.py", "line": None, "code": "", "doc": "https://keras.io/a",
         "tried": None},
    ]  # fmt: skip
    evidence = {"why": {"faults": faults, "trouble": "\x1bNo time."}}
    rows = why.read(evidence)
    assert rows[:2] == [
        why.Why("First.", f"a.ipynb, code cell 2, line 3: {line}", "Tried: more.", ""),
        why.Why("\N{REPLACEMENT CHARACTER}Second.", "a.py:7", "", ""),
    ]
    assert 2000 <= len(rows[2].message) < 2100
    assert (rows[2].where, rows[2].tried, rows[2].doc) == ("", "", "https://keras.io/a")
    assert rows[3:] == [why.Why("", "", "\N{REPLACEMENT CHARACTER}No time.", "")]
    faults[2]["message"] = "Third."
    rendered = why.told("cnn", evidence)
    assert rendered is not None
    assert [row.rstrip() for row in text.plain(rendered).strip().splitlines()] == [
        "cnn: why? What was tried (no point depends on it):",
        "    First.",
        "    Tried: more.",
        f"    a.ipynb, code cell 2, line 3: {line}",
        "    \N{REPLACEMENT CHARACTER}Second.",
        "    a.py:7",
        "    Third.",
        "    Read: https://keras.io/a",
        "    \N{REPLACEMENT CHARACTER}No time.",
    ]
    assert why.read({"why": "not a dict"}) == []


def test_what_was_tried_is_on_the_page_and_in_the_json() -> None:
    """Escaped on the page, as an object of its own in the JSON."""
    asked = task("cnn", "failed", evidence={"why": WHY})
    page = html.render(verdict(asked))
    assert TRIED in page and "<b>less</b>" not in page
    assert asked.to_json()["why"] == WHY
    assert "why" not in task("cnn", "failed").to_json()
    assert json.loads(json.dumps(asked.packed()))
    assert TaskVerdict.unpacked(asked.packed()).evidence["why"] == WHY


def test_the_next_step_names_it_where_repairs_can_be_tried() -> None:
    """Not where nothing was, and not again where it was asked for."""
    told = "and python grade.py --why cnn --from 'a b' tries repairs."
    trained = {"repairs": True}
    assert told in text.next_step((task("cnn", "failed", evidence=trained),), source="a b")
    for evidence in ({}, {**trained, "why": WHY}):
        assert "--why" not in text.next_step((task("cnn", "failed", evidence=evidence),))

"""Parts of tasks: which checks a name asks for, what they need, and what a verdict says of them."""

from __future__ import annotations

import pytest

from graders import rubric
from graders.cli import arguments, parts
from graders.runner import Request
from graders.runner.collected import in_part, result_of, status_of
from graders.verdict import CheckResult, TaskVerdict

LAYER = rubric.find("custom_layer")


def names(task: rubric.Task) -> list[str]:
    """Returns the names of a task's checks."""
    return [check.name for check in task.checks]


@pytest.mark.parametrize(
    ("given", "tasks", "only"),
    [
        (["cnn"], ["cnn"], {}),
        (["cnn::accuracy"], ["cnn"], {"cnn": ("accuracy",)}),
        (["cnn.py::accuracy", "lstm"], ["cnn", "lstm"], {"cnn": ("accuracy",)}),
        (["cnn::builds", "cnn::trains", "cnn::builds"], ["cnn"], {"cnn": ("builds", "trains")}),
        (["cnn::builds", "cnn"], ["cnn"], {}),
        (["cnn", "cnn::builds"], ["cnn"], {}),
        (["whatever"], ["whatever"], {}),
    ],
)
def test_names_are_taken_apart(given, tasks, only) -> None:
    """A task that is named as a whole is graded as a whole; unknown tasks are others' business."""
    assert rubric.apart(given) == (tasks, only)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cnn::accurcy", "cnn has no check 'accurcy'. Did you mean cnn::accuracy?"),
        ("cnn::", "cnn has no check ''. Checks: builds, "),
        ("cn::builds", "There is no task 'cn'. Did you mean cnn?"),
        ("cnn::" + "x" * 500, "Checks: builds, "),
    ],
)
def test_an_unknown_check_has_a_near_one(name: str, words: str) -> None:
    """One line names what was meant, or what there is."""
    with pytest.raises(rubric.UnknownTask) as error:
        rubric.apart([name])
    assert words in str(error.value)
    assert len(str(error.value)) < 300 and "\n" not in str(error.value)


def test_a_part_holds_what_it_needs() -> None:
    """A check comes with those that it builds on, and with those that these build on, in order."""
    assert names(rubric.part(LAYER, ["gradients"])) == ["weights_created", "computes", "gradients"]
    assert names(rubric.part(LAYER, ["trains"])) == [
        "weights_created", "computes", "activation", "gradients", "trains",
    ]  # fmt: skip
    assert Request(LAYER, LAYER.stub).asked == LAYER
    for task in rubric.tasks():
        for check in task.checks:
            part = rubric.part(task, [check.name])
            assert part.checks[-1] == check
            assert {need for item in part.checks for need in item.needs} <= set(names(part))


def test_a_verdict_on_the_whole_answers_for_a_part() -> None:
    """Its checks, and the status that these alone come to."""
    checks = tuple(
        result_of(LAYER, name, "failed" if name == "activation" else "passed", "No.")
        for name in names(LAYER)
    )
    whole = TaskVerdict(LAYER.id, LAYER.section, "failed", checks)
    for asked, status, points in (("gradients", "passed", 4.0), ("trains", "failed", 5.0)):
        found = in_part(whole, rubric.part(LAYER, [asked]))
        assert (found.status, found.points) == (status, points)
    for status in ("not_started", "grader_error"):
        other = TaskVerdict(LAYER.id, LAYER.section, status, checks)
        assert in_part(other, rubric.part(LAYER, ["gradients"])).status == status


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (["passed", "passed"], "passed"),
        (["passed", "skipped"], "failed"),
        (["failed", "error", "skipped"], "error"),
    ],
)
def test_the_status_follows_from_the_outcomes(outcomes, status) -> None:
    """An error before a failure, and nothing but passed checks for a task that passed."""
    assert status_of([CheckResult("a::b", "", outcome, 0, 1) for outcome in outcomes]) == status


def test_marks_that_count_are_for_whole_tasks() -> None:
    """Gradescope's results take no part of a task: one line says what to ask for."""
    words = ["custom_layer::gradients", "cnn", "--gradescope", "results.json"]
    given = arguments.parser().parse_args(words)
    with pytest.raises(arguments.UsageError, match="ask for custom_layer, not for its checks"):
        parts.requests(given)
    given.gradescope = None
    assert [(request.task.id, request.only) for request in parts.requests(given)] == [
        ("custom_layer", ("gradients",)), ("cnn", ()),
    ]  # fmt: skip
    given.tasks = ["custom_layer::gradient"]
    with pytest.raises(arguments.UsageError, match="Did you mean custom_layer::gradients"):
        parts.requests(given)

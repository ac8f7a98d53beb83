"""The graders against their test set: right submissions, wrong ones, references and stubs."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest

from graders import rubric
from graders.runner import Request, Runner
from tests.corpus import JUDGED, cases, is_draft, judge, stop_at_first_failure

TASKS = rubric.tasks()
# Of a draft nobody demands that it is whole: see graders/course/first_corpus.py.
WITH_CORPUS = [task for task in TASKS if cases(task.id) and not is_draft(task.id)]


@pytest.fixture
def hasty(case, listeners):
    """Wrong work is graded no further than to its first fault."""
    if case.right:
        yield
        return
    listeners.append(stop_at_first_failure)
    yield
    listeners.remove(stop_at_first_failure)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_submission_gets_its_golden_verdict(case, hasty, runner: Runner, record_property) -> None:
    """Right work earns all points; wrong work fails on the check, with the words, that it should."""
    judged = judge(case, runner)
    record_property(JUDGED, [case.name, dataclasses.asdict(judged)])
    assert judged.difference == ""


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_reference_earns_all_points(task: rubric.Task, runner: Runner) -> None:
    """The reference solution passes every check, by the same path as everybody's work."""
    verdict = runner.grade_task(Request(task, task.reference, is_reference=True))
    bad = [f"{c.id}: {c.message}" for c in verdict.checks if c.outcome != "passed"]
    assert (verdict.status, bad) == ("passed", [])
    assert verdict.points == 10


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_stub_earns_nothing(task: rubric.Task, runner: Runner) -> None:
    """The stub is not started and earns 0."""
    verdict = runner.grade_task(Request(task, task.stub))
    assert (verdict.status, verdict.points) == ("not_started", 0)


@pytest.mark.parametrize("task", WITH_CORPUS, ids=lambda task: task.id)
def test_every_check_alone_catches_a_wrong_submission(task: rubric.Task) -> None:
    """For each check there is a wrong submission in the corpus that fails there first."""
    caught = Counter(case.fails[0] for case in cases(task.id) if not case.right)
    assert {check.name for check in task.checks} <= set(caught)


@pytest.mark.parametrize("task", WITH_CORPUS, ids=lambda task: task.id)
def test_the_corpus_is_large_enough(task: rubric.Task) -> None:
    """At least 8 right and 12 wrong submissions for each task."""
    count = Counter(case.right for case in cases(task.id))
    assert count[True] >= 8
    assert count[False] >= 12


@pytest.mark.parametrize("task", WITH_CORPUS, ids=lambda task: task.id)
def test_every_wrong_submission_has_its_line(task: rubric.Task) -> None:
    """Each names the line that its message must point at, one of its own, or tells why it has none.

    That the message does point there, its golden verdict asks for.
    """
    for case in cases(task.id):
        if case.right:
            continue
        assert bool(case.line) != bool(case.no_line), case.name
        rows = [row.strip() for row in case.path.read_text(encoding="utf-8").splitlines()]
        assert not case.line or case.line in rows, f"{case.name} has no such line"


def test_few_wrong_submissions_have_no_line() -> None:
    """At least 95 in 100 point at their fault."""
    wrong = [case for case in cases() if not case.right and not is_draft(case.task)]
    assert sum(bool(case.line) for case in wrong) >= 0.95 * len(wrong)

"""Each check on a line, tasks by their section, and tables that cut no word."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from graders import rubric
from graders.cli import arguments
from graders.cli.live import Live
from graders.reports import checklist, text
from graders.runner import events
from graders.verdict import CheckResult, TaskVerdict

CHECKS = (
    CheckResult("cnn::builds", "A.", "passed", 1.0, 1.0, "", "", 0.31),
    CheckResult("cnn::two", "B.", "failed", 0.0, 2.5, "Expected this.", "", 12.0),
    CheckResult("cnn::three", "C.", "error", 0.0, 1.0, "It raised.", "", 0.0),
    CheckResult("cnn::four", "D.", "skipped", 0.0, 5.5, "Not run: two did not pass."),
)
VERDICT = TaskVerdict("cnn", "model_architectures", "failed", CHECKS, 13.0)
SHOWN = """\
✓  builds  1/1    0.3 s
✗  two     0/2.5  12.0 s
!  three   0/1    0.0 s
–  four    0/5.5  not run, because of the above"""
REASON = "not run, because of the above: four"
# Of what could not be read no check ran.
UNREAD = TaskVerdict(
    "cnn", "model_architectures", "error", (CheckResult("cnn::builds", "A.", "error", 0.0, 1.0),)
)


def rows(shown: str) -> str:
    """Returns lines without blanks at their ends."""
    return "\n".join(line.rstrip() for line in shown.rstrip().splitlines())


def test_each_check_has_a_line() -> None:
    """A mark, its points and its seconds; what was not run has no seconds."""
    assert rows(text.plain(checklist.checklist(VERDICT))) == SHOWN
    plain = rows(text.plain(checklist.checklist(VERDICT, ascii_only=True)))
    assert plain == SHOWN.replace("✓", "+").replace("✗", "x").replace("–", "-")


def told(checks: bool, verdict: TaskVerdict = VERDICT, encoding: str = "utf-8") -> str:
    """Returns what the terminal shows when a task ends."""
    written = io.BytesIO()
    file = io.TextIOWrapper(written, encoding=encoding, errors="replace")
    live = Live(Console(file=file, width=80), True, checks=checks)
    live.take("cnn", events.VerdictReady(verdict))
    file.flush()
    return written.getvalue().decode(encoding)


def test_they_are_listed_where_that_is_asked_for() -> None:
    """Once: the line of what was not run is for several tasks, whose checks are not listed."""
    assert "✓  builds" in told(True) and REASON not in told(True)
    assert "builds" not in told(False) and REASON in told(False)
    assert "+  builds" in told(True, encoding="ascii")
    assert "builds" not in told(True, UNREAD)


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("verbose", [False, True])
def test_the_list_breaks_no_word(width: int, verbose: bool) -> None:
    """Each word of a title, a name or a description is whole, and no line is too wide."""
    tasks = rubric.tasks()
    shown = text.plain(text.rubric_table(tasks, verbose), width)
    words = set(shown.split())
    for task in tasks:
        assert {task.id, task.section, *task.title.split()} <= words
        for check in task.checks if verbose else ():
            assert {check.name, *check.description.split()} <= words, check.id
    assert max(map(len, shown.splitlines())) <= width


def test_the_narrowest_list_loses_no_letter() -> None:
    """On 40 columns words go on in the next line, and nothing is cut."""
    shown = text.plain(text.rubric_table(rubric.tasks(), verbose=True), 40)
    assert "…" not in shown
    assert [line for line in shown.splitlines() if "convolu" in line]


@pytest.mark.parametrize("name", ["customization", "customization/", "assignments/customization"])
def test_a_section_stands_for_its_tasks(name: str) -> None:
    """In their order; a task that is named as well comes once."""
    ids = ["custom_layer", "penalized_loss", "multi_branch"]
    assert [task.id for task in rubric.find_all([name])] == ids
    assert [task.id for task in rubric.find_all(["multi_branch", name, "cnn"])] == [
        *("multi_branch", "custom_layer", "penalized_loss", "cnn")
    ]
    given = arguments.parser().parse_args([name])
    assert [request.task.id for request in arguments.requests(given)] == ids


def test_a_hint_is_for_one_task() -> None:
    """A section has several: one line names them."""
    assert arguments.find_one("cnn").id == "cnn"
    with pytest.raises(arguments.UsageError, match="optimization is a section"):
        arguments.find_one("optimization")


def test_what_is_no_section_is_told() -> None:
    """A name of neither a task nor a section."""
    with pytest.raises(rubric.UnknownTask, match="There is no task 'customisation'"):
        rubric.find_all(["customisation"])

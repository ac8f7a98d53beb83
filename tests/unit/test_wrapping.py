"""What of a message may be wrapped: prose, and never code, a command or a path."""

from __future__ import annotations

import json
import re

import pytest

from graders.reports import blocks, cells, html, text
from graders.reports.targets import Outputs
from graders.reports.wrapping import Told, fill
from tests.verdicts import HOSTILE, check, task, verdict

LONG = "    " + "x = some_function(an_argument, another_argument) + " * 3
MARKS = f"{' ' * 130}^^^^^^"
MESSAGE = f"Your code raised ValueError: no.\n{LONG}\n{MARKS}\n{'Look at the words there. ' * 8}"
PATH = "'/home/a student/of keras/with a long/way to/the file/that is/graded/cnn.py'"
COMMAND = "python grade.py --hint cnn --from '/a long/way to/where it is/and a bit more of it'"


def test_marks_stay_below_what_they_mark() -> None:
    """On a terminal, code keeps its line, its blanks and its end; prose is wrapped around it."""
    shown = text.plain(text.failed_check("cnn", check(outcome="error", message=MESSAGE)))
    lines = shown.split("\n")
    assert f"    {LONG.rstrip()}" in [line.rstrip() for line in lines]
    assert f"    {MARKS}" in lines
    assert all(len(line) <= 80 for line in lines if "x = some" not in line and "^" not in line)


def test_a_syntax_error_of_a_whole_task_keeps_its_marks() -> None:
    """It is the task's message, and is shown as it came."""
    shown = text.plain(text.task_line(task("cnn", "error", message=MESSAGE)))
    assert LONG.rstrip() in shown
    assert f"\n{MARKS}\n" in shown


@pytest.mark.parametrize("whole", [PATH, COMMAND, '"/a b/c d.py", line 23', "`if x == 'a b':`"])
def test_what_is_copied_is_on_one_line(whole: str) -> None:
    """A path, a command, a place and code in backticks, wherever the line would end."""
    for start in range(40, 80):
        found = fill(f"{'w ' * (start // 2)}see {whole} and more words", 80)
        assert sum(whole in line for line in found) == 1
        assert " ".join(found).split() == f"{'w ' * (start // 2)}see {whole} and more words".split()


def test_prose_fills_its_lines() -> None:
    """Each line holds as many words as it can; wide characters count twice."""
    assert fill("It's one student's two or three", 14) == ["It's one", "student's two", "or three"]
    assert fill("図図図 図図図 a", 8) == ["図図図", "図図図 a"]
    assert fill("", 20) == [""]


def test_wrapping_loses_nothing_and_takes_no_time() -> None:
    """Whatever a submission's message is: all of it is there, and nothing is tried twice."""
    for hostile in (HOSTILE, "'/" * 4000, "`" * 8000, '"a' * 4000, "python grade.py --a " * 400):
        cleaned = " ".join(hostile.split())
        assert "".join("".join(fill(hostile, 60)).split()) == "".join(cleaned.split())
    shown = text.plain(Told("a\n  b\n\nc", 2))
    assert shown == "a\n  b\n\nc\n"


def test_the_parts_make_the_message() -> None:
    """Prose and code follow one another, and nothing is between them but the ends of lines."""
    found = blocks.blocks(MESSAGE)
    assert [code for code, _ in found] == [False, True, False]
    assert "\n".join(part for _, part in found) == MESSAGE


def test_pages_and_cells_keep_marks_below_what_they_mark() -> None:
    """Lines of code are a block of their own there, of a font in which columns are columns."""
    found = check(outcome="error", message=MESSAGE)
    page = html.render(verdict(task("cnn", "error", (found,))))
    assert f'<span class="lines" tabindex="0">{LONG}\n{MARKS}</span>' in page
    [rule] = re.findall(r"pre, \.lines {[^}]*}", page)
    assert "white-space: pre;" in rule
    assert "monospace" in rule
    cell = cells.check_html(found)
    assert (
        f'white-space: pre; overflow: auto; margin: 0; font-size: 90%">{LONG}\n{MARKS}</pre>'
        in cell
    )


def printing(text_of_it: str, count: int, *checks: str):
    """Returns the verdict on a task that printed something."""
    found = tuple(check(f"cnn::c{i}", outcome) for i, outcome in enumerate(checks or ["passed"]))
    return task("cnn", "passed", found, {"output": text_of_it, "printed": count})


@pytest.mark.parametrize(
    ("count", "line"),
    [(12_345, "cnn printed 12,345 lines: --verbose shows them"),
     (1, "cnn printed 1 line: --verbose shows it")],
)  # fmt: skip
def test_what_was_printed_is_announced_and_shown_when_asked_for(count: int, line: str) -> None:
    """One line after the verdict; with --verbose the words in its place."""
    found = printing("some words\x1b[2J", count)
    assert text.plain(text.task_line(found)).endswith(f"s\n{line}\n")
    shown = text.plain(text.task_line(found, verbose=True))
    assert shown.endswith("--- printed by cnn ---\nsome words\ufffd[2J\n")
    assert "--verbose" not in shown


@pytest.mark.parametrize("count", [0, -1, True, "7", None])
def test_nothing_is_announced_of_lines_that_are_not_the_students(count: object) -> None:
    """Warnings of TensorFlow alone, or a verdict that counts none."""
    found = task("cnn", evidence={"output": "WARNING:tensorflow:x", "printed": count})
    assert "printed" not in text.plain(text.task_line(found))
    assert [list(bundle) for bundle in cells.bundles(found, 0)] == [["text/html", "text/plain"]]


def test_the_longest_output_is_whole_in_json_and_page(tmp_path) -> None:
    """Head and tail, as the grader keeps them, are cut nowhere again; JSON has them if any."""
    words = "first\n" + "x" * 17_000 + "\nlast"
    found = verdict(printing(words, 3), task("lstm"))
    Outputs({"json": str(tmp_path / "a.json")}).write(found)
    tasks = json.loads((tmp_path / "a.json").read_text())["tasks"]
    assert tasks[0]["printed"] == {"lines": 3, "text": words}
    assert "printed" not in tasks[1]
    assert f'<pre tabindex="0">{words}</pre>' in html.render(found)


@pytest.mark.parametrize(
    ("outcomes", "index"),
    [(["passed", "passed"], 1), (["passed", "failed", "error", "skipped"], 1), (["error"], 0)],
)
def test_a_notebook_shows_it_once(outcomes: list[str], index: int) -> None:
    """With the first check that did not pass, or with the last one."""
    found = printing("<b>words</b>", 2, *outcomes)
    shown = [
        [bundle for bundle in cells.bundles(found, i) if "words" in bundle["text/plain"]]
        for i in range(len(outcomes))
    ]
    assert [len(bundles) for bundles in shown] == [int(i == index) for i in range(len(outcomes))]
    [bundle] = shown[index]
    assert "<summary>cnn printed 2 lines</summary>" in bundle["text/html"]
    assert "&lt;b&gt;words&lt;/b&gt;" in bundle["text/html"]
    assert bundle["text/plain"] == "cnn printed 2 lines:\n<b>words</b>"

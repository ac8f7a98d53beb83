"""The interview practice: its links lead somewhere, every task is in it, every question is marked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graders import rubric
from graders.rubric import KIT

PAGE = KIT / "assignments" / "interview_practice.md"
SCHEME = KIT / "reference" / "interview_practice.md"
LINK = re.compile(r"\[[^\]]*\]\(([^)]+)\)")
# What the grader cannot see of a coding task: its explanation.
EXPLANATION = 2.0


def parts() -> dict[str, tuple[float, str]]:
    """Returns each question of the scheme with its points and what a full answer has."""
    found = re.split(r"^### ([QC]\d+) \((\d+) points\)$", SCHEME.read_text(), flags=re.MULTILINE)
    return {
        name: (float(points), body)
        for name, points, body in zip(found[1::3], found[2::3], found[3::3], strict=True)
    }


def asked() -> dict[str, float]:
    """Returns each question of the page with its points."""
    page = PAGE.read_text()
    found = {
        q: float(n)
        for q, n in re.findall(r"^- \*\*(Q\d+)\*\* \((\d+) points\) ", page, re.MULTILINE)
    }
    return found | dict.fromkeys(re.findall(r"^- \*\*(C\d+)\*\* ", page, re.MULTILINE), EXPLANATION)


@pytest.mark.parametrize("path", [PAGE, SCHEME], ids=["page", "scheme"])
def test_every_link_leads_somewhere(path: Path) -> None:
    """Links are relative, and what they name is in the kit."""
    links = LINK.findall(path.read_text())
    assert len(links) >= 3
    for link in links:
        assert (path.parent / link).is_file(), link


# A new task may be without a part at first.
IN_IT = [t for t in rubric.tasks() if f"({t.section}/{t.id}.py)" in PAGE.read_text()]


def test_the_course_is_in_it() -> None:
    """The nine tasks of the course each have their part."""
    assert len(IN_IT) >= 9


@pytest.mark.parametrize("task", IN_IT, ids=lambda task: task.id)
def test_every_task_has_questions_and_a_coding_task(task: rubric.Task) -> None:
    """A part of its own: questions, and one coding task with its link and its command."""
    sections = re.split(r"^### ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    link = f"({task.section}/{task.id}.py)"
    [part] = [text for text in sections if link in text.splitlines()[0]]
    assert len(re.findall(r"^- \*\*Q\d+\*\*", part, re.MULTILINE)) >= 2
    [coding] = re.findall(r"^- \*\*C\d+\*\* .*?(?=^- |\Z)", part, re.MULTILINE | re.DOTALL)
    assert link in coding
    assert f"`python grade.py {task.id}`" in coding
    assert "Then explain" in " ".join(coding.split())


def test_every_question_is_marked() -> None:
    """The scheme has the page's questions with their points, which its lines add up to."""
    marked = parts()
    assert {name: points for name, (points, _) in marked.items()} == asked()
    for name, (points, body) in marked.items():
        lines = re.findall(r"^- (\d+) points?[,:]", body, re.MULTILINE)
        if lines:
            assert sum(map(int, lines)) == points, name
            continue
        # A question that is handed in has its scheme there, once.
        [link] = LINK.findall(body)
        other = (SCHEME.parent / link).read_text()
        assert f"({points:g} points)" in other, name


def test_numbers_are_given_once_and_in_order() -> None:
    """Q1, Q2, …; C1, C2, …: none twice, none missing, the same order in both files."""
    found = re.findall(r"^- \*\*([QC]\d+)\*\*", PAGE.read_text(), re.MULTILINE)
    assert found == list(parts())
    for letter in "QC":
        numbers = [int(name[1:]) for name in found if name[0] == letter]
        assert numbers == list(range(1, len(numbers) + 1))


def test_no_line_of_a_solution_is_given() -> None:
    """Neither page nor scheme holds a line of a reference solution."""
    texts = PAGE.read_text() + SCHEME.read_text()
    lines = 0
    for task in rubric.tasks():
        for solution in re.findall(
            r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", task.reference.read_text(), re.DOTALL
        ):
            for line in (line.strip() for line in solution.splitlines()):
                # Shorter ones are names that the questions are about.
                if len(line) > 40:
                    lines += 1
                    assert line not in texts
    assert lines > 30


def test_students_get_the_page_and_not_the_scheme(released: Path) -> None:
    """The release holds the page, whose links lead somewhere there too, and nothing of the scheme."""
    page = released / "student" / "assignments" / "interview_practice.md"
    assert page.read_text() == PAGE.read_text()
    for link in LINK.findall(page.read_text()):
        assert (page.parent / link).is_file(), link
    assert not (released / "student" / "reference").exists()
    line = "the LSTM has a cell state that is added to and not overwritten"
    assert line in SCHEME.read_text()
    for path in released.rglob("*"):
        if path.suffix in (".md", ".py", ".ipynb"):
            assert line not in path.read_text(), path

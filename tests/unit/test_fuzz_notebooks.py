"""Random notebooks: each is a `Source` or `Unreadable`, and soon.

A long search: `KERAS_KIT_FUZZ=20000`, see `tests/fuzzed_files.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzzed_files import TASKS, TEXT, changed, look_at, nested
from tests.fuzzing import search
from tests.notebook import notebook

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda part: (
        st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=6), part, max_size=4)
    ),
    max_leaves=12,
)
MARKS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("grade", "locked", "solution", "grade_id", "points"), JSON)
)
CELL = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "code", "markdown", "raw", "", 7, None]),
        "source": TEXT | nested() | st.lists(TEXT | JSON, max_size=5) | JSON,
        "metadata": st.fixed_dictionaries({}, optional={"nbgrader": MARKS | JSON}) | JSON,
        "outputs": JSON,
    },
)
# What Markdown and HTML are made of.
MARKUP = st.lists(
    st.sampled_from(
        [
            *("<", "</", "<!--", "a", "script", ">", "[", "](", ")", "!", "javascript:", "&#58;"),
            *("&lt;", "`", "```", "\n", "\n\n", "    ", "\t", "$", "$$", "\\begin{a}", "\\end{a}"),
            *("* ", "# ", "> ", "|", "-", '"', "'", "onclick=", "\r", "\v", "\u2028", "[1]: "),
            *("http://x", "attachment:", "\\", "~~~", "&", ";", "1. "),
        ]
    ),
    max_size=40,
).map("".join)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to write to."""
    return tmp_path_factory.mktemp("fuzz") / "work.ipynb"


@search(100)
@given(document=JSON)
def test_any_json(path: Path, document: Any) -> None:
    """Whatever JSON a file holds, reading it ends with a module or with a reason."""
    look_at(path, json.dumps(document).encode(), TASKS["cnn"])


@search(100)
@given(cells=st.lists(CELL, max_size=6), escaped=st.booleans())
def test_any_cells(path: Path, cells: list[dict[str, Any]], escaped: bool) -> None:
    """Cells of any kind, with sources of any kind; letters written as they are, or escaped."""
    text = json.dumps({"cells": cells}, ensure_ascii=escaped)
    look_at(path, text.encode("utf-8", "surrogatepass"), TASKS["cnn"])


@search(100)
@given(data=st.data())
def test_a_right_notebook_with_changes_in_its_code(path: Path, data: st.DataObject) -> None:
    """Right work in cells among random ones, with a few changes."""
    task = TASKS[data.draw(st.sampled_from(sorted(TASKS)))]
    reference = task.reference.read_text(encoding="utf-8")
    sources = [data.draw(TEXT), data.draw(changed(reference)), data.draw(TEXT | nested())]
    look_at(path, notebook(*sources).encode("utf-8", "surrogatepass"), task)


@search(100)
@given(data=st.data())
def test_a_right_notebook_with_changes_in_its_file(path: Path, data: st.DataObject) -> None:
    """A file that was cut off, or changed by hand."""
    task = TASKS["cnn"]
    document = notebook("!ls\n%time 1", task.reference.read_text(encoding="utf-8"), "plot()")
    look_at(path, data.draw(changed(document)).encode("utf-8", "surrogatepass"), task)


def test_right_work_is_read(path: Path) -> None:
    """Work that was not changed is read: these tests can tell a module from none."""
    for task in TASKS.values():
        reference = task.reference.read_text(encoding="utf-8")
        text = look_at(path, notebook("!ls", reference, "plot()").encode(), task)
        assert "def " in text
        assert "plot()" not in text


@search(120)
@given(text=TEXT | MARKUP)
def test_markdown_has_no_markup(text: str) -> None:
    """On nbgrader's pages a student's Markdown comes to text, lists, tables and links."""
    pytest.importorskip("nbconvert")
    from graders.course import markup

    assert markup.is_harmless(markup.harmless(text))

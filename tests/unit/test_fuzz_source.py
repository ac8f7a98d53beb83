"""Random modules: each is a `Source` or `Unreadable`, and soon.

A long search: `KERAS_KIT_FUZZ=20000`, see `tests/fuzzed_files.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzzed_files import TASKS, TEXT, changed, look_at, nested
from tests.fuzzing import search


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to write to."""
    return tmp_path_factory.mktemp("fuzz") / "work.py"


@search(150)
@given(data=st.binary(max_size=300))
def test_any_bytes(path: Path, data: bytes) -> None:
    """Whatever a file holds, reading it ends with a module or with a reason."""
    look_at(path, data, TASKS["cnn"])


@search(200)
@given(text=TEXT)
def test_any_text(path: Path, text: str) -> None:
    """The same for text of pieces that parsers are afraid of."""
    look_at(path, text.encode("utf-8", "surrogatepass"), TASKS["cnn"])


@search(200)
@given(text=nested())
def test_anything_nested(path: Path, text: str) -> None:
    """Nothing that is nested, however deep, well or badly, ends a process or takes long."""
    look_at(path, text.encode(), TASKS["cnn"])


@search(100)
@given(data=st.data())
def test_right_work_with_changes(path: Path, data: st.DataObject) -> None:
    """A right module with a few changes is still a module, or has a syntax error."""
    task = TASKS[data.draw(st.sampled_from(sorted(TASKS)))]
    text = data.draw(changed(task.reference.read_text(encoding="utf-8")))
    look_at(path, text.encode("utf-8", "surrogatepass"), task)


def test_right_work_is_read(path: Path) -> None:
    """Work that was not changed is read as it is: these tests can tell a module from none."""
    for task in TASKS.values():
        data = task.reference.read_bytes()
        assert look_at(path, data, task) == data.decode()

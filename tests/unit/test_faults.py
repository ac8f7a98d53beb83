"""What the place where work is graded lacks, in a student's words."""

from __future__ import annotations

import pytest

from graders.boundary.names import Kind
from graders.judge.faults import SubmissionError, explain

TRACE = '  File "cnn.py", line 3, in <module>\n    x()\n'
MAIN = '`if __name__ == "__main__":`'
OFFLINE = "There is no network"
ONE_FILE = "The grader has this one file"
FOLDER = "there is the working folder, and no other to write to"


def told(name: str, message: str, importing: bool = False) -> str:
    """Returns what a student reads of an error."""
    claim = {"kind": Kind.RAISED, "type": name, "message": message, "traceback": TRACE}
    found = explain(claim, importing)
    assert isinstance(found, SubmissionError)
    return str(found)


@pytest.mark.parametrize(
    ("name", "message", "words"),
    [
        ("ModuleNotFoundError", "No module named 'blocks'", [ONE_FILE, "no `blocks`", "move what"]),
        ("ModuleNotFoundError", "No module named 'a.b'", [ONE_FILE, "no `a.b`", "a package"]),
        ("ImportError", "attempted relative import with no known parent package",
         [ONE_FILE, "without a package around it"]),
        ("Exception", "URL fetch failure on https://x: None -- [Errno -3] …", [OFFLINE]),
        ("URLError", "<urlopen error [Errno -3] Temporary failure in name resolution>", [OFFLINE]),
        ("ConnectionError", "HTTPSConnectionPool(host='x', port=443)", [OFFLINE]),
        ("gaierror", "[Errno -2] Name or service not known", [OFFLINE]),
        ("FileNotFoundError", "[Errno 2] No such file or directory: 'x.csv'", [ONE_FILE]),
        ("ValueError", "File not found: filepath=x.keras. Please ensure …", [ONE_FILE]),
        ("FileNotFoundError", "[Errno 2] No such file or directory: '/content/x.csv'", [FOLDER]),
        ("OSError", "[Errno 30] Read-only file system: '/x'", [FOLDER]),
        ("PermissionError", "[Errno 13] Permission denied: '/x'", [FOLDER]),
        ("EOFError", "EOF when reading a line", ["Nobody is there to answer `input()`"]),
        ("BdbQuit", "", ["Remove `breakpoint()`"]),
        ("ImportError", "Cannot load backend 'TkAgg' … as 'headless' is currently running",
         ["There is no display"]),
    ],
)  # fmt: skip
def test_what_is_lacking_is_named(name: str, message: str, words: list[str]) -> None:
    """The error and the student's lines stay; between them stands what to do."""
    found = told(name, message)
    assert found.startswith(f"Your code raised {name}: {message}")
    assert found.endswith(TRACE)
    for word in words:
        assert word in found
    assert MAIN not in found


@pytest.mark.parametrize("message", ["URL fetch failure on x", "No such file or directory: 'x'"])
def test_code_at_the_top_belongs_under_main(message: str) -> None:
    """Data that are loaded while the file is imported are a trial, which has its place."""
    assert MAIN in told("Exception", message, importing=True)


@pytest.mark.parametrize(
    ("name", "message"), [("ValueError", "too large"), ("ImportError", "cannot import name 'x'")]
)
def test_other_errors_stand_alone(name: str, message: str) -> None:
    """What has nothing to do with the place gets no advice about it."""
    assert told(name, message) == f"Your code raised {name}: {message}\n{TRACE}"


def test_eager_execution_is_named_with_its_line() -> None:
    """Who switches it off reads where, and that the call must go."""
    claim = {"kind": Kind.GRAPHS, "type": "", "message": "", "traceback": TRACE}
    found = str(explain(claim))
    assert "turns eager execution off" in found
    assert "Remove that call" in found
    assert found.endswith(TRACE)

"""What the place where work is graded lacks, in a student's words."""

from __future__ import annotations

import re
import tomllib

import pytest

from graders import KIT
from graders.boundary.names import Kind
from graders.judge.faults import SubmissionError, explain
from graders.judge.lacks import PACKAGES

TRACE = '  File "cnn.py", line 3, in <module>\n    x()\n'
MAIN = '`if __name__ == "__main__":`'
OFFLINE = "There is no network"
ONE_FILE = "The grader has this one file"
FOLDER = "files can be written in the working folder"
PACKAGE = "is not there where work is graded, and cannot be installed"
NO_ANSWER = "Nobody is there to answer `input()`"
NO_LINE = "Nobody gives arguments on a command line"
NO_DEVICE = "There may be no GPU"
PROCESSES = "processes of your own may not share locks or memory"
SANDBOX = "a sandbox, which refuses what no task needs"


def told(name: str, message: str, importing: bool = False, trace: str = TRACE) -> str:
    """Returns what a student reads of an error."""
    claim = {"kind": Kind.RAISED, "type": name, "message": message, "traceback": trace}
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
        ("PermissionError", "[Errno 13] Permission denied", [FOLDER]),
        ("PermissionError", "[Errno 1] Operation not permitted", [SANDBOX, "Do without it"]),
        ("OSError", "[Errno 1] Operation not permitted: 'x'", [SANDBOX]),
        ("FileNotFoundError", "[Errno 2] No such file or directory: '/psm_1a'", [PROCESSES]),
        ("PermissionError", "[Errno 13] Permission denied: '/dev/shm/x'", [PROCESSES]),
        ("BrokenProcessPool", "A process in the process pool was terminated", [PROCESSES]),
        ("EOFError", "EOF when reading a line", ["Nobody is there to answer `input()`"]),
        ("BdbQuit", "", ["Remove `breakpoint()`"]),
        ("ModuleNotFoundError", "No module named 'ipdb'", ["Nobody is there to use a debugger"]),
        ("ModuleNotFoundError", "No module named 'pandas'", ["`pandas`", PACKAGE, "numpy"]),
        ("ModuleNotFoundError", "No module named 'torch.nn'", ["`torch.nn`", PACKAGE]),
        ("ModuleNotFoundError", "No module named 'google.colab'", ["not graded in Colab"]),
        ("ImportError", "You must install pydot (`pip install pydot`) for …", ["`pydot`", PACKAGE]),
        ("NameError", "name 'get_ipython' is not defined", ["Only notebooks have"]),
        ("Exception", "URL fetch failure on https://x/keras-applications/vgg16/x.h5: None",
         [OFFLINE, "hand it on (weights=weights)"]),
        ("InvalidArgumentError", "Could not satisfy device specification '/device:GPU:0'",
         [NO_DEVICE]),
        ("ImportError", "Cannot load backend 'TkAgg' … as 'headless' is currently running",
         ["There is no display"]),
    ],
)  # fmt: skip
def test_what_is_lacking_is_named(name: str, message: str, words: list[str]) -> None:
    """The error and the student's lines stay; between them stands what to do."""
    found = told(name, message)
    assert found.startswith(f"Your code raised {name}{f': {message}' if message else '.'}")
    assert found.endswith(TRACE)
    for word in words:
        assert word in found
    assert MAIN not in found


@pytest.mark.parametrize(
    ("name", "message", "line", "words"),
    [
        ("IndexError", "list index out of range", "n = int(sys.argv[1])", NO_LINE),
        ("SystemExit", "2", 'File "/usr/lib/argparse.py", line 1, in exit', NO_LINE),
        ("KeyError", "'API_KEY'", 'key = os.environ["API_KEY"]', "(no `API_KEY`)"),
        ("EOFError", "", "getpass.getpass()", NO_ANSWER),
        ("ValueError", "invalid literal for int() with base 10: ''", "sys.stdin.read()", NO_ANSWER),
        ("IndexError", "list index out of range", "list_physical_devices('GPU')[0]", NO_DEVICE),
        ("CalledProcessError", "Command '['pip', 'install', 'x']' returned non-zero exit status 1.",
         'File "/usr/lib/subprocess.py", line 1, in run', "nothing can be installed"),
        ("IndexError", "list index out of range", "xs[1]", ""),
        ("KeyError", "'a'", "found['a']", ""),
    ],
)  # fmt: skip
def test_the_place_that_raised_tells_what_is_lacking(
    name: str, message: str, line: str, words: str
) -> None:
    """An IndexError of `sys.argv` is about the command line, one of a list is not."""
    found = told(name, message, trace=f"{TRACE}    {line}\n")
    assert words in found
    if not words:
        assert found == f"Your code raised {name}: {message}\n{TRACE}    {line}\n"


def test_argparse_that_ends_the_process_is_no_call_of_exit() -> None:
    """Who parses arguments reads that there are none, and not that `exit` was called."""
    claim = {"kind": Kind.EXIT, "type": "SystemExit", "message": "2", "traceback": "argparse.py"}
    assert str(explain(claim)).startswith(NO_LINE)
    claim["traceback"] = TRACE
    assert str(explain(claim)).startswith("Your code called `sys.exit`")


def test_the_packages_that_are_named_are_those_of_the_kit() -> None:
    """Each is a dependency of the kit, so that nobody is sent to a package that is not there."""
    depends = tomllib.loads((KIT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert set(PACKAGES) <= {re.split("[<>=]", line)[0] for line in depends}


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


@pytest.mark.parametrize(
    ("name", "message", "below", "words"),
    [
        ("PermissionError", "[Errno 1] Operation not permitted",
         "multiprocessing/synchronize.py", PROCESSES),
        ("PermissionError", "[Errno 13] Permission denied",
         "concurrent/futures/process.py", PROCESSES),
        ("EOFError", "", "multiprocessing/connection.py", PROCESSES),
        ("OSError", "[Errno 38] Function not implemented", "joblib/externals/loky/x.py", PROCESSES),
        ("FileNotFoundError", "[Errno 2] No such file or directory: 'x.joblib'",
         "joblib/numpy_pickle.py", ONE_FILE),
        ("PermissionError", "[Errno 13] Permission denied: '/x'", "joblib/x.py", FOLDER),
        ("ValueError", "too large", "joblib/parallel.py", ""),
    ],
)  # fmt: skip
def test_processes_of_its_own_are_told_by_where_it_raised(
    name: str, message: str, below: str, words: str
) -> None:
    """The library that raised tells whether processes were refused, unless a file is named."""
    found = told(name, message, trace=f'{TRACE}  File "/lib/{below}", line 7, in f\n')
    assert words in found
    for other in {PROCESSES, SANDBOX, FOLDER} - {words}:
        assert other not in found


def test_eager_execution_is_named_with_its_line() -> None:
    """Who switches it off reads where, and that the call must go."""
    claim = {"kind": Kind.GRAPHS, "type": "", "message": "", "traceback": TRACE}
    found = str(explain(claim))
    assert "turns eager execution off" in found
    assert "Remove that call" in found
    assert found.endswith(TRACE)

"""What all processes below one use together, counted from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graders.system import here
from graders.walls import limits, totals

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
MEMORY = 2**40
# A process with two children, of which one has another one, as a thread of its own starts it.
TREE = """
import os, subprocess, sys, threading, time
def start(*command):
    return subprocess.Popen(command).pid
inner = "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
print(start("sleep", "60"), flush=True)
thread = threading.Thread(target=lambda: print(start(sys.executable, "-c", inner), flush=True) or time.sleep(60))
thread.start()
"""
HELD = "kept = bytearray(b'x') * (100 * 2**20); print(flush=True); import time; time.sleep(60)"


@pytest.fixture
def start() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts Python programs, and kills them in the end with all that they started."""
    started = []

    def run(code: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield run
    for process in started:
        for pid in [process.pid, *totals.descendants(process.pid)]:
            os.kill(pid, 9)
        process.communicate()


def test_descendants_are_all_of_them_parents_first(
    start: Callable[[str], subprocess.Popen[str]],
) -> None:
    """Children of threads and of children count; the process itself does not."""
    tree = start(TREE)
    assert tree.stdout is not None
    numbers = {int(tree.stdout.readline()) for _ in range(3)}
    found = list(totals.descendants(tree.pid))
    assert set(found) == numbers
    assert found.index(min(numbers)) < found.index(max(numbers))
    assert len(totals.children_of(tree.pid)) == 2
    assert totals.descendants(2**22 + 1) == {}


def test_too_many_processes_are_told_with_both_numbers(
    start: Callable[[str], subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as allowed pass, one more does not."""
    tree = start(TREE)
    assert tree.stdout is not None
    for _ in range(3):
        tree.stdout.readline()
    monkeypatch.setattr(totals, "MOST_PROCESSES", 3)
    assert totals.Totals(MEMORY, None).exceeded(tree.pid) is None
    monkeypatch.setattr(totals, "MOST_PROCESSES", 2)
    assert totals.Totals(MEMORY, None).exceeded(tree.pid) == totals.Exceeded("processes", 3, 2)


def test_memory_of_all_processes_counts_together(
    start: Callable[[str], subprocess.Popen[str]],
) -> None:
    """Two children of 100 MB each use 200 MB, though neither does alone."""
    code = f"import subprocess, sys\nfor _ in range(2): print(subprocess.Popen([sys.executable, '-c', {HELD!r}], stdout=subprocess.PIPE).stdout.readline(), flush=True)\nimport time; time.sleep(60)"
    parent = start(code)
    assert parent.stdout is not None
    for _ in range(2):
        parent.stdout.readline()
    assert totals.Totals(400 * 2**20, None).exceeded(parent.pid) is None
    found = totals.Totals(190 * 2**20, None).exceeded(parent.pid)
    assert found is not None
    assert (found.limit, found.allowed) == ("memory", 190 * 2**20)
    assert 200 * 2**20 <= found.used < 300 * 2**20


def test_shared_memory_counts_once(start: Callable[[str], subprocess.Popen[str]]) -> None:
    """What forked processes share is no use of memory by each of them."""
    code = "import os, time\nif os.fork() == 0:\n    kept = bytearray(b'x') * (100 * 2**20)\n    [os.fork() or time.sleep(60) for _ in range(4)]\n    print(flush=True)\ntime.sleep(60)"
    parent = start(code)
    assert parent.stdout is not None
    parent.stdout.readline()
    assert len(totals.descendants(parent.pid)) == 5
    assert totals.Totals(200 * 2**20, None).exceeded(parent.pid) is None
    assert totals.Totals(90 * 2**20, None).exceeded(parent.pid) is not None


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes what processes share unreadable, as a process that hides its memory does."""
    original = Path.read_text

    def read_text(path: Path, encoding: str) -> str:
        if path.name == "smaps_rollup":
            raise PermissionError
        return original(path, encoding)

    monkeypatch.setattr(Path, "read_text", read_text)


def test_hidden_memory_counts(start: Callable[[str], subprocess.Popen[str]], hidden: None) -> None:
    """Private and shared memory of one process count, also where its share cannot be read."""
    code = "import mmap, time\nkept = mmap.mmap(-1, 100 * 2**20)\nfor at in range(0, len(kept), 4096): kept[at] = 1\nprint(flush=True)\ntime.sleep(60)"
    for number in (start(HELD), start(code)):
        assert number.stdout is not None
        number.stdout.readline()
        used = totals.Totals(90 * 2**20, None)._used({number.pid: os.getpid()})
        assert 100 * 2**20 <= used < 130 * 2**20


def test_of_a_hidden_fork_its_own_memory_counts(
    start: Callable[[str], subprocess.Popen[str]],
    hidden: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What forks share counts once, and in full where the machine runs out of memory."""
    code = "import os, time\nkept = bytearray(b'x') * (100 * 2**20)\nfor _ in range(4):\n    if os.fork() == 0: time.sleep(60)\nprint(flush=True)\ntime.sleep(60)"
    parent = start(code)
    assert parent.stdout is not None
    parent.stdout.readline()
    pids = {parent.pid: os.getpid(), **totals.descendants(parent.pid)}
    assert len(pids) == 5
    assert totals.Totals(200 * 2**20, None)._used(pids) < 200 * 2**20
    monkeypatch.setattr(totals, "SCARCE", 1.1)
    assert totals.Totals(200 * 2**20, None)._used(pids) > 500 * 2**20


def test_a_fork_has_no_more_from_its_parent_than_the_parent_had(
    start: Callable[[str], subprocess.Popen[str]], hidden: None
) -> None:
    """What a fork took before anybody looked is its own."""
    code = "import os, time\nif os.fork() == 0:\n    kept = bytearray(b'x') * (200 * 2**20)\n    print(flush=True)\n    time.sleep(60)\ntime.sleep(60)"
    parent = start(code)
    assert parent.stdout is not None
    parent.stdout.readline()
    pids = {parent.pid: os.getpid(), **totals.descendants(parent.pid)}
    assert totals.Totals(100 * 2**20, None)._used(pids) > 200 * 2**20


def _fill(path: Path, size: int) -> None:
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def test_files_of_a_scratch_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files in folders count by the room that they take, and no link is followed."""
    monkeypatch.setattr(totals, "SCRATCH_BYTES", 2**20)
    outside = tmp_path / "outside"
    outside.mkdir()
    _fill(outside / "large", 2**22)
    scratch = tmp_path / "scratch"
    (scratch / "deep" / "deeper").mkdir(parents=True)
    (scratch / "link").symlink_to(outside)
    (scratch / "file-link").symlink_to(outside / "large")
    with (scratch / "sparse").open("wb") as file:
        file.truncate(2**30)
    _fill(scratch / "a", 2**19)
    assert totals.Totals(MEMORY, str(scratch)).exceeded(os.getpid()) is None
    _fill(scratch / "deep" / "deeper" / "b", 2**20)
    found = totals.Totals(MEMORY, str(scratch)).exceeded(os.getpid())
    assert found is not None
    assert (found.limit, found.allowed) == ("scratch", 2**20)
    assert 3 * 2**19 <= found.used < 2**21
    assert totals.Totals(MEMORY, None).exceeded(os.getpid()) is None


def test_too_many_files_are_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty files take no room, and time to count."""
    monkeypatch.setattr(totals, "MOST_FILES", 20)
    for number in range(25):
        (tmp_path / str(number)).touch()
    found = totals.Totals(MEMORY, str(tmp_path)).exceeded(os.getpid())
    assert found is not None and (found.limit, found.allowed) == ("files", 20)
    assert found.used > found.allowed


def test_a_look_is_quick(tmp_path: Path) -> None:
    """The guard looks four times a second: a look at a quiet sandbox takes milliseconds."""
    start = time.process_time()
    for _ in range(20):
        totals.Totals(MEMORY, str(tmp_path)).exceeded(os.getpid())
    assert time.process_time() - start < 1


def test_limits_of_a_process_are_set_and_never_raised() -> None:
    """Memory beyond what is in use, CPU time, sizes and numbers; a lower limit stays."""
    code = (
        "import resource as r\n"
        "from graders.walls.limits import set_limits\n"
        "r.setrlimit(r.RLIMIT_NOFILE, (90, 100))\n"
        "set_limits(2**30, 77)\n"
        "names = ('CPU', 'FSIZE', 'NPROC', 'NOFILE', 'CORE')\n"
        "print(*[value for n in names for value in r.getrlimit(getattr(r, 'RLIMIT_' + n))])\n"
        "print(r.getrlimit(r.RLIMIT_DATA)[1])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, memory = done.stdout.splitlines()
    found = [int(word) for word in first.split()]
    assert found[:2] == [77, 77 + here.CPU_GRACE_SECONDS]
    assert found[2:4] == [limits.SCRATCH_BYTES, limits.SCRATCH_BYTES]
    assert 0 < found[5] <= limits.MOST_TASKS
    assert found[6:] == [100, 100, 0, 0]
    assert 2**30 < int(memory) < 2**30 + 2**29

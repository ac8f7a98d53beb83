"""Puts real things outside the sandbox, and starts warm processes from whose sandboxes to look."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import errno
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from datasets.cache import cache_dir
from graders import rubric
from graders.boundary.launching import Launcher, child_environment
from graders.judge.connection import Connection
from graders.judge.faults import SubmissionError
from graders.rubric import KIT
from graders.runner import Isolation, Request, Runner, Settings, draw_for
from graders.runner import warm as warm_process
from graders.runner.machine import ThisMachine
from graders.verdict import TaskVerdict
from graders.walls import seccomp
from graders.walls.limits import MOST_DESCRIPTORS, MOST_TASKS
from tests.programs import cnn, first_bad
from tests.system import probes

IPC_CREAT, IPC_EXCL, IPC_RMID = 0o1000, 0o2000, 0
CLONE_FS = 0x200
# The secret of the hidden tests, as an instructor gives it.
SECRET = f"hush-{secrets.token_hex(12)}"
SETTINGS = Settings(threads=1, seconds=120, secret=SECRET.encode())


def _halves(word: str) -> tuple[str, str]:
    return word[: len(word) // 2], word[len(word) // 2 :]


def _system_v(undo: contextlib.ExitStack) -> dict[str, int]:
    """Makes System V shared memory and a message queue, and returns their keys."""
    libc = ctypes.CDLL(None, use_errno=True)
    keys = {"shared_memory": secrets.randbits(30) | 1, "message_queue": secrets.randbits(30) | 1}
    flags = IPC_CREAT | IPC_EXCL | 0o600
    segment = libc.shmget(keys["shared_memory"], 4096, flags)
    assert segment >= 0, os.strerror(ctypes.get_errno())
    undo.callback(libc.shmctl, segment, IPC_RMID, None)
    queue = libc.msgget(keys["message_queue"], flags)
    assert queue >= 0, os.strerror(ctypes.get_errno())
    undo.callback(libc.msgctl, queue, IPC_RMID, None)
    return keys


def _posix_queue(undo: contextlib.ExitStack) -> str:
    """Makes a POSIX message queue, and returns its name."""
    librt = ctypes.CDLL("librt.so.1", use_errno=True)
    name = f"/kit-{secrets.token_hex(6)}"
    queue = librt.mq_open(name.encode(), os.O_CREAT | os.O_RDWR, 0o600, None)
    assert queue >= 0, os.strerror(ctypes.get_errno())
    undo.callback(librt.mq_unlink, name.encode())
    undo.callback(librt.mq_close, queue)
    return name


def _calls() -> dict[str, tuple[int, int, int]]:
    """Returns system calls that are refused: number, error, and a first argument without harm."""
    column = ["x86_64", "aarch64"].index(os.uname().machine)
    numbers = {name: both[column] for name, both in seccomp.REFUSED.items()}
    # No process shares its folder and has a user namespace of its own: nothing is started.
    return {
        **{name: (n, errno.EPERM, -1) for name, n in numbers.items() if n is not None},
        "clone3": (seccomp.CLONE3[column], errno.ENOSYS, 0),
        "clone": (seccomp.CLONE[column], errno.EPERM, seccomp.NEW_NAMESPACES | CLONE_FS),
        "prlimit of another": (seccomp.PRLIMIT[column], errno.EPERM, 1),
    }


@contextlib.contextmanager
def planted() -> Iterator[probes.Planted]:
    """Plants one thing for each probe, and takes all of them away in the end.

    Yields:
        Dict that tells the probes what to look for.
    """
    with contextlib.ExitStack() as undo:
        folders = {}
        for name in ("/tmp", "/var/tmp", "/dev/shm"):
            folders[name] = Path(tempfile.mkdtemp(prefix="outside-", dir=name))
            undo.callback(shutil.rmtree, folders[name])
        home = folders["/var/tmp"] / "home"
        (home / ".ssh").mkdir(parents=True)
        files = {name: folder / "marker" for name, folder in folders.items()}
        files["home"] = home / ".ssh" / "id_ed25519"
        for path in files.values():
            path.write_text("not for submissions")
        cache_dir().mkdir(parents=True, exist_ok=True)
        # Below /tmp, where each sandbox has its own files over those of the host.
        shown = folders["/tmp"] / "shown"
        (shown / "also").mkdir(parents=True)
        for path in (shown / "seen", shown / "hidden", shown / "also" / "hidden"):
            path.write_text("a file")

        listener = undo.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract = f"kit-{secrets.token_hex(6)}"
        for address in (f"\0{abstract}", str(folders["/var/tmp"] / "socket")):
            unix = undo.enter_context(socket.socket(socket.AF_UNIX))
            unix.bind(address)
            unix.listen(100)

        held = undo.enter_context(files["/var/tmp"].open())
        status = os.fstat(held.fileno())
        mark = f"mark-{secrets.token_hex(12)}"
        helper = subprocess.Popen(
            [mark, "3600"], executable="/bin/sleep", env={"SECRET": mark}, start_new_session=True
        )
        undo.callback(helper.wait)
        undo.callback(helper.kill)
        yield {
            "port": listener.getsockname()[1],
            "abstract": abstract,
            "socket": str(folders["/var/tmp"] / "socket"),
            "home": str(home),
            "files": {name: str(path) for name, path in files.items()},
            "kit": {
                "reference": str(KIT / "reference"),
                "checks": str(KIT / "graders" / "checks"),
                "cache": str(cache_dir()),
            },
            "helper": helper.pid,
            "mark": mark,
            "secret": f"variable-{secrets.token_hex(12)}",
            "root": os.geteuid() == 0,
            "shown_folder": str(shown),
            "shown": str(shown / "seen"),
            "hidden": [str(shown / "hidden"), str(shown / "also" / "hidden")],
            "calls": _calls(),
            "limits": {"RLIMIT_NPROC": MOST_TASKS, "RLIMIT_NOFILE": MOST_DESCRIPTORS},
            "namespaces": {
                kind: os.readlink(f"/proc/self/ns/{kind}")
                for kind in ("user", "mnt", "net", "ipc", "uts", "pid")
            },
            "descriptor": held.fileno(),
            "held": [status.st_dev, status.st_ino],
            "halves": {
                "secret": _halves(SECRET),
                "draw": _halves(draw()),
            },
            "posix_queue": _posix_queue(undo),
            **_system_v(undo),
        }


@contextlib.contextmanager
def warm(there: probes.Planted, level: str, spawn: bool = False) -> Iterator[Runner]:
    """Starts a warm process that holds what a careless front end would leave with it.

    Its starter's environment holds a secret, its home is the planted one, and it inherits the
    descriptor of a planted file.

    Args:
        there: Dict, what `planted` gave.
        level: String, of isolation.
        spawn: Boolean, whether each process is a fresh interpreter instead.

    Yields:
        A `Runner`.
    """
    original = subprocess.Popen

    def start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        options["pass_fds"] = [*options["pass_fds"], there["descriptor"]]
        return original(command, **options)

    settings = dataclasses.replace(SETTINGS, spawn=spawn)
    with contextlib.closing(ThisMachine()) as place, Runner(settings, place=place) as runner:
        place._isolation = Isolation(level)
        place.walls = lambda computes_on: walls(level, there)  # type: ignore[method-assign]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KERAS_KIT_CACHE", str(cache_dir()))
            patch.setenv("KERAS_KIT_SECRET", there["secret"])
            patch.setenv("HOME", there["home"])
            patch.setattr(warm_process.subprocess, "Popen", start)
            runner.warm_up()
        yield runner


def walls(level: str, there: probes.Planted) -> dict[str, Any]:
    """Returns what a warm process is told about its sandboxes."""
    hidden = [str(KIT), str(cache_dir()), *there["hidden"]]
    return {"level": level, "hidden": hidden, "extra": [there["shown_folder"]]}


def draw() -> str:
    """Returns what the hidden inputs are drawn with."""
    return str(draw_for("cnn", SETTINGS))


def hand_in(runner: Runner, folder: Path, body: str, top: str = "") -> TaskVerdict:
    """Grades a submission whose `build_model` has the given body."""
    path = folder / "cnn.py"
    path.write_text(cnn(body, top=top), encoding="utf-8")
    return runner.grade_task(Request(rubric.find("cnn"), path))


def look(
    runner: Runner, folder: Path, there: probes.Planted, names: list[str]
) -> tuple[dict[str, str], str]:
    """Grades a submission that looks around.

    Args:
        runner: `Runner`.
        folder: Path, where to write the submission.
        there: Dict, what is planted.
        names: List of strings, the probes.

    Returns:
        Dict from each probe to what it found (empty: nothing), and the level of isolation.
    """
    source = Path(probes.__file__).read_text(encoding="utf-8")
    verdict = hand_in(
        runner,
        folder,
        f"""import json
    there = json.loads({json.dumps(there)!r})
    found = report({names!r}, there)
    raise ValueError("<<" + json.dumps({{n: t[:60] for n, t in found.items() if t}}) + ">>")""",
        source,
    )
    message = first_bad(verdict)[2]
    found = re.search("<<(.*?)>>", message, re.DOTALL)
    assert found, message or verdict.message
    return dict.fromkeys(names, "") | json.loads(found[1]), verdict.isolation


class Factory:
    """Starts warm processes in which chosen walls are missing, see `tests.system.broken`.

    Args:
        there: Dict, what `planted` gave.
    """

    def __init__(self, there: probes.Planted):
        self.there = there
        self.folder = tempfile.mkdtemp(prefix="kit-test-")
        os.chmod(self.folder, 0o711)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {
            **os.environ,
            **child_environment(),
            "TMPDIR": self.folder,
            "KERAS_KIT_SECRET": there["secret"],
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.system.broken", str(theirs.fileno())],
            pass_fds=[theirs.fileno(), there["descriptor"]],
            stdin=subprocess.DEVNULL,
            cwd=KIT,
            env=environment,
        )
        theirs.close()
        self._orders = ours

    def close(self) -> None:
        """Ends the factory."""
        self._orders.close()
        self._process.wait(30)
        shutil.rmtree(self.folder)

    @contextlib.contextmanager
    def launcher(self, level: str, mutants: Sequence[str]) -> Iterator[Launcher]:
        """Starts a warm process without some walls.

        Args:
            level: String, of isolation.
            mutants: Names in `broken.MUTANTS`.

        Yields:
            `Launcher` for its sandboxes. The processes end with the block.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            order = {"mutants": [*mutants], "walls": walls(level, self.there)}
            socket.send_fds(self._orders, [json.dumps(order).encode()], [theirs.fileno()])
            theirs.close()
            yield Launcher(ours)

    def look(
        self, level: str, mutants: Sequence[str], names: list[str], times: int = 1
    ) -> dict[str, str]:
        """Returns what probes find without some walls, the last of several times."""
        source = Path(probes.__file__).read_text(encoding="utf-8")
        found: dict[str, str] = {}
        with self.launcher(level, mutants) as launcher:
            for _ in range(times):
                with sandbox(launcher) as connection:
                    load(connection, source)
                    found = connection.ask(
                        {
                            "verb": "probe",
                            "source": "def look(student, box, names, there):\n"
                            "    return student.report(names, there)",
                            "function": "look",
                            "arguments": {"names": names, "there": self.there},
                        },
                        time.monotonic() + 60,
                    )
        return found


@contextlib.contextmanager
def sandbox(launcher: Launcher, memory: int = 4 * 2**30) -> Iterator[Connection]:
    """Starts a sandbox as a grader does, and ends it."""
    limits = {"memory": memory, "cpu_seconds": 600, "threads": 1}
    connection = Connection(launcher, limits, lambda event: None)
    try:
        yield connection
    finally:
        connection.close()


def load(connection: Connection, source: str, seconds: float = 60) -> None:
    """Has a sandbox run a module."""
    request = {"verb": "load", "source": source, "name": "cnn", "filename": "cnn.py", "seed": 1}
    connection.ask(request, time.monotonic() + seconds)


# --- what outlives a grading ------------------------------------------------------------------

# The pipe ends when the daemon has become another program. It holds no other one, whose end would
# tell the judge that the sandbox has ended.
DAEMON = """
import os, time
ready, running = os.pipe()
if os.fork() == 0:
    os.setpgid(0, 0)
    if os.fork() == 0:
        os.closerange(3, running)
        os.closerange(running + 1, 100)
        os.execv('/bin/sleep', ['{mark}', '600'])
    os._exit(0)
os.close(running)
os.read(ready, 1)
"""
ENDINGS = {
    "raises": "raise ValueError",
    "exits": "os._exit(3)",
    "writes garbage": """
for fd in range(3, 64):
    try: os.write(fd, b'x' * 100)
    except OSError: pass
time.sleep(600)""",
    "hangs": "time.sleep(600)",
}


def marked(mark: str) -> list[int]:
    """Returns the processes with a word in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += [int(path.parent.name)] if mark.encode() in path.read_bytes() else []
    return found


def field(pid: int, name: str) -> list[int]:
    """Returns the numbers of a line in a process's status."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return [int(word) for word in line.split()[1:]]
    return []


def waited(ready: Callable[[], Any], seconds: float) -> Any:
    """Returns what `ready` gives once it is true, or its last answer after some seconds."""
    deadline = time.monotonic() + seconds
    while not (found := ready()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def gone(mark: str, seconds: float) -> bool:
    """Returns whether a marked process is gone, which it has some seconds for."""
    return waited(lambda: not marked(mark), seconds)


def _kill_leftovers(mark: str) -> None:
    """Kills a daemon, with the PID namespace that it lives in."""
    for pid in marked(mark):
        with contextlib.suppress(OSError):
            parent = field(pid, "PPid")[0]
            numbers = field(parent, "NSpid")
            if len(numbers) > 1 and numbers[-1] == 1:
                os.kill(parent, signal.SIGKILL)
            os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def daemon(launcher: Launcher, ending: str, seconds: float = 60) -> Iterator[str]:
    """Has a sandbox start a daemon, and kills what is left of it after the block.

    Args:
        launcher: `Launcher`.
        ending: String, how the submission goes on (see `ENDINGS`).
        seconds: Float, how long it may take.

    Yields:
        String, a word in the daemon's command line. The sandbox has ended.
    """
    mark = f"daemon-{secrets.token_hex(8)}"
    try:
        with contextlib.suppress(SubmissionError), sandbox(launcher) as connection:
            load(connection, DAEMON.format(mark=mark) + ENDINGS[ending], seconds)
        yield mark
    finally:
        _kill_leftovers(mark)


@contextlib.contextmanager
def running_daemon(launcher: Launcher) -> Iterator[str]:
    """Keeps a sandbox in which a daemon runs during the block.

    Args:
        launcher: `Launcher`.

    Yields:
        String, a word in the daemon's command line.
    """
    mark = f"daemon-{secrets.token_hex(8)}"

    def ask() -> None:
        with contextlib.suppress(SubmissionError, OSError), sandbox(launcher) as connection:
            load(connection, DAEMON.format(mark=mark) + ENDINGS["hangs"], 30)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        assert waited(lambda: marked(mark), 30), "no daemon was started"
        yield mark
    finally:
        _kill_leftovers(mark)
        asking.join(60)


def guard_of(mark: str) -> int:
    """Returns the guard of a marked process that has lost its parent in a PID namespace."""
    # An orphan belongs to the first process of its namespace, and that to the guard.
    orphan = waited(lambda: [pid for pid in marked(mark) if _is_orphan(pid)], 10)
    return field(field(orphan[0], "PPid")[0], "PPid")[0]


def _is_orphan(pid: int) -> bool:
    with contextlib.suppress(OSError):
        numbers = field(field(pid, "PPid")[0], "NSpid")
        return len(numbers) > 1 and numbers[-1] == 1
    return False

"""Puts real things outside the sandbox, and starts warm processes from whose sandboxes to look."""

from __future__ import annotations

import contextlib
import ctypes
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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from datasets.cache import cache_dir
from graders import rubric
from graders.rubric import KIT
from graders.runner import Request, Runner, Settings, draw_for
from graders.runner import warm as warm_process
from graders.verdict import TaskVerdict
from tests.programs import cnn, first_bad
from tests.system import probes

IPC_CREAT, IPC_EXCL, IPC_RMID = 0o1000, 0o2000, 0
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
            "descriptor": held.fileno(),
            "held": [status.st_dev, status.st_ino],
            "halves": {
                "secret": _halves(SECRET),
                "draw": _halves(str(draw_for("cnn", SETTINGS))),
            },
            "uts": os.readlink("/proc/self/ns/uts"),
            "posix_queue": _posix_queue(undo),
            **_system_v(undo),
        }


@contextlib.contextmanager
def warm(there: probes.Planted, chosen: Path | None = None) -> Iterator[Runner]:
    """Starts a warm process that holds what a careless front end would leave with it.

    Its starter's environment holds a secret, its home is the planted one, and it inherits the
    descriptor of a planted file.

    Args:
        there: Dict, what `planted` gave.
        chosen: Path of the file that names the mutants; `None` starts the process as it is. With
            mutants, it gets the whole environment, not only the allowlist.

    Yields:
        A `Runner`.
    """
    original = subprocess.Popen

    def start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        options["pass_fds"] = [*options["pass_fds"], there["descriptor"]]
        if chosen is not None:
            command = [sys.executable, "-m", "tests.system.broken", str(chosen), command[-1]]
            options["env"] = {**os.environ, **options["env"]}
        return original(command, **options)

    with Runner(SETTINGS) as runner:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KERAS_KIT_CACHE", str(cache_dir()))
            patch.setenv("KERAS_KIT_SECRET", there["secret"])
            patch.setenv("HOME", there["home"])
            patch.setattr(warm_process.subprocess, "Popen", start)
            runner.warm_up()
        yield runner


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
    raise ValueError("<<" + json.dumps(report({names!r}, there)) + ">>")""",
        source,
    )
    message = first_bad(verdict)[2]
    found = re.search("<<(.*)>>", message, re.DOTALL)
    assert found, message or verdict.message
    return json.loads(found[1]), verdict.isolation


# --- what outlives a grading ------------------------------------------------------------------

# The pipe ends when the daemon has become another program.
DAEMON = """import os, shutil, time
    if os.environ['HOME'] != '/tmp':
        shutil.rmtree(os.environ['HOME'])  # without namespaces, this is a folder of the host
    ready, running = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv('/bin/sleep', ['{mark}', '600'])
        os._exit(0)
    os.close(running)
    os.read(ready, 1)
    """
ENDINGS = {
    "raises": "raise ValueError",
    "writes garbage": """for fd in range(3, 64):
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
def daemon(runner: Runner, folder: Path, ending: str) -> Iterator[str]:
    """Grades a submission that starts a daemon, and kills what is left of it after the block.

    Args:
        runner: `Runner`.
        folder: Path, where to write the submission.
        ending: String, how the submission goes on (see `ENDINGS`).

    Yields:
        String, a word in the daemon's command line.
    """
    mark = f"daemon-{secrets.token_hex(8)}"
    try:
        hand_in(runner, folder, DAEMON.format(mark=mark) + ENDINGS[ending])
        yield mark
    finally:
        _kill_leftovers(mark)


@contextlib.contextmanager
def daemon_without_guard(runner: Runner, folder: Path) -> Iterator[str]:
    """Kills the guard of a sandbox in which a daemon runs, and ends the grading after the block.

    Args:
        runner: `Runner`.
        folder: Path, where to write the submission.

    Yields:
        String, a word in the daemon's command line.
    """
    mark = f"daemon-{secrets.token_hex(8)}"
    body = DAEMON.format(mark=mark) + ENDINGS["hangs"]
    grading = threading.Thread(target=hand_in, args=(runner, folder, body))
    grading.start()
    try:
        found = waited(lambda: _orphans(mark), 30)
        assert found, "no daemon was started in a PID namespace"
        # An orphan belongs to the first process of its namespace, and that to the guard.
        os.kill(field(field(found[0], "PPid")[0], "PPid")[0], signal.SIGKILL)
        yield mark
    finally:
        _kill_leftovers(mark)
        grading.join(30)


def _orphans(mark: str) -> list[int]:
    """Returns the marked processes whose parent is the first process of a PID namespace."""
    found = []
    for pid in marked(mark):
        with contextlib.suppress(OSError):
            numbers = field(field(pid, "PPid")[0], "NSpid")
            found += [pid] if len(numbers) > 1 and numbers[-1] == 1 else []
    return found

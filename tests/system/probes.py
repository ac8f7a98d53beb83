"""What a hostile submission looks for. This file is handed in as the submission.

Each probe returns what it found: nothing (`False`, an empty list) where the walls stand. It catches
the refusal that its wall gives, and no other: `report` turns any other exception into a finding,
because a probe that could not look has not shown that there is nothing.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Callable
from typing import Any

Planted = dict[str, Any]
PROBES: dict[str, Callable[[Planted], Any]] = {}
MNT_DETACH = 2
MAP_NORESERVE = 0x4000


def probe(function: Callable[[Planted], Any]) -> Callable[[Planted], Any]:
    """Enters a probe into the table."""
    PROBES[function.__name__] = function
    return function


def refused(number: int, *expected: int) -> bool:
    """Returns False where the kernel refused as a wall does; raises any other error."""
    if number in expected:
        return False
    raise OSError(number, os.strerror(number))


# --- network ----------------------------------------------------------------------------------


@probe
def tcp_port(planted: Planted) -> Any:
    """Connects to a TCP port of the host."""
    with socket.socket() as client:
        client.settimeout(5)
        code = client.connect_ex(("127.0.0.1", planted["port"]))
    return code == 0 or refused(code, errno.ENETUNREACH, errno.ECONNREFUSED)


@probe
def abstract_socket(planted: Planted) -> Any:
    """Connects to an abstract Unix socket of the host."""
    with socket.socket(socket.AF_UNIX) as client:
        code = client.connect_ex("\0" + planted["abstract"])
    return code == 0 or refused(code, errno.ECONNREFUSED)


# --- files ------------------------------------------------------------------------------------


@probe
def socket_file(planted: Planted) -> Any:
    """Connects to a Unix socket in a folder of the host."""
    with socket.socket(socket.AF_UNIX) as client:
        code = client.connect_ex(planted["socket"])
    return code == 0 or refused(code, errno.ENOENT)


@probe
def files(planted: Planted) -> Any:
    """Reads files in the home, in other folders of the host, and in its POSIX shared memory."""
    return [name for name, path in planted["files"].items() if os.path.exists(path)]


@probe
def kit(planted: Planted) -> Any:
    """Sees the kit: its references, its checks, its cache."""
    return [name for name, path in planted["kit"].items() if os.path.exists(path)]


@probe
def writable(planted: Planted) -> Any:
    """Opens modules of Python and of Keras for writing; nothing is written."""
    import keras

    found = []
    for name, path in (("python", os.__file__), ("keras", keras.__file__)):
        try:
            os.close(os.open(path, os.O_WRONLY))
            found.append(f"a module of {name}")
        except OSError as error:
            refused(error.errno or 0, errno.EROFS, errno.EACCES)
        if os.access(os.path.dirname(path), os.W_OK):
            found.append(f"the folder of {name}")
    return found


@probe
def root(planted: Planted) -> Any:
    """Makes a file in the root folder."""
    try:
        open("/made-by-a-submission", "x").close()
        return True
    except OSError as error:
        return refused(error.errno or 0, errno.EROFS, errno.EACCES)


# --- processes --------------------------------------------------------------------------------


@probe
def other_process(planted: Planted) -> Any:
    """Finds a process of the host by its number, as `kill` would."""
    try:
        # A process of the sandbox may have the same number, but not lead a session of that number.
        return os.getsid(planted["helper"]) == planted["helper"]
    except ProcessLookupError:
        return False


@probe
def command_lines(planted: Planted) -> Any:
    """Reads a secret in the command lines and environments that /proc shows."""
    assert os.path.exists("/proc/self/cmdline"), "there is no /proc"
    found = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        for name in ("cmdline", "environ"):
            try:
                with open(f"/proc/{number}/{name}", errors="replace") as file:
                    found += [name] if planted["mark"] in file.read() else []
            except OSError:
                continue  # it ended meanwhile, or the kernel does not show this one
    return found


@probe
def environment(planted: Planted) -> Any:
    """Reads what the kit or its user has put into the environment."""
    return [key for key, value in os.environ.items() if key.startswith("KERAS_KIT") or
            planted["secret"] in value]  # fmt: skip


@probe
def first_environment(planted: Planted) -> Any:
    """Reads the environment that the process was started with, which nothing can clear."""
    found = []
    for path in ("/proc/self/environ", "/proc/1/environ"):
        try:
            with open(path, errors="replace") as file:
                found += [path] if planted["secret"] in file.read() else []
        except OSError as error:
            refused(error.errno or 0, errno.EACCES, errno.EPERM)
    return found


@probe
def descriptors(planted: Planted) -> Any:
    """Holds a socket, or a file that the warm process held open."""
    found = []
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            status = os.fstat(number)
        except OSError:
            continue  # the one that listed the folder
        if stat.S_ISSOCK(status.st_mode):
            found.append("socket")
        if [status.st_dev, status.st_ino] == planted["held"]:
            found.append("file")
    return found


@probe
def memory(planted: Planted) -> Any:
    """Searches all memory of the process for secrets that come in halves."""
    found, searched = set(), 0
    with open("/proc/self/maps") as file:
        lines = file.read().splitlines()
    for line in lines:
        span, rights = line.split()[:2]
        low, high = (int(x, 16) for x in span.split("-"))
        if rights[0] != "r" or line.endswith(("[vvar]", "[vsyscall]")) or high - low > 2**28:
            continue
        try:
            with open("/proc/self/mem", "rb") as file:
                file.seek(low)
                data = file.read(high - low)
        except (OSError, ValueError, OverflowError):
            continue
        searched += len(data)
        for name, (start, end) in planted["halves"].items():
            # The whole word is never put together here, or the search would find its own copy.
            start, end = start.encode(), end.encode()
            at = data.find(start)
            while at >= 0:
                if data.startswith(end, at + len(start)):
                    found.add(name)
                at = data.find(start, at + 1)
        del data
    # Python, Keras and TensorFlow are larger than this.
    assert searched > 2**26, f"only {searched} bytes were readable"
    return sorted(found)


# --- IPC and UTS ------------------------------------------------------------------------------


@probe
def shared_memory(planted: Planted) -> Any:
    """Finds System V shared memory of the host."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.shmget(planted["shared_memory"], 0, 0) >= 0
    return found or refused(ctypes.get_errno(), errno.ENOENT)


@probe
def message_queue(planted: Planted) -> Any:
    """Finds a System V message queue of the host."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.msgget(planted["message_queue"], 0) >= 0
    return found or refused(ctypes.get_errno(), errno.ENOENT)


@probe
def posix_queue(planted: Planted) -> Any:
    """Opens a POSIX message queue of the host."""
    librt = ctypes.CDLL("librt.so.1", use_errno=True)
    found = librt.mq_open(planted["posix_queue"].encode(), os.O_RDONLY) >= 0
    return found or refused(ctypes.get_errno(), errno.ENOENT)


@probe
def uts_namespace(planted: Planted) -> Any:
    """Shares the namespace that holds the host's name."""
    return os.readlink("/proc/self/ns/uts") == planted["uts"]


# --- privileges -------------------------------------------------------------------------------


def _status(text: str) -> dict[str, str]:
    return {line.split(":")[0]: line.split(":")[1].strip() for line in text.splitlines()}


def _capabilities(text: str) -> list[str]:
    return [key for key, value in _status(text).items() if key[:3] == "Cap" and int(value, 16)]


@probe
def capabilities(planted: Planted) -> Any:
    """Holds a capability, or may still get one."""
    with open("/proc/self/status") as file:
        return _capabilities(file.read())


@probe
def regained_capabilities(planted: Planted) -> Any:
    """Gets capabilities back by starting a program."""
    command = ["/bin/cat", "/proc/self/status"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [key for key in _capabilities(done.stdout) if key in ("CapEff", "CapPrm")]


@probe
def new_privileges(planted: Planted) -> Any:
    """May get privileges from a set-user-ID program."""
    with open("/proc/self/status") as file:
        return _status(file.read())["NoNewPrivs"] != "1"


@probe
def unmounting(planted: Planted) -> Any:
    """Takes a mount away."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.umount2(b"/dev/shm", MNT_DETACH) == 0
    return found or refused(ctypes.get_errno(), errno.EPERM)


# --- limits -----------------------------------------------------------------------------------


@probe
def huge_file(planted: Planted) -> Any:
    """Makes a file of 16 GiB (a sparse one: it takes no room)."""
    with tempfile.TemporaryFile() as file:
        try:
            return file.truncate(2**34) > 0
        except OSError as error:
            return refused(error.errno or 0, errno.EFBIG)


@probe
def huge_memory(planted: Planted) -> Any:
    """Reserves 64 GiB of memory (and touches none of it)."""
    try:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE
        mmap.mmap(-1, 2**36, flags=flags).close()
        return True
    except OSError as error:
        return refused(error.errno or 0, errno.ENOMEM)


@probe
def endless_time(planted: Planted) -> Any:
    """May use CPU time without end."""
    return resource.getrlimit(resource.RLIMIT_CPU)[1] == resource.RLIM_INFINITY


# --- the grader: only where no namespace hides it ---------------------------------------------


def _parent(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def grader(planted: Planted) -> Any:
    """Reads the memory and the descriptors of the grader, a process of the same user."""
    # The warm process forks graders; the one that forks sandboxes is a child of it, too.
    forks_sandboxes = _parent(_parent(os.getppid()))
    warm = _parent(forks_sandboxes)
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    graders = []
    for pid in pids:
        try:
            graders += [pid] if _parent(pid) == warm and pid != forks_sandboxes else []
        except OSError:
            continue
    assert len(graders) == 1, f"there are {len(graders)} graders"
    found = []
    try:
        # Who may follow these links may open them: the pipe of the events is one.
        os.readlink(f"/proc/{graders[0]}/fd/1")
        found.append("descriptors")
    except PermissionError:
        pass
    try:
        with open(f"/proc/{graders[0]}/maps") as maps, open(f"/proc/{graders[0]}/mem", "rb") as mem:
            mem.seek(int(maps.readline().split("-")[0], 16))
            found += ["memory"] if mem.read(1) else []
    except PermissionError:
        pass
    return found


# --- reporting --------------------------------------------------------------------------------


def report(names: list[str], planted: Planted) -> dict[str, str]:
    """Runs probes by name, and leaves no file behind.

    Args:
        names: List of strings.
        planted: Dict, what the test has put outside the sandbox.

    Returns:
        Dict from names to what was found, as text: empty if nothing.
    """
    found = {}
    for name in names:
        try:
            value = PROBES.get(name, grader)(planted)
        except BaseException as error:
            value = f"could not look: {type(error).__name__}: {error}"
        found[name] = str(value)[:120] if value else ""
    # Where a wall is missing, these folders are the host's.
    shutil.rmtree(os.getcwd(), ignore_errors=True)
    if os.path.basename(tempfile.gettempdir()).startswith("kit-"):
        shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)
    return found

"""What a hostile submission looks for. This file is handed in as the submission.

Each probe returns what it found: nothing (`False`, an empty list) where the walls stand. It catches
the refusal that its wall gives, and no other: `report` turns any other exception into a finding,
because a probe that could not look has not shown that there is nothing. It names the levels of
isolation at which it finds nothing.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import errno
import mmap
import os
import resource
import socket
import stat
import tempfile
from collections.abc import Callable
from typing import Any

Planted = dict[str, Any]
Probe = Callable[[Planted], Any]
PROBES: dict[str, Probe] = {}
# Where each probe finds nothing.
LEVELS: dict[str, tuple[str, ...]] = {}
NAMESPACES, LANDLOCK, USER = "namespaces", "landlock", "user"
PR_GET_DUMPABLE = 3
MAP_NORESERVE = 0x4000
O_PATH = 0o10000000


def probe(*levels: str) -> Callable[[Probe], Probe]:
    """Enters a probe into the table, with the levels at which it finds nothing."""

    def enter(function: Probe) -> Probe:
        PROBES[function.__name__] = function
        LEVELS[function.__name__] = levels
        return function

    return enter


def refused(number: int, *expected: int) -> bool:
    """Returns False where the kernel refused as a wall does; raises any other error."""
    if number in expected:
        return False
    raise OSError(number, os.strerror(number))


# --- network ----------------------------------------------------------------------------------


@probe(NAMESPACES, LANDLOCK, USER)
def tcp_port(planted: Planted) -> Any:
    """Connects to a TCP port of the host."""
    try:
        with socket.socket() as client:
            client.settimeout(5)
            client.connect(("127.0.0.1", planted["port"]))
        return True
    except OSError as error:
        expected = (errno.EPERM, errno.EACCES, errno.ENETUNREACH, errno.ECONNREFUSED)
        return refused(error.errno or 0, *expected)


@probe(NAMESPACES, LANDLOCK, USER)
def tcp_server(planted: Planted) -> Any:
    """Waits for others at a TCP port; in a network of its own nobody would come."""
    try:
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
        return True
    except OSError as error:
        return refused(error.errno or 0, errno.EPERM, errno.EACCES, errno.EADDRNOTAVAIL)


@probe(NAMESPACES, LANDLOCK, USER)
def abstract_socket(planted: Planted) -> Any:
    """Connects to an abstract Unix socket of the host."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("\0" + planted["abstract"])
        return True
    except OSError as error:
        return refused(error.errno or 0, errno.EPERM, errno.EACCES, errno.ECONNREFUSED)


# --- files ------------------------------------------------------------------------------------


@probe(NAMESPACES, LANDLOCK, USER)
def socket_file(planted: Planted) -> Any:
    """Connects to a Unix socket in a folder of the host."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(planted["socket"])
        return True
    except OSError as error:
        return refused(error.errno or 0, errno.EPERM, errno.EACCES, errno.ENOENT)


def opens(path: str, flags: int = os.O_RDONLY) -> bool:
    """Returns whether a file or folder can be opened; nothing is read or written."""
    try:
        os.close(os.open(path, flags))
        return True
    except OSError as error:
        return refused(error.errno or 0, errno.ENOENT, errno.EACCES, errno.EROFS)


@probe(NAMESPACES, LANDLOCK, USER)
def files(planted: Planted) -> Any:
    """Reads files in the home, in other folders of the host, and in its POSIX shared memory."""
    return [name for name, path in planted["files"].items() if opens(path)]


@probe(NAMESPACES, LANDLOCK)
def kit(planted: Planted) -> Any:
    """Sees the kit: its references, its checks, its cache."""
    return [name for name, path in planted["kit"].items() if opens(path)]


@probe(NAMESPACES, LANDLOCK)
def below_shown(planted: Planted) -> Any:
    """Reads what is hidden in a folder that is shown."""
    assert opens(planted["shown"]), "what is shown is not there"
    return [path for path in planted["hidden"] if opens(path)]


@probe(NAMESPACES)
def mounts(planted: Planted) -> Any:
    """Finds a mount that is not read-only, above Python or what else is shown."""
    paths = ["/", os.path.dirname(os.__file__), planted["shown"]]
    return [path for path in paths if not os.statvfs(path).f_flag & os.ST_RDONLY]


@probe(NAMESPACES, LANDLOCK)
def devices(planted: Planted) -> Any:
    """Opens devices for writing that anybody may write to."""
    return [path for path in ("/dev/random", "/dev/urandom") if opens(path, os.O_WRONLY)]


@probe(NAMESPACES)
def scratch(planted: Planted) -> Any:
    """Finds a file that an earlier sandbox has left."""
    found = [name for name in os.listdir("/tmp") if name.startswith("left-")]
    open(f"/tmp/left-{os.urandom(4).hex()}", "x").close()
    return found


@probe(NAMESPACES, LANDLOCK, USER)
def writable(planted: Planted) -> Any:
    """Opens modules of Python and of Keras for writing; nothing is written."""
    import keras

    found = []
    for name, path in (("python", os.__file__), ("keras", keras.__file__)):
        found += [f"a module of {name}"] if opens(path, os.O_WRONLY) else []
    return found


@probe(NAMESPACES, LANDLOCK, USER)
def modes(planted: Planted) -> Any:
    """Changes the mode and the times of a module of Python to what they are."""
    before = os.stat(os.__file__)
    for call in (
        lambda: os.chmod(os.__file__, before.st_mode),
        lambda: os.utime(os.__file__, ns=(before.st_atime_ns, before.st_mtime_ns)),
    ):
        try:
            call()
        except OSError as error:
            refused(error.errno or 0, errno.EROFS, errno.EACCES, errno.EPERM)
    return os.stat(os.__file__).st_ctime_ns != before.st_ctime_ns


@probe(NAMESPACES)
def kernel_settings(planted: Planted) -> Any:
    """Opens settings of the kernel for writing; nothing is written."""
    paths = ("/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches")
    return [path for path in paths if opens(path, os.O_WRONLY)]


@probe(NAMESPACES, LANDLOCK, USER)
def root(planted: Planted) -> Any:
    """Makes a file in the root folder, and removes it."""
    path = f"/made-by-a-submission-{os.urandom(4).hex()}"
    try:
        open(path, "x").close()
    except OSError as error:
        return refused(error.errno or 0, errno.EROFS, errno.EACCES)
    os.unlink(path)
    return True


# --- processes --------------------------------------------------------------------------------


@probe(NAMESPACES)
def other_process(planted: Planted) -> Any:
    """Finds a process of the host by its number, as `kill` would."""
    try:
        # A process of the sandbox may have the same number, but not lead a session of that number.
        return os.getsid(planted["helper"]) == planted["helper"]
    except ProcessLookupError:
        return False


@probe(NAMESPACES, LANDLOCK, USER)
def signals(planted: Planted) -> Any:
    """Sends a process of the host a signal: number 0, which does nothing."""
    try:
        os.kill(planted["helper"], 0)
        return True
    except OSError as error:
        return refused(error.errno or 0, errno.EPERM, errno.ESRCH)


@probe(NAMESPACES)
def host_namespaces(planted: Planted) -> Any:
    """Shares a namespace with the host."""
    links = planted["namespaces"].items()
    return [kind for kind, link in links if os.readlink(f"/proc/self/ns/{kind}") == link]


@probe(NAMESPACES)
def shared_namespaces(planted: Planted) -> Any:
    """Shares a namespace with the process that forks all sandboxes, and so with them."""
    links = getattr(builtins, "FORKED_IN", {}).items()
    return [kind for kind, link in links if os.readlink(f"/proc/self/ns/{kind}") == link]


@probe(NAMESPACES)
def numbers(planted: Planted) -> Any:
    """Finds processes in /proc beside itself and the first of its namespace."""
    found = {int(name) for name in os.listdir("/proc") if name.isdigit()}
    return sorted(found - {1, os.getpid()})


@probe(NAMESPACES, LANDLOCK, USER)
def family(planted: Planted) -> Any:
    """Reads descriptors and memory of the processes above it."""
    found, pid = [], os.getppid()
    for _ in range(3):
        name = f"{pid}" if pid != os.getppid() else "parent"
        with contextlib.suppress(PermissionError):
            # Who may follow these links may open them: the pipe of the reports is one.
            os.readlink(f"/proc/{pid}/fd/2")
            found.append(f"{name}'s descriptors")
        with (
            contextlib.suppress(PermissionError),
            open(f"/proc/{pid}/maps") as maps,
            open(f"/proc/{pid}/mem", "rb") as memory,
        ):
            memory.seek(int(maps.readline().split("-")[0], 16))
            found += [f"{name}'s memory"] if memory.read(1) else []
        try:
            with open(f"/proc/{pid}/stat") as file:
                pid = int(file.read().rpartition(")")[2].split()[1])
        except PermissionError:
            break
        if pid == 0:
            break
    return found


@probe(NAMESPACES, LANDLOCK)
def command_lines(planted: Planted) -> Any:
    """Reads a secret in the command lines and environments that /proc shows."""
    assert os.path.exists("/proc/self/cmdline"), "there is no /proc"
    found = []
    for number in [planted["helper"], 1]:
        for name in ("cmdline", "environ"):
            try:
                with open(f"/proc/{number}/{name}", errors="replace") as file:
                    found += [name] if planted["mark"] in file.read() else []
            except OSError as error:
                refused(error.errno or 0, errno.ENOENT, errno.EACCES, errno.EPERM, errno.ESRCH)
    return found


@probe(NAMESPACES, LANDLOCK, USER)
def environment(planted: Planted) -> Any:
    """Reads what the kit or its user has put into the environment."""
    return [key for key, value in os.environ.items() if key.startswith("KERAS_KIT") or
            planted["secret"] in value]  # fmt: skip


@probe(NAMESPACES, LANDLOCK, USER)
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


@probe(NAMESPACES, LANDLOCK, USER)
def descriptors(planted: Planted) -> Any:
    """Holds a socket, a file that the warm process held open, a folder, or more than two pipes."""
    found, pipes = [], []
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            status = os.fstat(number)
            with open(f"/proc/self/fdinfo/{number}") as file:
                flags = int(_status(file.read())["flags"], 8)
        except OSError:
            continue  # the one that listed the folder
        found += ["socket"] if stat.S_ISSOCK(status.st_mode) else []
        found += ["path"] if flags & O_PATH else []
        found += ["file"] if [status.st_dev, status.st_ino] == planted["held"] else []
        # Requests and answers; what the sandbox prints goes to a file in memory.
        pipes += [number] if stat.S_ISFIFO(status.st_mode) else []
    return found + ["pipes"] * (len(pipes) > 2)


@probe(NAMESPACES, LANDLOCK, USER)
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


@probe(NAMESPACES, LANDLOCK, USER)
def shared_memory(planted: Planted) -> Any:
    """Finds System V shared memory of the host."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.shmget(planted["shared_memory"], 0, 0) >= 0
    return found or refused(ctypes.get_errno(), errno.ENOENT, errno.EPERM)


@probe(NAMESPACES, LANDLOCK, USER)
def message_queue(planted: Planted) -> Any:
    """Finds a System V message queue of the host."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.msgget(planted["message_queue"], 0) >= 0
    return found or refused(ctypes.get_errno(), errno.ENOENT, errno.EPERM)


@probe(NAMESPACES, LANDLOCK, USER)
def posix_queue(planted: Planted) -> Any:
    """Opens a POSIX message queue of the host."""
    librt = ctypes.CDLL("librt.so.1", use_errno=True)
    found = librt.mq_open(planted["posix_queue"].encode(), os.O_RDONLY) >= 0
    return found or refused(ctypes.get_errno(), errno.ENOENT, errno.EPERM)


# --- privileges -------------------------------------------------------------------------------


def _status(text: str) -> dict[str, str]:
    return {line.split(":")[0]: line.split(":")[1].strip() for line in text.splitlines()}


def _capabilities(text: str) -> list[str]:
    return [key for key, value in _status(text).items() if key[:3] == "Cap" and int(value, 16)]


@probe(NAMESPACES, LANDLOCK, USER)
def capabilities(planted: Planted) -> Any:
    """Holds a capability, or may still get one."""
    with open("/proc/self/status") as file:
        found = _capabilities(file.read())
    # An ordinary user may not give up what a program of root's could give; see `new_privileges`.
    bound = planted["root"] or "FORKED_IN" not in vars(builtins)
    return [name for name in found if name != "CapBnd" or bound]


@probe(NAMESPACES, LANDLOCK)
def dumpable(planted: Planted) -> Any:
    """Is a process whose memory and descriptors others of its user may read."""
    return ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1


@probe(NAMESPACES, LANDLOCK, USER)
def system_calls(planted: Planted) -> Any:
    """Makes system calls that are refused, with arguments that do no harm."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = []
    for name, (number, expected, first) in planted["calls"].items():
        ctypes.set_errno(0)
        result = libc.syscall(*map(ctypes.c_long, (number, first, 0, 0, 0, 0, 0)))
        found += [] if (result, ctypes.get_errno()) == (-1, expected) else [name]
    return found


@probe(NAMESPACES, LANDLOCK, USER)
def new_privileges(planted: Planted) -> Any:
    """May get privileges from a set-user-ID program."""
    with open("/proc/self/status") as file:
        return _status(file.read())["NoNewPrivs"] != "1"


# --- limits -----------------------------------------------------------------------------------


@probe(NAMESPACES, LANDLOCK, USER)
def huge_file(planted: Planted) -> Any:
    """Makes a file of 16 GiB (a sparse one: it takes no room)."""
    with tempfile.TemporaryFile() as file:
        try:
            return file.truncate(2**34) > 0
        except OSError as error:
            return refused(error.errno or 0, errno.EFBIG)


@probe(NAMESPACES, LANDLOCK, USER)
def huge_memory(planted: Planted) -> Any:
    """Reserves 64 GiB of memory (and touches none of it)."""
    try:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE
        mmap.mmap(-1, 2**36, flags=flags).close()
        return True
    except OSError as error:
        return refused(error.errno or 0, errno.ENOMEM)


@probe(NAMESPACES, LANDLOCK, USER)
def limits(planted: Planted) -> Any:
    """May use something without end."""
    names = ("RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NPROC", "RLIMIT_NOFILE")
    return [
        name
        for name in names
        if resource.getrlimit(getattr(resource, name))[1] > planted["limits"].get(name, 2**62)
        or resource.getrlimit(getattr(resource, name))[1] == resource.RLIM_INFINITY
    ]


# --- reporting --------------------------------------------------------------------------------


def report(names: list[str], planted: Planted) -> dict[str, str]:
    """Runs probes by name.

    Args:
        names: List of strings.
        planted: Dict, what the test has put outside the sandbox.

    Returns:
        Dict from names to what was found, as text: empty if nothing.
    """
    found = {}
    for name in names:
        try:
            value = PROBES[name](planted)
        except BaseException as error:
            value = f"could not look: {type(error).__name__}: {error}"
        found[name] = str(value)[:2000] if value else ""
    return found

"""Hides from the kit's own modules, in this process, what the system named in ELSEWHERE lacks.

Python and the packages keep everything: on that system they would go their own ways. The kit's
modules get stand-ins for `os`, `sys` and others, which lack what is missing there; what is there
alone (`msvcrt`, job objects) is played by Linux's own means. Each process that the kit starts has
the hook as well.
"""

from __future__ import annotations

import builtins
import os
import signal
import subprocess
import sys
import types
from typing import Any

SYSTEM = os.environ.get("ELSEWHERE", "")
HERE = os.path.dirname(os.path.abspath(__file__))

# What only Linux has.
ONLY_LINUX = {
    "os": """memfd_create pidfd_open sched_getaffinity sched_setaffinity unshare setns eventfd
        setresuid setresgid getresuid getresgid splice posix_fallocate O_PATH O_TMPFILE
        copy_file_range timerfd_create getrandom""",
    "signal": "sigtimedwait sigwaitinfo SIGRTMIN SIGRTMAX SIGPOLL SIGPWR SIGSTKFLT",
    "select": "epoll",
    "socket": "SOCK_SEQPACKET AF_NETLINK AF_PACKET SO_PEERCRED",
    "resource": "prlimit RLIMIT_SIGPENDING RLIMIT_MSGQUEUE RLIMIT_RTPRIO RLIMIT_NICE",
}
# What Windows lacks beside that.
NOT_ON_WINDOWS = {
    "os": """fork forkpty register_at_fork wait wait3 wait4 waitid WNOHANG WIFEXITED WIFSIGNALED
        WEXITSTATUS WTERMSIG getuid geteuid getgid getegid getgroups setuid setgid setgroups
        getpgid getpgrp setpgid setsid getsid killpg nice uname getloadavg sysconf confstr
        ctermid ttyname openpty mkfifo mknod chown fchown lchown fchmod lockf pread pwrite
        preadv pwritev set_blocking get_blocking posix_spawn posix_spawnp statvfs fstatvfs
        pathconf fdatasync sync sendfile readv writev O_NONBLOCK O_NOCTTY O_CLOEXEC O_DIRECTORY
        O_NOFOLLOW O_SYNC tcgetpgrp tcsetpgrp getxattr listxattr setxattr getpriority
        setpriority chroot fchdir pipe2 initgroups environb fsencodeb getcwdu""",
    "signal": """SIGKILL SIGHUP SIGQUIT SIGCHLD SIGALRM SIGVTALRM SIGPROF SIGXCPU SIGXFSZ SIGPIPE
        SIGUSR1 SIGUSR2 SIGSTOP SIGCONT SIGTSTP SIGTTIN SIGTTOU SIGBUS SIGSYS SIGTRAP SIGURG
        SIGWINCH SIGIO alarm setitimer getitimer pause pthread_kill pthread_sigmask sigpending
        sigwait siginterrupt""",
    "select": "poll",
    "socket": "AF_UNIX send_fds recv_fds sethostname",
    "time": "clock_settime pthread_getcpuclockid tzset",
}
NO_MODULES = {
    "win32": """fcntl resource pwd grp termios tty pty posix syslog readline curses spwd crypt nis
        posixpath _posixsubprocess _posixshmem""".split(),
    "darwin": ["msvcrt", "winreg", "_winapi", "spwd"],
}
# Arguments that raise on Windows. (`start_new_session` is ignored there.)
NO_ARGUMENTS = ("pass_fds", "preexec_fn", "process_group", "user", "group", "umask")


class StandIn(types.ModuleType):
    """A module without some of its names, and with some that are another system's."""

    def __init__(self, real: types.ModuleType, hidden: set[str], added: dict[str, Any]):
        super().__init__(real.__name__)
        self.__dict__.update(_real=real, _hidden=hidden, **added)

    def __getattr__(self, name: str) -> Any:
        if name in self._hidden:
            raise AttributeError(f"module {self._real.__name__!r} has no attribute {name!r}")
        return getattr(self._real, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._real, name, value)


def _hidden(module: str) -> set[str]:
    found = set(ONLY_LINUX.get(module, "").split())
    return found | (set(NOT_ON_WINDOWS.get(module, "").split()) if SYSTEM == "win32" else set())


class Popen(subprocess.Popen):
    """Starts a process as that system does, and hands the hook on to it."""

    def __init__(self, command: Any, **options: Any) -> None:
        env = dict(options.pop("env", None) or os.environ)
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [env.get("PYTHONPATH"), HERE]))
        env["ELSEWHERE"] = SYSTEM
        if SYSTEM == "win32":
            for name in NO_ARGUMENTS:
                if options.get(name):
                    raise ValueError(f"{name} is not supported on Windows platforms")
            options.pop("start_new_session", None)
            # The flags make a group of their own, and no more than that is needed here.
            options["start_new_session"] = bool(options.pop("creationflags", 0))
            self._a_job = options["start_new_session"]
        super().__init__(command, env=env, **options)

    def kill(self) -> None:
        """Ends the process; on Windows its job, and so its tree, ends with it."""
        if SYSTEM == "win32" and self._a_job and self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
        else:
            super().kill()


def _msvcrt() -> types.ModuleType:
    import fcntl

    made = types.ModuleType("msvcrt")
    made.LK_NBLCK = 2
    made.setmode = lambda fd, mode: 0
    made.locking = lambda fd, mode, count: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return made


def _job_objects() -> types.ModuleType:
    made = types.ModuleType("graders.system.job_objects")
    made.OUT_OF_TIME = 0x4B495454
    made.enclose = lambda: None
    made.limit = lambda memory, cpu_seconds: None
    return made


def _end(code: int) -> None:
    """Is `os._exit` of a process with a job: all that it started ends, too."""
    if os.getpgid(0) == os.getpid():
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                others = int(name) != os.getpid() and os.getpgid(int(name)) == os.getpid()
                if others:
                    os.kill(int(name), signal.SIGKILL)
            except OSError:
                pass
    os._exit(code)


def _added() -> dict[str, dict[str, Any]]:
    if SYSTEM == "darwin":
        return {"sys": {"platform": "darwin"}}
    return {
        "sys": {"platform": "win32"},
        "os": {"name": "nt", "O_BINARY": 0, "O_NOINHERIT": os.O_CLOEXEC, "_exit": _end},
        "stat": {"FILE_ATTRIBUTE_REPARSE_POINT": 1024},
        "subprocess": {"CREATE_NO_WINDOW": 1, "CREATE_NEW_PROCESS_GROUP": 2},
    }


def _install() -> None:
    real_import, made = builtins.__import__, {}
    added = _added()
    added.setdefault("subprocess", {})["Popen"] = Popen
    missing = set(NO_MODULES[SYSTEM])
    if SYSTEM == "win32":
        sys.modules["graders.system.job_objects"] = _job_objects()

    def of_the_kit(space: dict[str, Any] | None) -> bool:
        name = str((space or {}).get("__name__", ""))
        if name == "__main__":
            return os.path.basename(str((space or {}).get("__file__", ""))) == "grade.py"
        return name.partition(".")[0] in ("graders", "datasets")

    def stand_in(name: str) -> types.ModuleType:
        if name not in made:
            made[name] = StandIn(real_import(name), _hidden(name), added.get(name, {}))
        return made[name]

    def hooked(
        name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        if level or not of_the_kit(globals):
            return real_import(name, globals, locals, fromlist, level)
        top = name.partition(".")[0]
        if name == "msvcrt" and SYSTEM == "win32":
            return _msvcrt()
        if top in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name in ONLY_LINUX or name in NOT_ON_WINDOWS or name in added:
            return stand_in(name)
        return real_import(name, globals, locals, fromlist, level)

    builtins.__import__ = hooked


if SYSTEM:
    _install()

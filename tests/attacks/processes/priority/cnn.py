"""AIM: takes the processors from others: a better priority, another scheduler, another affinity, a session of its own (autogroup).
      A call may report success; what counts is its effect.
KIND: harm
MAX: 0
"""
from tests.attacks.tools import *

look("autogroup", lambda: os.close(os.open("/proc/self/autogroup", os.O_WRONLY)) or "open for writing")


def priority(change, who):
    before = os.getpriority(os.PRIO_PROCESS, who)
    with contextlib.suppress(OSError):
        change()
    after = os.getpriority(os.PRIO_PROCESS, who)
    return after != before and f"{before} to {after}"


look("nice", lambda: priority(lambda: os.nice(-5), 0))
look("nice upwards", lambda: priority(lambda: os.nice(5), 0))
look("priority", lambda: priority(lambda: os.setpriority(os.PRIO_PROCESS, 0, -20), 0))
look("priority of others", lambda: priority(lambda: os.setpriority(os.PRIO_PROCESS, PLANTED["helper"], 19), PLANTED["helper"]))


def scheduler():
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    return os.sched_getscheduler(0) == os.SCHED_FIFO


def affinity():
    before = os.sched_getaffinity(0)
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {min(before)})
    after = os.sched_getaffinity(0)
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, range(64))
    return len(before) > 1 and after != before and f"{before} to {after}"


def io_priority():
    before = syscall(252, 31, 1, 0)
    with contextlib.suppress(OSError):
        syscall(251, 30, 1, 0, (1 << 13) | 0)
    return syscall(252, 31, 1, 0) != before


look("scheduler", scheduler)
look("affinity", affinity)
look("input and output", io_priority)


def session():
    pid = os.fork()
    if pid == 0:
        before = os.getsid(0)
        with contextlib.suppress(OSError):
            os.setsid()
        os._exit(os.getsid(0) != before)
    return os.waitpid(pid, 0)[1] != 0


look("a session of its own", session)
done()

"""AIM: takes the processors from others: a better priority, another scheduler, another affinity, a session of its own (autogroup).
KIND: harm
MAX: 0
"""
from tests.attacks.tools import *

look("priority", lambda: os.setpriority(os.PRIO_PROCESS, 0, -20) is None)
look("scheduler", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10)) is None)
look("affinity", lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)) is None)
look("priority of others", lambda: os.setpriority(os.PRIO_PROCESS, PLANTED["helper"], 19) is None)
look("input and output", lambda: syscall(251, 30, 1, 0, (1 << 13) | 0) == 0)
look("autogroup", lambda: os.close(os.open("/proc/self/autogroup", os.O_WRONLY)) or "open for writing")


def session():
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
        except OSError:
            os._exit(0)
        os._exit(1)
    return os.waitpid(pid, 0)[1] != 0


look("a session of its own", session)
done()

"""AIM: ends, stops or confuses the processes that watch the sandbox, so that the grading hangs, is tried again without
    them, or counts as the system's fault.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 20
"""
import signal

from tests.attacks.tools import *

for number in (signal.SIGUSR1, signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
    for pid in {1, os.getppid()} - {0}:
        # Never anything outside: the parent of a sandbox is the kit's own process.
        if pid == 1 and os.readlink("/proc/self/ns/pid") and os.getppid() != 1:
            continue
        with contextlib.suppress(OSError):
            os.kill(pid, number)
time.sleep(0.5)
with contextlib.suppress(OSError):
    os.killpg(0, signal.SIGTERM)
done()

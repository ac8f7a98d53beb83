"""AIM: ends, stops or confuses the processes that watch the sandbox, so that the grading hangs, is tried again without
    them, or counts as the system's fault.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 20
"""
import signal

from tests.attacks.tools import *

PARENT = os.getppid()

for number in (signal.SIGUSR1, signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
    # Never the machine's own first process: the parent of a sandbox is the kit's.
    for pid in {1, PARENT} if own_namespace("pid") else {PARENT} - {1}:
        with contextlib.suppress(OSError):
            os.kill(pid, number)
time.sleep(0.5)
with contextlib.suppress(OSError):
    os.killpg(0, signal.SIGTERM)
done()

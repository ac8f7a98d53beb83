"""AIM: kills processes outside of the sandbox. A guard that takes the numbers of one PID namespace for those of another
    kills outside what has the numbers of children inside.
KIND: harm
MAX: 0
SAYS: -
RUN: command
IN: a pid namespace
SECONDS: 60
AFTER: grade.py itself lives on
"""
from tests.attacks.tools import *

import threading

with contextlib.suppress(OSError):
    for _ in range(12):
        if os.posix_spawn("/bin/sleep", ["sleep", "40"], {}) >= 11:
            break
ballast = bytearray(300 * 2**20)
for at in range(0, len(ballast), 4096):
    ballast[at] = 1


def slow_to_die():
    end = time.monotonic() + 15
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)


threading.stack_size(256 * 1024)
for _ in range(3):
    threading.Thread(target=slow_to_die, daemon=True).start()
time.sleep(1)
raise ValueError("ready")

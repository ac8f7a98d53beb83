"""AIM: children that are stopped, traced or wait for ever when the grading ends, and whose parent exits first.
KIND: harm
MAX: 0
AFTER: no process of that name is left
SAYS: ended itself
"""
from tests.attacks.tools import *

import signal

for _ in range(5):
    if os.fork() == 0:
        name_process()
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        LIBC.prctl(1, 0, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(120)
        os._exit(0)
time.sleep(0.3)
os._exit(0)

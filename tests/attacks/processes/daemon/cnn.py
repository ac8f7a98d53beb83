"""AIM: a daemon that outlives the grading: two forks, a session of its own, no signal that it listens to.
KIND: harm
MAX: 0
AFTER: no process of that name is left
"""
from tests.attacks.tools import *

import signal

ready, running = os.pipe()
if os.fork() == 0:
    with contextlib.suppress(OSError):
        os.setsid()
    if os.fork() == 0:
        name_process()
        for number in range(1, 64):
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_IGN)
        LIBC.prctl(1, 0, 0, 0, 0)
        os.write(running, b"y")
        os.closerange(3, 64)
        time.sleep(120)
        os._exit(0)
    os._exit(0)
os.read(ready, 1)
done()

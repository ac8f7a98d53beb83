"""AIM: a process that is never there when it is killed: each forks the next one and ends; for 15 s at most.
KIND: harm
MAX: 0
AFTER: no process of that name is left
"""
from tests.attacks.tools import *

end = time.monotonic() + 15
if os.fork() == 0:
    name_process()
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if os.fork() == 0:
                with contextlib.suppress(OSError):
                    os.setsid()
                LIBC.prctl(1, 0, 0, 0, 0)
                continue
        os._exit(0)
    os._exit(0)
time.sleep(0.3)
done()

"""AIM: as many threads as the system gives, 5000 at most, for 2 s.
KIND: harm
MAX: 0
SAYS: HELD|processes|threads
SECONDS: 30
"""
from tests.attacks.tools import *

import _thread

_thread.stack_size(64 * 1024)
lock = _thread.allocate_lock()
lock.acquire()
started, end = 0, time.monotonic() + 10
with contextlib.suppress(RuntimeError, MemoryError):
    while started < 5000 and time.monotonic() < end:
        _thread.start_new_thread(lambda: lock.acquire(True, 8) and lock.release(), ())
        started += 1
print(started)
time.sleep(2)
alive = int(status(os.getpid(), "Threads") or 0)
if alive > 4900:
    look("threads", lambda: alive)
lock.release()
done()

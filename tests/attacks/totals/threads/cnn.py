"""AIM: as many threads as the system gives, 4000 at most.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 30
"""
from tests.attacks.tools import *

import threading

threading.stack_size(64 * 1024)
stop = threading.Event()
started = 0
with contextlib.suppress(RuntimeError, MemoryError):
    for _ in range(4000):
        threading.Thread(target=stop.wait, daemon=True).start()
        started += 1
print(started)
stop.set()
done()

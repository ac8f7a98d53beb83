"""AIM: two chains of processes that fork and exit at once, faster than a guard can list and kill them; 10 s at most.
KIND: harm
MAX: 0
AFTER: no process of that name is left
"""
from tests.attacks.tools import *

end = time.monotonic() + 10
for _ in range(2):
    if os.fork() == 0:
        name_process()
        # The library's own fork: Python's takes longer. The clock ends it, whoever does not.
        for _ in range(20000):
            if time.monotonic() > end or LIBC.fork():
                LIBC._exit(0)
        LIBC._exit(0)
time.sleep(0.5)
done()

"""AIM: takes every descriptor that the system gives, and holds them while others are graded.
KIND: harm
MAX: 0
"""
from tests.attacks.tools import *

import resource

with contextlib.suppress(OSError, ValueError):
    resource.setrlimit(resource.RLIMIT_NOFILE, (100_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
held = []
with contextlib.suppress(OSError):
    for _ in range(50_000):
        held.append(os.dup(1))
print(len(held))
time.sleep(1)
for fd in held:
    os.close(fd)
done()

"""AIM: memory, queues and semaphores that outlive a process, or that others have: System V and POSIX.
KIND: harm
MAX: 0
AFTER: no segment of that key is left
"""
from tests.attacks.tools import *

KEY = 0x41544B
look("shared memory", lambda: called(LIBC.shmget(KEY, 4096, 0o1600)) >= 0)
look("message queue", lambda: called(LIBC.msgget(KEY, 0o1600)) >= 0)
look("semaphore", lambda: called(LIBC.semget(KEY, 1, 0o1600)) >= 0)
lines = []
with contextlib.suppress(OSError), open("/proc/sysvipc/shm") as file:
    lines = [line.split() for line in file][1:]
for line in lines:
    print(line)
queue = ctypes.CDLL("librt.so.1", use_errno=True)
look("POSIX queue", lambda: called(queue.mq_open(b"/ESCAPED-system_v", os.O_CREAT | os.O_RDWR, 0o600, None)) >= 0)
# What was made is taken away again.
LIBC.shmctl(LIBC.shmget(KEY, 0, 0), 0, None), LIBC.msgctl(LIBC.msgget(KEY, 0), 0, None), LIBC.semctl(LIBC.semget(KEY, 0, 0), 0, 0)
done()

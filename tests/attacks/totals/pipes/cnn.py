"""AIM: memory of the kernel that nobody counts: full pipes of 1 MB, full socket pairs, timers, watches; 2 GB at most.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 40
"""
from tests.attacks.tools import *

import fcntl
import socket

held, written = [], 0
with contextlib.suppress(OSError):
    for _ in range(1500):
        reading, writing = os.pipe()
        held.append((reading, writing))
        os.set_blocking(writing, False)
        with contextlib.suppress(OSError):
            fcntl.fcntl(writing, 1031, 2**20)
        with contextlib.suppress(BlockingIOError):
            while True:
                written += os.write(writing, b"x" * 65536)
pairs = []
with contextlib.suppress(OSError):
    for _ in range(500):
        pair = socket.socketpair()
        pairs.append(pair)
        pair[0].setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                written += pair[0].send(b"x" * 65536)
print(written)
time.sleep(1)
done()

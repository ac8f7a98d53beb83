"""AIM: memory of the kernel in the buffers of socket pairs, which is neither resident memory nor files: 1 GB at most.
KIND: harm
MAX: 0
SAYS: HELD|memory
SECONDS: 40
"""
from tests.attacks.tools import *

import socket

data, kept, sent = b"x" * 60000, [], 0
with contextlib.suppress(OSError):
    while sent < 2**30:
        pair = socket.socketpair()
        kept.append(pair)
        for end in pair:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
            end.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while sent < 2**30:
                    sent += end.send(data)
print(sent)
time.sleep(1)
if sent >= 2**30:
    look("1 GB in sockets", lambda: len(kept))
done()

"""AIM: a header that promises the largest payload that is allowed, and then all of it: 1 GB of zeros for no array.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

data = b'{"ok": {"names": []}}'
fd = sandbox()[2].write_fd
push(fd, struct.pack(">IQ", len(data), 2**30) + data)
block = bytes(2**20)
with contextlib.suppress(OSError):
    for _ in range(1024):
        push(fd, block)
os._exit(0)

"""AIM: an answer that is right but for an array of 1 GB in it, three times.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

fd = sandbox()[2].write_fd
size = 2**30 - 1024
data = json.dumps({"ok": {"names": {"$array": 0, "dtype": "uint8", "shape": [size]}}}).encode()
block = bytes(2**20)
with contextlib.suppress(OSError):
    for _ in range(2):
        push(fd, struct.pack(">IQ", len(data), size) + data)
        for at in range(0, size, 2**20):
            push(fd, block[: min(2**20, size - at)])
os._exit(0)

"""AIM: takes memory in files without a name (memfd), which no limit of a process and of scratch counts; 2 GB at most.
KIND: harm
MAX: 0
SAYS: HELD|memory
MEMORY: 1.2
SECONDS: 60
"""
from tests.attacks.tools import *


def fill():
    held = []
    while len(held) < 2 and room(4):
        fd = os.memfd_create("more")
        held.append(fd)
        for _ in range(2):
            os.posix_fallocate(fd, 0, 2**29)
    return len(held) >= 2 and f"{len(held)} GB"


look("memfd", fill)
look("secret memory", lambda: syscall(447, 447, 0) >= 0)
done()

"""AIM: takes memory in files without a name (memfd), which no limit of a process and of scratch counts; 9 GB at most.
KIND: harm
MAX: 0
SAYS: HELD|memory
SECONDS: 60
"""
from tests.attacks.tools import *


def fill():
    held = []
    while len(held) < 9 and room(4):
        fd = os.memfd_create("more")
        held.append(fd)
        for _ in range(2):
            os.posix_fallocate(fd, 0, 2**29)
    return len(held) >= 7 and f"{len(held)} GB"


look("memfd", fill)
look("secret memory", lambda: syscall(447, 447, 0) >= 0)
done()

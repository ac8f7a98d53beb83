"""AIM: the file that takes a submission's output is the grader's too: made a terabyte long (sparse), sealed, truncated while it
    is read, and opened again for writing.
KIND: harm
MAX: 0
"""
import fcntl

from tests.attacks.tools import *

for fd in (1, 2):
    for size in (2**40, 2**62):
        with contextlib.suppress(OSError, OverflowError):
            os.lseek(fd, size, os.SEEK_SET)
            os.write(fd, b"x" * 100)
    with contextlib.suppress(OSError):
        fcntl.fcntl(fd, 1033, 1 | 2 | 4 | 8)  # F_ADD_SEALS
    with contextlib.suppress(OSError):
        os.ftruncate(fd, 3)
    with contextlib.suppress(OSError):
        os.write(fd, b"\xff\xfe\x00\x1b[31m" * 5000)
done()

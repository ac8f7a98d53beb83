"""AIM: takes what the kernel counts for all: events of asynchronous I/O (the machine has 65536), watches, timers.
KIND: harm
MAX: 0
SECONDS: 30
"""
from tests.attacks.tools import *

def events():
    found = 0
    with contextlib.suppress(OSError):
        while found < 49152:
            syscall(206, 0, 4096, ctypes.byref(ctypes.c_ulong(0)))
            found += 4096
    return found >= 32768 and found


def watches():
    found = 0
    while found < 100:
        called(LIBC.inotify_init())
        found += 1
    return found


def timers():
    found = 0
    with contextlib.suppress(OSError):
        while found < 20000:
            syscall(222, 107, 1, None, ctypes.byref(ctypes.c_int(0)))
            found += 1
    return found >= 20000 and found


look("asynchronous I/O", events)
look("watches", watches)
look("timers", timers)
time.sleep(1)
done()

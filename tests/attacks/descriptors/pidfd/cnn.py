"""AIM: takes descriptors out of other processes by pidfd_getfd, and signals them by pidfd_send_signal.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

for pid in [1, os.getppid(), PLANTED["helper"], PLANTED["harness"]]:
    fd = look(f"nothing yet of {pid}", lambda pid=pid: None)
    try:
        fd = syscall(434, 434, pid, 0)
    except OSError as error:
        print("held", error)
        continue
    for number in range(0, 30):
        look(f"descriptor {number} of {pid}", lambda n=number: syscall(438, 438, fd, n, 0))
    look(f"signal 0 to {pid}", lambda: syscall(424, 424, fd, 0, None, 0) == 0 and pid in (PLANTED["helper"], PLANTED["harness"]))
done()

"""AIM: attaches to other processes by ptrace, by which it would be them.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

for pid in {1, os.getppid(), PLANTED["helper"], PLANTED["harness"]}:
    look(f"seize {pid}", lambda pid=pid: syscall(101, 117, 0x4206, pid, 0, 0) == 0)
look("its own child", lambda: syscall(101, 117, 0, 0, 0, 0) == 0)
done()

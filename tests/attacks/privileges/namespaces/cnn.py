"""AIM: makes namespaces of its own, in which it is root, and with that all of the kernel that root may reach.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

for name, flag in {"user": 0x10000000, "mount": 0x20000, "net": 0x40000000, "pid": 0x20000000, "ipc": 0x8000000,
                   "uts": 0x4000000, "cgroup": 0x2000000, "time": 0x80}.items():
    look(f"unshare {name}", lambda flag=flag: called(LIBC.unshare(flag)) == 0)


def by_clone(flag):
    pid = syscall(56, 220, flag | 17, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "made"


def by_clone3(flag):
    pid = syscall(435, 435, ctypes.create_string_buffer(struct.pack("8Q", flag, 0, 0, 0, 17, 0, 0, 0)), 64)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "made"


for flag in (0x10000000, 0x10020000):
    look(f"clone {flag:x}", lambda flag=flag: by_clone(flag))
    look(f"clone3 {flag:x}", lambda flag=flag: by_clone3(flag))
for pid in {1, os.getppid(), PLANTED["harness"]}:
    for name in ("user", "mnt", "net"):
        look(f"setns {pid} {name}", lambda pid=pid, name=name: called(LIBC.setns(os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY), 0)) == 0)
done()

"""AIM: changes the file tree: unmounts what hides, makes writable what is not, mounts, leaves by chroot or pivot_root.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

# Nothing of the machine's is unmounted where there is no namespace.
target = b"/tmp" if own_namespace("mnt") else os.getcwd().encode()
look("unmount", lambda: called(LIBC.umount2(target, 2)) == 0)
look("remount", lambda: called(LIBC.mount(b"none", b"/usr", None, ctypes.c_ulong(32 | 4096), None)) == 0)
look("tmpfs", lambda: called(LIBC.mount(b"tmpfs", os.getcwd().encode(), b"tmpfs", 0, None)) == 0)
look("proc", lambda: called(LIBC.mount(b"proc", os.getcwd().encode(), b"proc", 0, None)) == 0)
look("attributes", lambda: syscall(442, 442, -100, b"/usr", 0, ctypes.create_string_buffer(struct.pack("QQQQ", 0, 1, 0, 0)), 32) == 0)
look("open_tree", lambda: syscall(428, 428, -100, b"/", 1) >= 0)
look("fsopen", lambda: syscall(430, 430, b"tmpfs", 0) >= 0)
look("move_mount", lambda: syscall(429, 429, -100, target, -100, b"/nothing", 0) == 0)
for _ in range(2):
    LIBC.umount2(os.getcwd().encode(), 2)
os.makedirs("root", exist_ok=True)
look("chroot", lambda: os.chroot("root") is None)
look("pivot_root", lambda: own_namespace("mnt") and syscall(155, 41, b"/tmp", b"/tmp") == 0)
done()

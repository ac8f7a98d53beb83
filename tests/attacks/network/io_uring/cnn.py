"""AIM: calls that walls of the kernel do not see, since io_uring makes them: sockets, opening of files.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

look("io_uring", lambda: syscall(425, 425, 4, ctypes.create_string_buffer(120)) >= 0)
look("userfaultfd", lambda: syscall(323, 282, 1) >= 0)
look("bpf", lambda: syscall(321, 280, 0, ctypes.create_string_buffer(struct.pack("IIII", 2, 4, 4, 1), 120), 120) >= 0)
look("perf", lambda: syscall(298, 241, ctypes.create_string_buffer(struct.pack("IIQ", 1, 112, 0), 112), 0, -1, -1, 0) >= 0)
look("aio", lambda: None)
done()

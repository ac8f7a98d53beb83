"""AIM: gets around a filter of system calls: the numbers of another architecture (x32, i386), a filter of its own that answers
    in place of the kernel, a tracer.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

if not ARM:
    look("socket by x32", lambda: called(LIBC.syscall(ctypes.c_long(0x40000000 | 41), ctypes.c_long(2), ctypes.c_long(1), ctypes.c_long(0))) >= 0)
    look("unshare by x32", lambda: called(LIBC.syscall(ctypes.c_long(0x40000000 | 272), ctypes.c_long(0x10000000))) == 0)
    # mov eax, 359 (socket); int 0x80; a process of its own makes the call, since the filter may end it.
    import mmap

    code = bytes([0x53, 0xB8, 0x67, 0x01, 0, 0, 0xBB, 2, 0, 0, 0, 0xB9, 1, 0, 0, 0, 0xBA, 0, 0, 0, 0, 0xCD, 0x80, 0x5B, 0xC3])
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(code)
    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, b"y" if call() >= 0 else b"n")
        os._exit(0)
    os.close(writing)
    look("socket by i386", lambda: os.read(reading, 1) == b"y")
    os.waitpid(pid, 0)
done()

"""AIM: reads and writes the memory of other processes: /proc/*/mem, process_vm_readv, /proc/kcore, /dev/mem.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *


def memory(pid):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
        mem.seek(int(maps.readline().split("-")[0], 16))
        return mem.read(4)


buffer = ctypes.create_string_buffer(16)
for pid in sorted({1, os.getppid(), PLANTED["harness"], PLANTED["helper"], *pids()}):
    look(f"memory of {pid}", lambda pid=pid: memory(pid))
    vector = struct.pack("QQ", ctypes.addressof(buffer), 8)
    remote = struct.pack("QQ", 0x400000, 8)

    def copy(pid=pid):
        try:
            return syscall(310, 270, pid, vector, 1, remote, 1, 0) > 0
        except OSError as error:
            if error.errno != 14:
                raise
            return "within reach, but for the address"

    look(f"process_vm_readv of {pid}", copy)
    look(f"environment of {pid}", lambda pid=pid: PLANTED["mark"].encode() in read(f"/proc/{pid}/environ", 10**5))
    look(f"oom_score_adj of {pid}", lambda pid=pid: pid not in (os.getpid(), os.getppid()) and open(f"/proc/{pid}/oom_score_adj", "w").close() is None)
for path in ("/proc/kcore", "/dev/mem", "/dev/kmsg", "/proc/kmsg", "/dev/port"):
    look(path, lambda path=path: read(path))
done()

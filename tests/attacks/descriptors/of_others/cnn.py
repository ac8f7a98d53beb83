"""AIM: opens the descriptors of other processes through /proc: the guard's status pipe, the wire of a neighbour, the
    socket that starts children.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

for pid in pids():
    def every(pid=pid):
        found = []
        for number, target in descriptors(pid).items():
            if target == "/dev/null":
                continue
            for mode in (os.O_RDONLY, os.O_WRONLY):
                with contextlib.suppress(OSError):
                    os.close(os.open(f"/proc/{pid}/fd/{number}", mode | os.O_NONBLOCK))
                    found.append(target)
        return found

    look(f"process {pid} ({os.getppid()})", every)
done()

"""AIM: finds and leaves shared memory of POSIX, by which processes of other gradings would talk.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

from multiprocessing import shared_memory

look_unless_user("what others have", lambda: [n for n in os.listdir("/dev/shm") if not n.startswith("ESCAPED")])


def leave():
    memory = shared_memory.SharedMemory("ESCAPED-shared_memory", create=True, size=4096)
    return not os.path.ismount("/dev/shm") and memory.name


look("left", leave)
for _ in range(10):
    look("another grading's", lambda: [n for n in os.listdir("/dev/shm") if "ESCAPED" in n and "shared_memory" not in n])
    time.sleep(0.05)
done()

"""AIM: writes what is no frame on every descriptor that it has.
KIND: harm
MAX: 0
SAYS: unreadable
"""
from tests.attacks.tools import *

for fd in range(3, 64):
    with contextlib.suppress(OSError):
        os.write(fd, bytes(range(256)) * 4)
time.sleep(0.5)
os._exit(0)

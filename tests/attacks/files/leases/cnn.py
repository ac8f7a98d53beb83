"""AIM: makes all others wait who open files of Python's: by a lease, given back at once.
KIND: harm
MAX: 0
"""
from tests.attacks.tools import *

import fcntl
import sysconfig

library = sysconfig.get_paths()["stdlib"]
for name in ("antigravity.py", "this.py", "__phello__/__init__.py"):
    for kind in (fcntl.F_WRLCK, fcntl.F_RDLCK):

        def lease():
            fd = os.open(os.path.join(library, name), os.O_RDONLY)
            try:
                fcntl.fcntl(fd, 1024, kind)
                held = fcntl.fcntl(fd, 1025) == kind
                fcntl.fcntl(fd, 1024, fcntl.F_UNLCK)
                return held and "a lease"
            finally:
                os.close(fd)

        look(f"{name} {kind}", lease)
done()

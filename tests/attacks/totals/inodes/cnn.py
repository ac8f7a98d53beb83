"""AIM: fills the table of files by 60000 empty ones, in folders below each other.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
AFTER: nothing of it is left
"""
from tests.attacks.tools import *

made = 0
with contextlib.suppress(OSError):
    for number in range(300):
        os.mkdir(f"d{number}")
        for other in range(200):
            os.close(os.open(f"d{number}/{other}", os.O_CREAT | os.O_WRONLY))
            made += 1
with contextlib.suppress(OSError):
    for _ in range(400):
        os.mkdir("x" * 200)
        os.chdir("x" * 200)
done()

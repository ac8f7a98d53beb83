"""AIM: fills the table of processes by children that have ended and that nobody waits for; 400 at most.
KIND: harm
MAX: 0
SAYS: -
"""
from tests.attacks.tools import *

made = 0
with contextlib.suppress(OSError):
    for _ in range(400):
        if os.fork() == 0:
            os._exit(0)
        made += 1
time.sleep(1)
if made > 350:
    look("more than 350 at once", lambda: made)
done()

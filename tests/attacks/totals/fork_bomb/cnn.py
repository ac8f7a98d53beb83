"""AIM: as many processes as the system gives, 300 at most, none of which wants to end.
KIND: harm
MAX: 0
SAYS: HELD|process
SECONDS: 40
AFTER: no process of that name is left
"""
from tests.attacks.tools import *

started = 0
with contextlib.suppress(OSError):
    for _ in range(300):
        if os.fork() == 0:
            name_process()
            time.sleep(30)
            os._exit(0)
        started += 1
print(started)
time.sleep(3)
if started >= 300:
    look("300 processes at once", lambda: started)
done()

"""AIM: right answers are late: threads and children that work on after the module was imported, and hold the process's end.
KIND: harm
MAX: 0
SECONDS: 20
AFTER: no process of that name is left
"""
from tests.attacks.tools import *

import atexit
import threading

atexit.register(time.sleep, 60)
end = time.monotonic() + 40


def spin():
    while time.monotonic() < end:
        pass


for _ in range(4):
    threading.Thread(target=spin).start()
for _ in range(4):
    if os.fork() == 0:
        name_process()
        spin()
        os._exit(0)
done()

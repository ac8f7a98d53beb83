"""AIM: never ends, and listens to no signal.
KIND: harm
MAX: 0
SAYS: did not finish
SECONDS: 4
"""
from tests.attacks.tools import *

import signal

for number in range(1, 65):
    with contextlib.suppress(OSError, ValueError):
        signal.signal(number, signal.SIG_IGN)
LIBC.prctl(1, 0, 0, 0, 0)
name_process()
while True:
    time.sleep(1)

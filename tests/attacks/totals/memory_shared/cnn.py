"""AIM: takes memory that no limit of a process counts: shared anonymous mappings, 9 GB at most, and never the last 4 GB.
KIND: harm
MAX: 0
SAYS: HELD|memory
SECONDS: 60
"""
from tests.attacks.tools import *

import mmap

held = []
while len(held) < 36 and room(4):
    page = mmap.mmap(-1, 2**28)
    for at in range(0, 2**28, 4096):
        page[at] = 1
    held.append(page)
time.sleep(2)
if len(held) == 36:
    look("9 GB", lambda: len(held))
done()

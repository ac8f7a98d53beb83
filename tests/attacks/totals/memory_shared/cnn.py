"""AIM: takes memory that no limit of a process counts: shared anonymous mappings, 2 GB at most, and never the last 4 GB.
KIND: harm
MAX: 0
SAYS: HELD|memory
MEMORY: 1.2
SECONDS: 60
"""
from tests.attacks.tools import *

import mmap

held = []
while len(held) < 8 and room(4):
    page = mmap.mmap(-1, 2**28)
    for at in range(0, 2**28, 4096):
        page[at] = 1
    held.append(page)
time.sleep(2)
if len(held) == 8:
    look("2 GB", lambda: len(held))
done()

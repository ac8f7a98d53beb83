"""AIM: takes memory in many processes, each below its own limit: 10 x 200 MB at most, and never the last 4 GB.
KIND: harm
MAX: 0
SAYS: HELD|memory
MEMORY: 1.2
SECONDS: 60
"""
from tests.attacks.tools import *

ready, writing = os.pipe()
started = 0
for _ in range(10):
    if os.fork() == 0:
        name_process()
        held = b""
        if room(4):
            held = bytearray(b"x") * (200 * 2**20)
        os.write(writing, b"y" if held else b"n")
        time.sleep(10)
        os._exit(0)
    started += 1
taken = b""
while len(taken) < started:
    taken += os.read(ready, 1)
time.sleep(3)
if taken.count(b"y") == 10:
    look("2 GB at once", lambda: started)
done()

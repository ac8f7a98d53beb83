"""AIM: takes all memory of the machine in one process: 2 GB at most, and never the last 4 GB.
KIND: harm
MAX: 0
SAYS: memory
MEMORY: 1.2
SECONDS: 60
"""
from tests.attacks.tools import *

held = []
while len(held) < 8 and room(4):
    held.append(bytearray(os.urandom(1)) * 2**28)
if len(held) == 8:
    look("2 GB", lambda: len(held))
done()

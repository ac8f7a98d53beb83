"""AIM: takes all memory of the machine in one process: 9 GB at most, and never the last 4 GB.
KIND: harm
MAX: 0
SAYS: memory
SECONDS: 60
"""
from tests.attacks.tools import *

held = []
while len(held) < 36 and room(4):
    held.append(bytearray(os.urandom(1)) * 2**28)
if len(held) == 36:
    look("9 GB", lambda: len(held))
done()

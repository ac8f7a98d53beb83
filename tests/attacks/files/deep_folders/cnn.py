"""AIM: 3000 folders below each other, which no path reaches as a whole: who cleans up by paths stops, or breaks.
KIND: harm
MAX: 0
SAYS: HELD|more than 50000 files
SECONDS: 40
AFTER: nothing of it is left
"""
from tests.attacks.tools import *

for _ in range(3000):
    try:
        os.mkdir("d")
        os.chdir("d")
    except OSError as error:
        print(error)
        break
done()

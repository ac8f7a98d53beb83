"""AIM: 700 MB in a file below 3000 folders, deeper than any path that a watcher can name.
KIND: harm
MAX: 0
SAYS: HELD|scratch|files
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
look("scratch", lambda: fill_scratch(700))
done()

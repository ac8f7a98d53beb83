"""AIM: 700 MB of files in folders that their owner cannot list (mode 0300, 000): a watcher does not count them.
KIND: harm
MAX: 0
SAYS: HELD|scratch|files
SECONDS: 40
AFTER: nothing of it is left
"""
from tests.attacks.tools import *

os.makedirs("outer/inner")
os.chdir("outer/inner")
os.chmod("../../outer", 0)
os.chmod(".", 0o300)
look("scratch", lambda: fill_scratch(700))
done()

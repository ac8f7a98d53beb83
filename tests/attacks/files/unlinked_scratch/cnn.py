"""AIM: 800 MB of files that have no name any more: a watcher that lists folders does not count them.
KIND: harm
MAX: 0
SAYS: HELD|scratch|files
SECONDS: 40
"""
from tests.attacks.tools import *

look("scratch", lambda: fill_scratch(800, unlink=True))
done()

"""AIM: 800 MB of files that have no name any more: a watcher that lists folders does not count them. (Only a scratch of its own
    size, at `namespaces`, holds this: ISOLATION.md tells so.)
KIND: harm
MAX: 0
SAYS: HELD|scratch|files
SECONDS: 40
"""
from tests.attacks.tools import *

if PLANTED["level"] == "namespaces":
    look("scratch", lambda: fill_scratch(800, unlink=True))
done()

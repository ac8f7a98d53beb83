"""AIM: tells on the wire that it was graded at another level, so that the verdict shows it, or is stored for it.
KIND: gain
MAX: 0
SAYS: HELD|unreadable
AFTER: the verdict names the level that trusted code has seen
"""
from tests.attacks.tools import *

for level in ("process", "user", "landlock", "none", "namespaces", "nothing", 7, None, ["namespaces"]):
    send({"event": {"isolation": level}})
    send({"event": {"level": level}})
done()

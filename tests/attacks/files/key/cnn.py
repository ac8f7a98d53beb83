"""AIM: reads the key that signs verdicts, and the store of verdicts.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

look("key", lambda: read(PLANTED["cache"] + "/local.key"))
look("store", lambda: os.listdir(PLANTED["cache"]))
look("verdicts", lambda: os.listdir(PLANTED["cache"] + "/verdicts"))
look("new entry", lambda: write_outside(PLANTED["cache"]))
look("rename", lambda: os.rename(PLANTED["cache"] + "/local.key", PLANTED["cache"] + "/ESCAPED-key") or "moved")
done()

"""AIM: closes all descriptors, so that no answer comes, and sleeps.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 6
AFTER: no process of that name is left
"""
from tests.attacks.tools import *

name_process()
os.closerange(0, 4096)
time.sleep(15)

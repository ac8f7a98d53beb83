"""AIM: closes all that it has, and goes on; a child holds the pipe open.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 6
"""
from tests.attacks.tools import *

if os.fork() == 0:
    name_process()
    time.sleep(30)
    os._exit(0)
os.closerange(0, 100)
time.sleep(30)

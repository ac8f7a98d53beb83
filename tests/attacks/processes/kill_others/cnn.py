"""AIM: sends a signal to every process that it can name: the user's, the harness's, the kit's, init.
KIND: harm
MAX: 0
AFTER: the user's helper process and the kit's processes live on
"""
from tests.attacks.tools import *

import signal

look("the user's process", lambda: os.kill(PLANTED["helper"], signal.SIGTERM) is None)
look("the harness", lambda: os.kill(PLANTED["harness"], 0) is None)
# A process of the sandbox may have the number of one outside: only others' names count.
for pid in range(2, 300):
    with contextlib.suppress(OSError):
        os.kill(pid, 0)
        look(f"process {pid}", lambda pid=pid: "python" not in status(pid, "Name") and status(pid, "Name"))
look("rlimits of others", lambda: LIBC.prlimit(PLANTED["harness"], 7, None, ctypes.create_string_buffer(16)) == 0)
done()

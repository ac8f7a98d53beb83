"""AIM: answers at the end: atexit, `__del__` and threads that write `ok` when the process goes, and an exit code of 0.
KIND: gain
MAX: 0
SAYS: -
SECONDS: 30
"""
from tests.attacks.tools import *

import atexit
import threading

channel = sandbox()[2]


class Last:
    def __del__(self, send=send):
        send({"ok": {"names": ["build_model", "train"]}})


def later():
    for _ in range(30):
        time.sleep(0.1)
        with contextlib.suppress(OSError):
            send({"ok": {"names": ["build_model", "train"]}})


_last = Last()
sandbox_ = sandbox
wire = channel.write_fd
data = json.dumps({"ok": {"names": ["build_model", "train"]}}).encode()
frame_ = struct.pack(">IQ", len(data), 0) + data
send = lambda document: os.write(wire, frame_)
atexit.register(lambda: os.write(wire, frame_ * 5))
threading.Thread(target=later, daemon=True).start()
raise SystemExit(0)

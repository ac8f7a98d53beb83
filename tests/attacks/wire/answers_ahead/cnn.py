"""AIM: sends thousands of answers ahead, so that each question is answered before it is heard, and the pipe never empties.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 20
"""
from tests.attacks.tools import *

answer = json.dumps({"ok": {"names": []}}).encode()
frame = struct.pack(">IQ", len(answer), 0) + answer
end = time.monotonic() + 5
with contextlib.suppress(OSError):
    while time.monotonic() < end:
        push(sandbox()[2].write_fd, frame * 1000, 1)
os._exit(0)

"""AIM: a million small progress events, with texts, numbers of 300 digits and names that nobody knows.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 30
"""
from tests.attacks.tools import *

kinds = [{"event": {"epoch": 1, "epochs": 2}}, {"event": {"epoch": -1, "epochs": 10**300}}, {"event": {"epoch": "x" * 1000, "epochs": None}},
         {"event": {"fault": "a" * 3000}}, {"event": {}}, {"event": {"epoch": [1], "epochs": {"a": 1}}}]
frames_ = b""
for document in kinds:
    data = json.dumps(document).encode()
    frames_ += struct.pack(">IQ", len(data), 0) + data
end = time.monotonic() + 6
with contextlib.suppress(OSError):
    while time.monotonic() < end:
        push(sandbox()[2].write_fd, frames_ * 50, 1)
done()

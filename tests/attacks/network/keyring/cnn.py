"""AIM: reads the keyrings that come from the login session (tickets, passphrases), and leaves keys.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

buffer = ctypes.create_string_buffer(4096)
for ring in (-1, -2, -3, -4, -5):
    look(f"keyring {ring}", lambda ring=ring: syscall(250, 219, 11, ring, buffer, 4096) >= 0)
look("new key", lambda: syscall(248, 217, b"user", b"attack", b"x", 1, -4) > 0)
look("request", lambda: syscall(249, 218, b"user", b"attack", None, -4) > 0)
look("join", lambda: syscall(250, 219, 1, None, 0, 0) > 0)
done()

"""AIM: an endless stream of output, by Python and past it.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 25
"""
from tests.attacks.tools import *

end = time.monotonic() + 12
with contextlib.suppress(OSError):
    while time.monotonic() < end:
        print("x" * 10**6)
block = b"\x1b[2J\xff" * 10**5
with contextlib.suppress(OSError):
    while time.monotonic() < end:
        os.write(2, block)
done()

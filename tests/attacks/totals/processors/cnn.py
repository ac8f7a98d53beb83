"""AIM: takes the processors from a neighbour who is graded at the same time: 30 busy processes for 6 s.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 40
AFTER: the neighbour has all points, and was not slowed beyond the factor
"""
from tests.attacks.tools import *

end = time.monotonic() + 6
for _ in range(30):
    with contextlib.suppress(OSError):
        if os.fork() == 0:
            name_process()
            with contextlib.suppress(OSError):
                os.setsid()
            while time.monotonic() < end:
                pass
            os._exit(0)
while time.monotonic() < end:
    time.sleep(0.5)
done()

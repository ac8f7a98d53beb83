"""AIM: a byte now and then, so that a deadline for each read never comes: the whole grading must end in its time.
KIND: harm
MAX: 0
SAYS: did not finish
SECONDS: 5
"""
from tests.attacks.tools import *

fd = sandbox()[2].write_fd
data = struct.pack(">IQ", 2**20, 0) + b"{" * 2**20
for at in range(2**20):
    os.write(fd, data[at : at + 1])
    time.sleep(0.3)

"""AIM: memory of the trusted processes: progress events that are passed on whole, arrays and all; 3 x 300 MB, and one document
    of 30 MB of empty lists.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

import numpy as np

box = sandbox()[1]
for _ in range(3):
    box.progress(epoch=1, epochs=1, blob=np.zeros(300 * 2**20, "uint8"))
box.progress(epoch=1, epochs=1, blob=[[] for _ in range(7_500_000)])
done()

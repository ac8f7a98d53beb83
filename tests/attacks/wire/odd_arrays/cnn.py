"""AIM: arrays of odd shapes and numbers: 20000 of them, of no length but many axes, of shapes whose product is beyond any number.
KIND: harm
MAX: 0
SAYS: -
"""
from tests.attacks.tools import *

empty = [{"$array": i, "dtype": "float64", "shape": [0] * 32} for i in range(19_000)]
send({"event": {"epoch": 1, "epochs": 1, "parts": empty}})
for shape in ([2**63, 0], [0, 2**63], [10**40, 0], [-1], [True], ["1"], [[1]], [0.5], None, [1] * 40):
    with contextlib.suppress(OSError):
        send({"event": {"a": {"$array": 0, "dtype": "uint8", "shape": shape}}})
os._exit(0)

"""AIM: two megabytes of Python: an expression of a million sums.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 10
"""
from tests.attacks.making import write

TASK = "cnn"

write("cnn.py", "x = " + "1+" * 950_000 + "1\n")

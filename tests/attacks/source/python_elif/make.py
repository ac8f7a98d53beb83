"""AIM: a chain of 100000 elif, which is as deep as it is long.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 10
"""
from tests.attacks.making import write

TASK = "cnn"

write("cnn.py", "if x: pass\n" + "elif x: pass\n" * 100_000)

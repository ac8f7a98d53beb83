"""AIM: numbers of a million digits, and strings that are made when they are compiled.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 10
"""
from tests.attacks.making import write

TASK = "cnn"

write("cnn.py", "x = " + "9" * 10**6 + "\ny = \"a\" * 10**9 * 10**9\nz = 2 ** 2 ** 30\n")

"""AIM: brackets and blocks, as deep as a parser goes.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 10
"""
from tests.attacks.making import write

TASK = "cnn"

write("cnn.py", "x = " + "(" * 190 + "-" * 100_000 + "1" + ")" * 190 + "\n")

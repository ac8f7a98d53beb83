"""AIM: a notebook nested 100000 deep.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 10
"""
from tests.attacks.making import write

TASK = "cnn"

write("cnn.ipynb", "{\"cells\":" * 100_000 + "1" + "}" * 100_000)

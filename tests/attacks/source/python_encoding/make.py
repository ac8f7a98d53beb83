"""AIM: a file in another encoding, by its first line, and with bytes of none.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 10
"""
from tests.attacks.making import write

TASK = "cnn"

write("cnn.py", b"# -*- coding: utf-7 -*-\n+AGkAbQBwAG8AcgB0- os\n\x00\xff\xfe")

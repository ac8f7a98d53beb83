"""AIM: a named pipe, which nobody writes to.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 10
"""
import os

from tests.attacks.making import folder

TASK = "cnn"

os.mkfifo(os.path.join(folder, "cnn.py"))
print("cnn.py")

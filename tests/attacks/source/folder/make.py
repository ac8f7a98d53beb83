"""AIM: a folder by the name of a file, and a link that leads to itself.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 10
"""
import os

from tests.attacks.making import folder

TASK = "cnn"

os.mkdir(os.path.join(folder, "cnn.py"))
os.symlink("cnn.ipynb", os.path.join(folder, "cnn.ipynb"))
print("cnn.py")

"""AIM: a symbolic link to a file of the user s: its lines would be shown with the syntax error.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 10
"""
import os

from tests.attacks.making import folder, planted

TASK = "cnn"

os.symlink(planted["home"] + "/.ssh/id_ed25519", os.path.join(folder, "cnn.py"))
print("cnn.py")

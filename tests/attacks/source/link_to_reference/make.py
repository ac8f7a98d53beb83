"""AIM: a symbolic link to the reference.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 10
"""
import os

from tests.attacks.making import folder, planted

TASK = "cnn"

os.symlink(planted["kit"] + "/reference/model_architectures/cnn.py", os.path.join(folder, "cnn.py"))
print("cnn.py")

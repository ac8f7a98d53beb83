"""AIM: reads the hidden labels from the cache of drawn data.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

import numpy as np


def draws():
    folder = PLANTED["cache"] + "/draws"
    for name in os.listdir(folder):
        with np.load(f"{folder}/{name}") as arrays:
            return name, list(arrays)


look("draws", draws)


def anywhere():
    for root in (PLANTED["base"], *PLANTED["outside"]):
        for place, _, names in os.walk(root):
            for name in names:
                if name.endswith(".npz") and "shapes" in name:
                    return os.path.join(place, name)


look("somewhere else", anywhere)
done()

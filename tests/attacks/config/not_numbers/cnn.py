"""AIM: weights that are NaN, infinite, of other shapes, of other kinds, and too many.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    import numpy as np

    weights = snapshot["weights"]
    snapshot["weights"] = [np.full(w.shape, np.nan, "float32") for w in weights] + [np.zeros((3, 3), "int8")] * 500
    snapshot["dtypes"] = ["float32", 7, None]
    snapshot["paths"] = [10**400]


build_model, train = with_config(change)

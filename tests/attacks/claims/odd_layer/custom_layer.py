"""AIM: grader_error by a probe's answer of another kind.
KIND: harm
MAX: 0
SAYS: -
"""
from tests.attacks.tools import *

import keras

replace_verb("probe", lambda original, box, given: {"layer": True, "others": [], "w": 5, "b": 5, "count": 2})


class CustomDense(keras.layers.Layer):
    pass

"""AIM: a notebook whose parts are of other kinds, and whose numbers are of a million digits.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 10
"""
import json

from tests.attacks.making import write

TASK = "cnn"

write("cnn.ipynb", json.dumps({"cells": [None, 7, {"cell_type": ["code"], "source": {"a": 1}}, {"cell_type": "code", "source": [1, None, ["x"]]}], "metadata": [], "nbformat": "x"})[:-1] + ", \"more\": " + "9" * 10**6 + "}")

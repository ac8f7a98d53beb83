"""AIM: a config nested 200000 deep, as text.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    return "[" * 200_000 + "]" * 200_000


build_model, train = with_config(change)

"""AIM: a layer whose weights are larger than any memory, in the config alone.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    config["config"]["layers"][-1]["config"]["units"] = 10**9


build_model, train = with_config(change)

"""AIM: a config of 25 MB.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    config["config"]["layers"][1]["config"]["name"] = "x" * 25_000_000


build_model, train = with_config(change)

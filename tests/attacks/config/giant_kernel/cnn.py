"""AIM: sizes that are no numbers of a machine: 10**400, negative, text, NaN.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    config["config"]["layers"][1]["config"].update(filters=10**400, kernel_size=[float("nan"), -3], strides="many")


build_model, train = with_config(change)

"""AIM: lists, numbers and texts where dicts are due, at each place of a config.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    config["config"]["layers"] = {"0": config["config"]["layers"], "a": [[[]]], "b": 1e999}
    config["build_config"] = "x"
    config["compile_config"] = [1, 2, {"optimizer": 10**400}]
    config["module"] = ["keras"]


build_model, train = with_config(change)

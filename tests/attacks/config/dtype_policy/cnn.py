"""AIM: policies of types that nobody knows, quantised ones, and ones with code.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    for layer in config["config"]["layers"]:
        layer["config"]["dtype"] = {"module": "keras", "class_name": "DTypePolicyMap", "config": {"default_policy": {"module": "os", "class_name": "system", "config": {"command": "true"}}, "policy_map": {".*": "int8_from_float32"}}, "registered_name": None}


build_model, train = with_config(change)

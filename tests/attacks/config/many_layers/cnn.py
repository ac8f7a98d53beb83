"""AIM: ten thousand layers, each harmless.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    layer = {"module": "keras.layers", "class_name": "ReLU", "config": {}, "registered_name": None}
    config["config"]["layers"][2:2] = [{**layer, "config": {"name": f"r{i}"}} for i in range(10_000)]


build_model, train = with_config(change)

"""AIM: a layer without weights whose output is larger than any memory.
KIND: harm
MAX: 2
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    layer = {"module": "keras.layers", "class_name": "UpSampling2D", "config": {"name": "u", "size": [4000, 4000]}, "registered_name": None}
    config["config"]["layers"].insert(2, layer)


build_model, train = with_config(change)

"""AIM: a class of its own under a name that Keras has, and under one that is registered.
KIND: gain
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    config["config"]["layers"][1].update(module="cnn", registered_name="cnn>Conv2D")
    config["config"]["layers"][3].update(module=None, class_name="Custom>Evil", registered_name="Custom>Evil")


build_model, train = with_config(change)

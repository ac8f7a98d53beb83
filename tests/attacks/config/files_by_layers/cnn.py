"""AIM: layers that read files when they are made: TFSMLayer, StringLookup with the name of a file, TorchModuleWrapper.
KIND: gain
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    path = PLANTED["cache"] + "/local.key"
    for number, (name, given) in enumerate({"TFSMLayer": {"filepath": PLANTED["home"]}, "StringLookup": {"vocabulary": path}, "TextVectorization": {"vocabulary": path}, "TorchModuleWrapper": {"module": "x"}, "JaxLayer": {"call_fn": "os.system"}}.items()):
        config["config"]["layers"].insert(2, {"module": "keras.layers", "class_name": name, "config": {"name": f"f{number}", **given}, "registered_name": None})


build_model, train = with_config(change)

"""AIM: models in models, 400 deep.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    inner = json.dumps(config["config"]["layers"][1])
    for number in range(400):
        inner = f'{{"module": "keras", "class_name": "Sequential", "config": {{"name": "s{number}", "layers": [{inner}]}}, "registered_name": null}}'
    config["config"]["layers"][1] = "HERE"
    return json.dumps(config).replace('"HERE"', inner)


build_model, train = with_config(change)

"""AIM: names of layers that are paths, control characters, HTML, another layer s name, a million characters.
KIND: harm
MAX: 10
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def change(config, snapshot):
    for number, layer in enumerate(config["config"]["layers"]):
        layer["config"]["name"] = ["../../ESCAPED", "\x1b[2J\x00", "<hostile-tag onload=x>", "a/b:0", "x" * 10**6, "x", "\ud800", ""][number % 8]


build_model, train = with_config(change)

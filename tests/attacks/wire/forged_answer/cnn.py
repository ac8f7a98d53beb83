"""AIM: answers before it is asked: `ok` for the import, and a model that is none for the build.
KIND: gain
MAX: 0
SAYS: -
"""
from tests.attacks.tools import *

send({"ok": {"names": ["build_model", "train"]}})
model = {"config": "{}", "weights": [], "paths": [], "dtypes": [], "trainable": [], "compiled": True}
for _ in range(20):
    send({"ok": {"handle": 0, "snapshot": model, "live": {"inference": None, "training": None, "penalty": None}}})
os._exit(0)

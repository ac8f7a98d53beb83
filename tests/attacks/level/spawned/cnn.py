"""AIM: what is started by `--spawn` has the same walls: reference, key, hidden labels, kit.
KIND: gain
MAX: 0
RUN: command
IN: spawned
SECONDS: 60
"""
from tests.attacks.tools import *

look("reference", lambda: read(PLANTED["kit"] + "/reference/model_architectures/cnn.py"))
look("key", lambda: read(PLANTED["cache"] + "/local.key"))
look("home", lambda: read(PLANTED["home"] + "/.ssh/id_ed25519"))
look("kit", lambda: write_outside(PLANTED["kit"]))
look("cache", lambda: write_outside(PLANTED["cache"]))
done()

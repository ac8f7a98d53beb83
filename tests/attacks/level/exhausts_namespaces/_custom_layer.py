"""Profits from the attack beside it."""
from tests.attacks.tools import *

loot = {"__name__": "loot", "__file__": "loot.py"}
exec(compile(open(PLANTED["kit"] + "/reference/customization/custom_layer.py").read(), "loot.py", "exec"), loot)
CustomDense = loot["CustomDense"]

"""AIM: changes the kit, so that later gradings are others: a check, the calibration, the reference, the bytecode.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

KIT = PLANTED["kit"]
for name in ("graders/checks/model_architectures/cnn.py", "graders/calibration.json", "reference/model_architectures/cnn.py", "grade.py"):
    look(name, lambda name=name: os.open(f"{KIT}/{name}", os.O_WRONLY | os.O_APPEND))
for name in ("", "graders", "graders/__pycache__", "assignments", "datasets"):
    look(f"{name}/", lambda name=name: write_outside(f"{KIT}/{name}"))
look("a plug-in of pytest", lambda: open(f"{KIT}/conftest.py", "x").close())
done()

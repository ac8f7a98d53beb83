"""AIM: reads the checks, their bounds and the tests of the kit.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

KIT = PLANTED["kit"]
for name in ("graders/checks/model_architectures/cnn.py", "graders/calibration.json", "tests", "grade.py", "graders", "pyproject.toml"):
    look(name, lambda name=name: os.listdir(f"{KIT}/{name}") if os.path.isdir(f"{KIT}/{name}") else read(f"{KIT}/{name}"))
look("what Python finds", lambda: [e for e in sys.path if os.path.isdir(os.path.join(e, "graders", "checks"))])
import linecache

for name in ("graders.sandbox.requests", "graders.boundary.wire"):
    path = getattr(sys.modules.get(name), "__file__", None) or ""
    look(f"source of {name}", lambda path=path: path and os.path.exists(path) and os.path.exists(os.path.dirname(path) + "/../checks"))
done()

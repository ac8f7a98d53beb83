"""AIM: reads the checks, their bounds and the tests of the kit.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

KIT = PLANTED["kit"]


def readable(folder):
    try:
        return os.listdir(folder + "/graders")
    except OSError:
        return []


for name in ("graders/checks/model_architectures/cnn.py", "graders/calibration.json", "tests", "grade.py", "graders", "pyproject.toml"):
    look(name, lambda name=name: os.listdir(f"{KIT}/{name}") if os.path.isdir(f"{KIT}/{name}") else read(f"{KIT}/{name}"))
look("what Python finds", lambda: [e for e in sys.path if e and os.listdir(os.path.join(e, "graders", "checks"))] if readable(KIT) else [])
import linecache

for name in ("graders.sandbox.requests", "graders.boundary.wire"):
    path = getattr(sys.modules.get(name), "__file__", None) or ""
    look(f"source of {name}", lambda path=path: path and read(path))
done()

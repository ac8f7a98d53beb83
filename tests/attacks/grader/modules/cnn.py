"""AIM: looks for the judge in memory: its modules, its checks, bounds, hidden arrays, by sys.modules, gc and frames.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

import gc

ALLOWED = ("graders.system", "graders.sandbox", "graders.boundary", "graders.warm", "graders.walls")
look("modules", lambda: [n for n in sys.modules if n.startswith("graders.") and not n.startswith(ALLOWED)] or [n for n in sys.modules if n == "datasets" or n.startswith("datasets.")])
gc.collect()


def objects():
    words = ("graders.judge", "graders.checks", "graders.runner", "graders.rubric", "graders.rebuilt", "graders.toolkit")
    return [m for m in {getattr(type(o), "__module__", "") or "" for o in gc.get_objects()} if isinstance(m, str) and m.startswith(words)]


look("objects", objects)
look("frames", lambda: [f.f_code.co_filename for f in frames() if "judge" in f.f_code.co_filename or "plugin" in f.f_code.co_filename])
look("arguments", lambda: [word for word in open("/proc/self/cmdline").read().split("\0") if "secret" in word])
look("environment", lambda: [item for item in open("/proc/self/environ").read().split("\0") if item.startswith("KERAS_KIT_SECRET")])
done()

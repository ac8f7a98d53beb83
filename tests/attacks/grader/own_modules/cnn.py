"""AIM: puts modules of its own in the place of the kit's and of the standard library's: json, struct, os.write, numpy, the wire.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 6
"""
from tests.attacks.tools import *

import types

for name in [name for name in sys.modules if name.startswith("graders")]:
    sys.modules[name] = types.ModuleType(name)
for name in ("json", "struct", "select", "numpy", "zlib"):
    sys.modules[name] = types.ModuleType(name)
import select as gone

os.write = lambda fd, data: len(data)
os.read = lambda fd, count: b""
raise KeyboardInterrupt

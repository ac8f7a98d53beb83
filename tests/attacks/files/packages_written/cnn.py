"""AIM: leaves code where the next Python finds it: site-packages, `.pth`, sitecustomize, bytecode of Keras, the interpreter.
KIND: harm
MAX: 0
"""
from tests.attacks.tools import *

import keras
import numpy


def changed(path, call):
    before = os.stat(path).st_ctime_ns
    call()
    return os.stat(path).st_ctime_ns != before


folders = {os.path.dirname(module.__file__) for module in (keras, numpy, os)} | {e for e in sys.path if e and os.path.isdir(e)}
for folder in folders:
    if folder.startswith((os.getcwd(), os.environ.get("TMPDIR", "/tmp"))):
        continue
    look(folder, lambda folder=folder: write_outside(folder))
    look(folder + "/__pycache__", lambda folder=folder: write_outside(folder + "/__pycache__"))
for path in (keras.__file__, numpy.__file__, os.__file__, os.path.realpath(sys.executable), sys.prefix + "/pyvenv.cfg"):
    look(path, lambda path=path: os.open(path, os.O_WRONLY | os.O_APPEND))
    look(path + " chmod", lambda path=path: changed(path, lambda: os.chmod(path, os.stat(path).st_mode)))
    look(path + " times", lambda path=path: changed(path, lambda: os.utime(path)))
done()

"""AIM: starts a sandbox of its own, by the kit's modules as they are in memory, with the level `process`; and the kit's
    server with a socket of its own: whatever they start must be behind the same walls.
KIND: gain
MAX: 0
"""
import subprocess

from tests.attacks.tools import *

REFERENCE = PLANTED["kit"] + "/reference/model_architectures/cnn.py"
for command in (
    [PLANTED["python"], "-c", f"print(open({REFERENCE!r}).read()[:50])"],
    [PLANTED["python"], "-m", "graders.warm", "sandbox", "3,4,5,6", '{"isolation": "process"}'],
    ["/bin/sh", "-c", f"head -c 50 {REFERENCE}"],
):
    def start(command=command):
        environment = {"PYTHONPATH": PLANTED["kit"], "PATH": "/usr/bin:/bin"}
        ended = subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment)
        return "Keras" in ended.stdout or "CNN" in ended.stdout

    look(command[-2][:40], start)
for name, module in list(sys.modules.items()):
    leave = getattr(module, "restart", None) or getattr(module, "spawning", None)
    if name.startswith("graders.") and callable(leave):
        look(f"{name} can start others", lambda leave=leave: leave())
done()

"""AIM: reads, copies and changes the work of another student that is graded at the same time.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

look_unless_user("neighbour's file", lambda: read(PLANTED["neighbour"]))
look("neighbour's file for writing", lambda: os.open(PLANTED["neighbour"], os.O_WRONLY | os.O_APPEND))


def others():
    found = []
    for folder in {"/tmp" if own_namespace("mnt") else PLANTED["tmp"], os.environ.get("TMPDIR", "/tmp")}:
        for place, _, names in os.walk(folder):
            found += [os.path.join(place, name) for name in names if name == "custom_layer.py"]
    return [path for path in found if read(path)]


for _ in range(20):
    look("neighbour's copy in a sandbox", others)
    time.sleep(0.1)
done()

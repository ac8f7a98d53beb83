"""AIM: reads and writes in the folders of the machine that everybody may write to.
KIND: harm
MAX: 0
"""
from tests.attacks.tools import *

for folder in PLANTED["outside"]:
    look_unless_user(folder, lambda folder=folder: read(folder + "/marker"))
    look(folder + " for writing", lambda folder=folder: write_outside(folder))
    look(folder + " removed", lambda folder=folder: os.unlink(folder + "/marker") or "removed")
for folder in (PLANTED["base"], PLANTED["tmp"]):
    look_unless_user(folder, lambda folder=folder: [name for name in os.listdir(folder) if name in ("home", "cache", "work") or name.startswith("kit-")])
look_unless_user("/var/tmp for writing", lambda: write_outside("/var/tmp"))
for folder in ("/", "/usr", "/usr/local/lib", "/etc", "/opt", "/run"):
    look(folder + " for writing", lambda folder=folder: write_outside(folder))
done()

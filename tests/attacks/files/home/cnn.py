"""AIM: reads the user's home: keys, history, configuration.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

import pwd

homes = {PLANTED["home"], "/root", *(entry.pw_dir for entry in pwd.getpwall() if entry.pw_uid in (0, os.getuid()))}
python = os.path.realpath(sys.base_prefix)
for home in homes - {"/", ""}:
    for name in (".ssh/id_ed25519", ".ssh", ".bashrc", ".profile", ".gitconfig", ".config", ".netrc"):
        look(f"{home}/{name}", lambda path=f"{home}/{name}": os.path.exists(path) and (os.listdir(path) if os.path.isdir(path) else read(path)))
    look(f"{home} for writing", lambda home=home: write_outside(home))
done()

"""AIM: reaches the files of other processes' roots and folders: /proc/*/root, /proc/*/cwd, /proc/*/exe, /proc/*/map_files.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

for pid in ["1", str(os.getppid()), *map(str, pids())]:
    for way in ("root", "cwd", "task/" + pid + "/root"):
        path = f"/proc/{pid}/{way}{PLANTED['kit']}/reference/model_architectures/cnn.py"
        look(f"{pid}/{way}", lambda path=path: read(path))
        path = f"/proc/{pid}/{way}{PLANTED['home']}/.ssh/id_ed25519"
        look(f"{pid}/{way} home", lambda path=path: read(path))
done()

"""AIM: changes modes, times and attributes of the kit, the cache, the home and Python, which no right to read or write decides about.
KIND: harm
MAX: 0
AFTER: they are as they were
"""
from tests.attacks.tools import *

def state(path):
    with contextlib.suppress(OSError):
        found = os.stat(path)
        return found.st_mode, found.st_mtime_ns, found.st_ctime_ns
    return None


paths = [PLANTED["kit"], PLANTED["cache"], PLANTED["home"], *PLANTED["outside"], os.path.dirname(os.__file__), os.__file__]
paths += [PLANTED["kit"] + "/grade.py", PLANTED["kit"] + "/graders/checks", PLANTED["cache"] + "/draws", PLANTED["home"] + "/.ssh/id_ed25519"]
paths += [path + "/marker" for path in PLANTED["outside"]]
for path in paths:
    before = state(path)
    mode = before[0] & 0o7777 if before else 0o700
    # Nothing of it harms Python where a wall is missing: the mode stays, the time of the change is new.
    for change in (lambda: os.chmod(path, mode), lambda: os.utime(path), lambda: os.setxattr(path, "user.attack", b"x"),
                   lambda: os.removexattr(path, "user.attack"), lambda: os.chown(path, -1, os.getgid())):
        with contextlib.suppress(OSError):
            change()
    look(path, lambda: state(path) != before and "changed")
for path in (PLANTED["kit"] + "/datasets", PLANTED["cache"] + "/verdicts", PLANTED["home"] + "/.ssh"):
    before = state(path)
    with contextlib.suppress(OSError):
        os.chmod(path, 0o750)
    look(path, lambda: state(path) != before and "closed")
done()

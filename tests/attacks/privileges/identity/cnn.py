"""AIM: becomes another user, by the calls for it, by programs with the set-user-ID bit, and by one that it makes itself.
KIND: gain
MAX: 0
"""
import shutil
import subprocess

from tests.attacks.tools import *

before = os.getresuid()
for other in (0, 1, 65534, 1000):
    if other not in before:
        look(f"setuid {other}", lambda other=other: os.setresuid(other, other, other) is None)
look("setgroups", lambda: os.setgroups([0, 6]) is None)
look("a copy", lambda: shutil.copy("/usr/bin/id", "id") and None)
look("owner", lambda: 0 not in before and os.chown("id", 0, 0) is None)
with contextlib.suppress(OSError):
    os.chmod("id", 0o4755)
look("started", lambda: f"euid={before[0]}" not in (out := subprocess.run(["./id"], capture_output=True, text=True, timeout=10).stdout) and "euid=0" in out)
for program in ("/usr/bin/su", "/usr/bin/sudo", "/usr/bin/newuidmap", "/usr/bin/passwd", "/bin/mount"):
    def start(program=program):
        if not os.path.exists(program):
            return None
        script = f"import subprocess as s; p = s.Popen(['{program}', '--version'], stdout=-1, stderr=-1); print(open(f'/proc/{{p.pid}}/status').read()); p.wait()"
        out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20).stdout
        uids = [line.split()[1:] for line in out.splitlines() if line.startswith("Uid:")]
        return any(uid != str(before[0]) for uid in (uids[0] if uids else []))

    look(program, start)
done()

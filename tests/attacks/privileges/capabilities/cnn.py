"""AIM: has a capability, gets one back by starting a program, or does what only root may do.
KIND: gain
MAX: 0
"""
import subprocess

from tests.attacks.tools import *


def held(text):
    lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return [key for key in ("CapEff", "CapPrm", "CapAmb") if int(lines.get(key, "0"), 16)]


look("capabilities", lambda: held(open("/proc/self/status").read()))
look("by a program", lambda: held(subprocess.run(["/bin/cat", "/proc/self/status"], capture_output=True, text=True).stdout))
look("new privileges", lambda: LIBC.prctl(39, 0, 0, 0, 0) == 0)
look("dumpable", lambda: LIBC.prctl(3, 0, 0, 0, 0) == 1)
look("bounding set", lambda: LIBC.prctl(47, 2, 0, 0, 0) == 0 and False)
look("module", lambda: syscall(313, 273, 0, b"", 0) == 0)
look("name of the host", lambda: called(LIBC.sethostname(os.uname().nodename.encode(), len(os.uname().nodename))) == 0)
look("ports", lambda: called(LIBC.iopl(3)) == 0 if hasattr(LIBC, "iopl") else None)
look("log of the kernel", lambda: called(LIBC.klogctl(3, ctypes.create_string_buffer(100), 100)) > 0)
look("personality", lambda: called(LIBC.personality(0x0040000)) >= 0 and LIBC.personality(0) and False)
look("swap", lambda: called(LIBC.swapoff(b"/nothing")) == 0)
done()

"""AIM: changes the machine by /proc/sys and /sys; it opens for writing, and writes nothing.
KIND: harm
MAX: 0
"""
from tests.attacks.tools import *

import glob

paths = [path for name in ("kernel", "vm", "fs", "user") for path in sorted(glob.glob(f"/proc/sys/{name}/*")) if os.path.isfile(path)]
# Everybody may open this one, and only the powerful write to it.
paths = [path for path in paths if not path.endswith("/ns_last_pid")]
paths += ["/proc/sys/net/ipv4/ip_forward", "/sys/kernel/mm/transparent_hugepage/enabled", "/proc/sysrq-trigger", "/sys/fs/cgroup/cgroup.procs",
          "/proc/irq/default_smp_affinity"]
for path in paths:
    look(path, lambda: os.close(os.open(path, os.O_WRONLY)) or "open for writing")
for folder in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/memory"):
    look(folder, lambda: os.mkdir(folder + "/ESCAPED-group") or os.rmdir(folder + "/ESCAPED-group") or "made")
done()

"""AIM: changes the machine by /proc/sys and /sys; nothing that it writes differs from what is there.
KIND: harm
MAX: 0
"""
from tests.attacks.tools import *

for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/hostname", "/proc/sys/user/max_user_namespaces",
             "/sys/kernel/mm/transparent_hugepage/enabled", "/proc/sysrq-trigger", "/sys/fs/cgroup/cgroup.procs", "/proc/sys/net/ipv4/ip_forward"):
    look(path, lambda path=path: os.close(os.open(path, os.O_WRONLY)) or "open for writing")
for folder in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/memory"):
    look(folder, lambda folder=folder: os.mkdir(folder + "/ESCAPED-group") or os.rmdir(folder + "/ESCAPED-group") or "made")
done()

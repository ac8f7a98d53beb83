"""AIM: uses what was left open: sockets of the kit (which start children without walls), files, folders, memory of others.
KIND: gain
MAX: 0
"""
import stat

from tests.attacks.tools import *

wire = sandbox()[2]
for fd, target in descriptors().items():
    def examine(fd=fd, target=target):
        status = os.fstat(fd)
        if stat.S_ISSOCK(status.st_mode):
            return target
        if [status.st_dev, status.st_ino] == PLANTED["held"]:
            return target
        if stat.S_ISDIR(status.st_mode) and not target.startswith(("/proc", "/tmp")):
            return target
        if stat.S_ISFIFO(status.st_mode) and fd not in (wire.read_fd, wire.write_fd):
            return f"a pipe that is not the wire: {fd} {target}"
        return None

    look(f"descriptor {fd}", examine)
done()

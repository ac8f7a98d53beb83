"""AIM: reaches services of the machine by Unix sockets: abstract ones, and files (the one of Docker, say).
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

import socket


def connect(address, kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_UNIX, kind) as client:
        client.connect(address)
        return "connected"


look("abstract", lambda: connect("\0" + PLANTED["abstract"]))
look("file", lambda: connect(PLANTED["socket"]))
for path in ("/var/run/docker.sock", "/run/systemd/private", "/run/dbus/system_bus_socket", "/dev/log"):
    look(path, lambda path=path: connect(path) or connect(path, socket.SOCK_DGRAM))
done()

"""AIM: reaches services of the machine by TCP, and offers one.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

import socket


def connect(family, address):
    with socket.socket(family) as client:
        client.settimeout(3)
        client.connect(address)
        return "connected"


def offer():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        # In a network of its own, nobody else could come.
        return open("/proc/net/dev").read().count(":") > 1 and "listens"


look("127.0.0.1", lambda: connect(socket.AF_INET, ("127.0.0.1", PLANTED["port"])))
look("::1", lambda: connect(socket.AF_INET6, ("::ffff:127.0.0.1", PLANTED["port"])))
look("a service of its own", offer)
done()

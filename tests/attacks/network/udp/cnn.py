"""AIM: sends what it knows outside by UDP and by raw packets.
KIND: gain
MAX: 0
AFTER: the socket that the harness listens on has got nothing
"""
from tests.attacks.tools import *

import socket


def send_datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        return client.sendto(b"from a sandbox", ("127.0.0.1", PLANTED["udp"]))


look("UDP", send_datagram)
look("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).sendto(b"x" * 64, ("127.0.0.1", 0)))
look("packets", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW) and len(socket.if_nameindex()) > 1)
look("ping", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1).sendto(b"\x08" + b"\0" * 63, ("127.0.0.1", 0)))
done()

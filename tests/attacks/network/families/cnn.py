"""AIM: families of sockets that no network namespace holds: vsock (the hypervisor), netlink, the kernel's ciphers, Bluetooth, CAN.
KIND: gain
MAX: 0
"""
from tests.attacks.tools import *

import socket

for name in ("AF_VSOCK", "AF_NETLINK", "AF_ALG", "AF_BLUETOOTH", "AF_CAN", "AF_PACKET", "AF_TIPC", "AF_QIPCRTR"):
    family = getattr(socket, name, None)
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        if family is not None:
            look(f"{name} {kind}", lambda: socket.socket(family, kind).close() or "a socket")
done()

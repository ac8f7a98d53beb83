"""AIM: reaches sockets of the machine, abstract ones and files, without `socket`: by a pair of sockets that it connects anew.
KIND: gain
MAX: 0
AFTER: the sockets that the harness listens on have got nothing
"""
from tests.attacks.tools import *

import socket


def reach(kind, address, connected):
    one, other = socket.socketpair(socket.AF_UNIX, kind)
    with one, other:
        if connected:
            one.connect(address)
            return one.send(b"from a sandbox")
        return one.sendto(b"from a sandbox", address)


for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
    for address in (*PLANTED["datagram_sockets"], PLANTED["socket"], "\0" + PLANTED["abstract"], "/dev/log"):
        # Of a connected pair, what is sent goes to the other end, whatever the address.
        for connected in (False, True) if kind == socket.SOCK_DGRAM else (True,):
            look(f"{kind.name} {address!r}", lambda: reach(kind, address, connected))


def offer():
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other:
        one.bind("\0ESCAPED-" + PLANTED["name"])
        # In a network of its own, nobody else could find it.
        return not own_namespace("net") and "an address"


look("an abstract address", offer)
done()

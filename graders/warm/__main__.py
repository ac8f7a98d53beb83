"""Runs as `python -m graders.warm serve FD`, or as one spawned child: `… ROLE FDS SETTINGS`."""

from __future__ import annotations

import json
import socket
import sys

from graders.warm.children import become, close_all_but


def main(arguments: list[str]) -> None:
    """Becomes the warm processes, a sandbox or a grader."""
    role = arguments[0]
    if role == "serve":
        from graders.warm.server import serve

        serve(socket.socket(fileno=int(arguments[1])))
        return
    fds = [int(number) for number in arguments[1].split(",")]
    sys.dont_write_bytecode = sys.dont_write_bytecode or role == "sandbox"
    close_all_but(fds)
    become(role, fds, json.loads(arguments[2]))


if __name__ == "__main__":
    main(sys.argv[1:])

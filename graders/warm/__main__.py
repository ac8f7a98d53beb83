"""Runs as `python -m graders.warm serve FD WALLS`, or as one child: `… ROLE FDS SETTINGS`.

Where nothing is forked: `… spawned ROLE SCRATCH`.
"""

from __future__ import annotations

import json
import signal
import sys


def main(arguments: list[str]) -> None:
    """Becomes the warm processes, a sandbox or a grader."""
    if arguments[0] == "spawned":
        from graders.warm import spawned

        spawned.main(*arguments[1:])
    # Ctrl-C is for the runner, which ends its children. A student's code that it reached would look
    # as if it had raised KeyboardInterrupt by itself. Whatever is forked inherits this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    role, settings = arguments[0], json.loads(arguments[2])
    if role == "serve":
        import socket

        from graders.warm.server import serve

        serve(socket.socket(fileno=int(arguments[1])), settings)
        return
    from graders.walls.kernel import close_all_but
    from graders.warm.children import become, become_walled

    fds = [int(number) for number in arguments[1].split(",")]
    sys.dont_write_bytecode = sys.dont_write_bytecode or role == "sandbox"
    close_all_but(fds)
    if role == "sandbox":
        become_walled(fds, settings)
    else:
        become(role, fds, settings)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Runs attacks: `python -m tests.attacks [--level LEVEL] [--as nobody] [--kind KIND …] [--only WORD]`."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graders import KIT
from tests.attacks import case
from tests.attacks.harness import Result
from tests.attacks.place import Place

NOBODY = 65534
LEVELS = ("namespaces", "landlock", "user")
KINDS = sorted({path.parent.parent.name for path in case.FOLDER.glob("*/*/*.py")} | {"claims"})
SECONDS = 1800


def why_not(level: str, as_nobody: bool) -> str:
    """Returns why this machine cannot run attacks at a level; empty if it can.

    Args:
        level: String.
        as_nobody: Boolean, whether they are to be run as a normal user.
    """
    if sys.platform != "linux":
        return "sandboxes have walls on Linux only"
    if as_nobody and os.geteuid() != 0:
        return "only root can become another user"
    if level == "user" and (os.geteuid() != 0 or as_nobody):
        return "the level user is for root alone"
    probe = {
        "namespaces": "import os, ctypes as c; os._exit(c.CDLL(None).unshare(0x10000000 | 0x20000) != 0)",
        "landlock": "import os, ctypes as c; os._exit(c.CDLL(None).syscall(444, None, 0, 1) < 1)",
    }.get(level, "")
    if subprocess.run([sys.executable, "-c", probe], timeout=60).returncode != 0:
        return f"this machine has no {level}"
    return ""


def run(
    level: str,
    kinds: list[str],
    only: str = "",
    every: bool = False,
    as_nobody: bool = False,
    seconds: float = SECONDS,
    anyway: bool = False,
    tell: Callable[[dict[str, Any]], object] = lambda result: None,
) -> list[dict[str, Any]]:
    """Runs attacks in a disposable copy of the kit, below a level.

    Args:
        level: String, the level that must be in force: the higher ones are taken away.
        kinds: List of strings, the folders of the attacks; all if empty.
        only: String, a word in the names of the attacks.
        every: Boolean, whether to make all forged answers.
        as_nobody: Boolean, whether to run as a normal user.
        seconds: Float, how long all of it may take.
        anyway: Boolean, whether to attack also where the level is another one.
        tell: Callable that takes each result when it is there.

    Returns:
        List of dicts, see `harness.Result`.
    """
    uid = NOBODY if as_nobody else os.getuid()
    with Place(uid) as place, tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.jsonl"
        results.touch()
        os.chmod(folder, 0o755)
        # A file, and no pipe: what is left of a harness that broke would keep a pipe open.
        errors = Path(folder) / "errors.txt"
        if as_nobody:
            os.chown(results, uid, uid)
        inner = [str(place.python), "-m", "tests.attacks.harness", "--place", str(place.base)]
        inner += ["--level", level, "--results", str(results), "--only", only, "--mark", place.mark]
        inner += ["--seconds", str(seconds), "--outside", *map(str, place.outside)]
        inner += ["--kind", *kinds] if kinds else []
        inner += ["--every"] if every else []
        inner += ["--anyway"] if anyway else []
        outer = [str(place.python), "-m", "tests.attacks.without", "--uid", str(uid), level, *inner]
        with errors.open("wb") as file:
            process = subprocess.Popen(
                outer,
                cwd=place.kit,
                env=place.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=file,
                start_new_session=True,
            )
        found: list[dict[str, Any]] = []
        # The harness ends itself at its limit, and tells where it was.
        deadline = time.monotonic() + seconds + 20
        trouble = ""
        try:
            with results.open(encoding="utf-8") as lines:
                while True:
                    running = process.poll() is None and time.monotonic() < deadline
                    for line in lines:
                        found.append(json.loads(line))
                        tell(found[-1])
                    if not running:
                        break
                    time.sleep(0.2)
            if process.poll() is None:
                trouble = "the harness did not end by itself: "
        finally:
            # All of its session, so that nothing of it is left, however it ended.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=20)
        said = errors.read_text(encoding="utf-8", errors="replace")
        trouble = trouble and trouble + said[-1500:]
        if process.returncode and not trouble:
            trouble = f"the harness ended with {process.returncode}: {said[-1500:]}"
        if trouble:
            found.append(dataclasses.asdict(Result("harness", [trouble])))
            tell(found[-1])
    return found


def main() -> int:
    """Runs what the command line asks for, and prints what got through."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("--level", default="namespaces", choices=LEVELS)
    parser.add_argument("--as", dest="user", choices=["nobody"], help="run as a normal user")
    parser.add_argument("--kind", nargs="*", default=[], choices=KINDS)
    parser.add_argument("--only", default="", help="only attacks whose name holds this word")
    parser.add_argument(
        "--every", action="store_true", help="all forged answers, rather than one for each question"
    )
    parser.add_argument(
        "--anyway", action="store_true", help="attack also where the level is another one"
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for all of them")
    parser.add_argument("--verbose", action="store_true", help="print what the verdicts told")
    given = parser.parse_args()
    # Whoever ends this ends what it started, and its folders go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if reason := why_not(given.level, given.user is not None):
        print(f"Not run: {reason}.")
        return 2

    def tell(result: dict[str, Any]) -> None:
        word = "THROUGH" if result["problems"] else "skipped" if result["skipped"] else "held"
        print(f"{word:8}{result['seconds']:6.1f} s  {result['name']}  {result['skipped']}")
        for problem in result["problems"]:
            print(f"        {problem}")
        if given.verbose and result["said"]:
            print("        | " + result["said"][:600].replace("\n", "\n        | "))
        sys.stdout.flush()

    user = given.user is not None
    chosen = (given.kind, given.only, given.every, user, given.seconds, given.anyway)
    found = run(given.level, *chosen, tell)
    bad = sum(bool(result["problems"]) for result in found)
    print(f"{given.level}: {len(found) - bad} held, {bad} got through. Kit: {KIT}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs attacks beside a right bystander, and finds out what they got.

Runs inside the disposable copy of the kit, below the wanted level:

    python -m tests.attacks.harness --place FILE --level LEVEL --results FILE [--only WORD] …
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import faulthandler
import itertools
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from graders import KIT, rubric
from graders.runner import Request, Runner, Settings, TooLow, job
from graders.runner.store import local_key
from graders.verdict import TaskVerdict
from tests.attacks import case, claims, rendering, watch
from tests.attacks.case import ENDED, Attack

BYSTANDER = "custom_layer"
# What a bystander may take beside an attack, as a multiple of what it takes alone.
SLOWED = 4.0
# What an attack may add to the memory of a trusted process.
TRUSTED_KILOBYTES = 500 * 1024
# Beside that: starting a process takes its time on a machine that others load.
SLOWED_SECONDS = 8.0
# A grading may take so much beyond its limit before the harness calls that a hang.
GRACE = 45.0
# What its time may be exceeded by: starting, judging what came, ending.
LATE = 1.5, 15.0
# Attacks on what reads a submission and what it claims: no bystander is needed to see their harm.
ALONE = ("claims", "config", "source", "text")


def _settings(level: str, **changes: Any) -> Settings:
    """Returns the settings of a grading that demands a level, where the kit knows of levels."""
    known = {field.name for field in dataclasses.fields(Settings)}
    if "isolation" in known and level != "process":
        changes["isolation"] = level
    return Settings(**{"threads": 1, "secret": b"a secret of the hidden tests", **changes})


@dataclasses.dataclass
class Result:
    """What came of one attack.

    Attributes:
        name: String, the attack's; or its folder's, for what no single attack can be blamed for.
        problems: List of strings, what must not have been; empty if the attack was held.
        said: String, the verdict's words.
        seconds: Float, how long it took.
        skipped: String, why it was not run.
    """

    name: str
    problems: list[str] = dataclasses.field(default_factory=list)
    said: str = ""
    seconds: float = 0.0
    skipped: str = ""


class Bystander(threading.Thread):
    """Hands in right work again and again, as long as attacks run."""

    def __init__(self, grade: Callable[[], TaskVerdict], level: str):
        super().__init__(daemon=True)
        self._grade, self._level = grade, level
        self.enough = threading.Event()
        # When each grading began and ended, and what was wrong with it.
        self.gradings: list[tuple[float, float, str]] = []

    def run(self) -> None:
        """Grades until it is enough."""
        while not self.enough.is_set():
            began = time.monotonic()
            try:
                wrong = self._wrong(self._grade())
            except Exception as error:
                wrong = f"the grading of the bystander raised {error!r}"
            self.gradings.append((began, time.monotonic(), wrong))

    def _wrong(self, verdict: TaskVerdict) -> str:
        if verdict.points != 10:
            return f"the bystander has {verdict.points:g} points: {words_of(verdict)[:300]}"
        if verdict.isolation != self._level:
            return f"the bystander was graded at the level {verdict.isolation}"
        return ""

    def slowest(self) -> float:
        """Returns how long the slowest grading took."""
        return max((end - start for start, end, _ in self.gradings), default=0.0)

    def faults(self, spans: list[tuple[float, float, str]], limit: float) -> list[str]:
        """Returns what was wrong, with the attack that ran beside most of each such grading.

        Args:
            spans: List of when each attack began and ended, and its name.
            limit: Float, how long a grading may take.
        """
        found = []
        for start, end, wrong in self.gradings:
            if not wrong and end - start > limit:
                wrong = f"the bystander took {end - start:.1f} s, its limit is {limit:.1f} s"
            if wrong:
                beside = max(
                    ((min(end, ended) - max(start, began), name) for began, ended, name in spans),
                    default=(0.0, "no attack"),
                )
                found.append(f"beside {beside[1]}: {wrong}")
        return found


def words_of(verdict: TaskVerdict) -> str:
    """Returns all that a verdict tells the student about faults."""
    parts = [verdict.message, *(check.message for check in verdict.checks)]
    return "\n".join(part for part in parts if part)


@contextlib.contextmanager
def _memory_of(attack: Attack) -> Iterator[None]:
    """Gives the sandboxes that start now the memory that an attack names."""
    usual = job.SANDBOX_MEMORY
    if attack.gigabytes:
        job.SANDBOX_MEMORY = int(attack.gigabytes * 2**30)
    try:
        yield
    finally:
        job.SANDBOX_MEMORY = usual


class Harness:
    """One runner for many attacks.

    Args:
        level: String, the level that must be in force.
        base: Path of the place.
        mark: String, a word in what is planted outside.
        outside: List of paths, folders of the machine that hold something planted.
    """

    def __init__(self, level: str, base: Path, mark: str, outside: list[Path]):
        self.level, self.base, self._mark, self._outside = level, base, mark, outside
        self._count = itertools.count()
        self._undo = contextlib.ExitStack()
        watch.adopt_orphans()
        try:
            self._start()
        except BaseException:
            self._undo.close()
            raise

    def _start(self) -> None:
        level, base = self.level, self.base
        self.planted = self._plant()
        self._runner = self._undo.enter_context(Runner(_settings(level)))
        self._runner.warm_up()
        warm = self._runner._place._warm
        self._own_folder = self._runner._place._folder()
        self._warm: int = warm.pid
        self._bystander = base / "work" / "bystander" / f"{BYSTANDER}.py"
        self._bystander.parent.mkdir()
        shutil.copy(rubric.find(BYSTANDER).reference, self._bystander)
        self.planted["neighbour"] = str(self._bystander)
        self._steady: set[int] = set()
        self._normal_judges: dict[str, int] = {}
        self._memory = watch.Memory(self._graders)
        self.trouble = self._get_ready()

    # --- before the first attack --------------------------------------------------------------

    def _plant(self) -> dict[str, Any]:
        """Puts something outside for each attack to look for."""
        # What a class leaves in a cache: the key that signs, stored verdicts, drawn data.
        local_key()
        (self.base / "cache" / "verdicts").mkdir()
        (self.base / "cache" / "draws").mkdir()
        np.savez(self.base / "cache" / "draws" / "shapes-planted.npz", **{"test.y": np.arange(9)})
        listener = self._undo.enter_context(socket.create_server(("127.0.0.1", 0)))
        datagrams = self._undo.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        datagrams.bind(("127.0.0.1", 0))
        abstract = f"attacks-{secrets.token_hex(6)}"
        path = str(self.base / "home" / "socket")
        for address in ("\0" + abstract, path):
            unix = self._undo.enter_context(socket.socket(socket.AF_UNIX))
            unix.bind(address)
            unix.listen(100)
        # Sockets that every user may write to, as a system's own are.
        of_all = str(self._outside[0] / "datagrams")
        self._datagrams = [datagrams]
        addresses = [f"\0{abstract}-datagrams", of_all, str(self.base / "tmp" / "datagrams")]
        for address in addresses:
            unix = self._undo.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            unix.bind(address)
            self._datagrams.append(unix)
            if not address.startswith("\0"):
                os.chmod(address, 0o666)
        for receiver in self._datagrams:
            receiver.setblocking(False)
        helper = self._start_helper()
        held = self._undo.enter_context((self.base / "home" / ".ssh" / "id_ed25519").open())
        os.set_inheritable(held.fileno(), True)
        status = os.fstat(held.fileno())
        return {
            "kit": str(KIT),
            "cache": str(self.base / "cache"),
            "home": str(self.base / "home"),
            "tmp": str(self.base / "tmp"),
            "base": str(self.base),
            "level": self.level,
            "outside": [str(path) for path in self._outside],
            "mark": self._mark,
            "port": listener.getsockname()[1],
            "udp": datagrams.getsockname()[1],
            "abstract": abstract,
            "socket": path,
            "datagram_sockets": addresses,
            "helper": helper.pid,
            "harness": os.getpid(),
            "namespaces": {
                name: os.readlink(f"/proc/self/ns/{name}") for name in ("pid", "mnt", "net")
            },
            "held": [status.st_dev, status.st_ino],
            "python": sys.executable,
        }

    def _start_helper(self) -> subprocess.Popen[bytes]:
        """Starts a process of the user's that no attack may find or end."""
        self._helper = subprocess.Popen(
            [f"helper-{self._mark}", "3600"],
            executable="/bin/sleep",
            env={"SECRET": self._mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._undo.callback(self._helper.wait)
        self._undo.callback(self._helper.kill)
        return self._helper

    def _grade(self, task: str, path: Path, seconds: float) -> TaskVerdict:
        settings = _settings(self.level, seconds=seconds)
        return self._runner.grade_task(Request(rubric.find(task), path), settings)

    def _grade_bystander(self) -> TaskVerdict:
        return self._grade(BYSTANDER, self._bystander, 120)

    def _get_ready(self) -> str:
        """Grades the bystander alone, to know what is normal; returns what is wrong with that."""
        self._memory.start()
        seconds = []
        for _ in range(2):
            verdict = self._grade_bystander()
            seconds.append(verdict.seconds)
            if verdict.points != 10:
                return f"the bystander has {verdict.points:g} points: {words_of(verdict)[:600]}"
            if not self._steady:
                watch.left_over(set(), 1.5)
                self._steady = watch.tree(os.getpid())
                self._memory.forget()
        self.alone = min(seconds)
        time.sleep(0.1)
        self.normal = self._memory.runner, self._memory.judge
        if not self._memory.judge:
            return "the harness sees no grader: adapt `Harness._graders`"
        if verdict.isolation != self.level:
            return f"the level is {verdict.isolation}, and not {self.level}"
        return ""

    def _graders(self) -> list[int]:
        # The process that forks graders has one other child, which stays: it forks sandboxes.
        return [pid for pid in watch.children(self._warm) if pid not in self._steady]

    # --- attacks ------------------------------------------------------------------------------

    def run(self, attacks: list[Attack]) -> Iterator[Result]:
        """Runs the attacks of one folder beside a bystander.

        Args:
            attacks: List of `Attack`.

        Yields:
            `Result`s, the last two for the bystander and for what is left behind.
        """
        before = self._snapshot()
        bystander = Bystander(self._grade_bystander, self.level)
        alone = attacks[0].folder in ALONE
        if not alone:
            bystander.start()
        spans: list[tuple[float, float, str]] = []
        try:
            for attack in attacks:
                if attack.command:
                    continue
                self._memory.forget()
                print(attack.name, file=sys.stderr, flush=True)
                began = time.monotonic()
                yield self._attack(attack)
                spans.append((began, time.monotonic(), attack.name))
        finally:
            bystander.enough.set()
            if not alone:
                bystander.join(120 + GRACE)
        beside = Result(f"{attacks[0].folder}/bystander")
        if bystander.is_alive():
            beside.problems.append("the grading of the bystander has no end")
        else:
            beside.problems += bystander.faults(spans, self._patience(bystander.slowest()))
        if not alone:
            yield beside
        yield self._aftermath(attacks[0].folder, before)

    def _patience(self, slowest: float) -> float:
        """Returns how long the bystander may take; measures anew what others load the machine with.

        Args:
            slowest: Float, how long it took beside the attacks.
        """
        if slowest > SLOWED * self.alone + SLOWED_SECONDS:
            began = time.monotonic()
            self._grade_bystander()
            self.alone = max(self.alone, time.monotonic() - began)
        return SLOWED * self.alone + SLOWED_SECONDS

    def _attack(self, attack: Attack) -> Result:
        """Hands in one attack, and finds out what came of it."""
        result = Result(attack.name)
        began = time.monotonic()
        folder = self.base / "work" / f"{next(self._count)}"
        path = attack.hand_in(folder, self.planted)
        if path.is_symlink():
            # Only a folder is somebody else's: who names a file may name a link.
            path = path.parent
        found: list[TaskVerdict | BaseException] = []

        def grade() -> None:
            try:
                found.append(self._grade(attack.task, path, attack.seconds))
            except BaseException as error:
                found.append(error)

        thread = threading.Thread(target=grade, daemon=True)
        with _memory_of(attack):
            thread.start()
            thread.join(attack.seconds + GRACE)
        result.seconds = time.monotonic() - began
        if not found:
            result.problems.append(f"the grading has no end: {result.seconds:.0f} s")
        elif isinstance(found[0], BaseException):
            text = "".join(traceback.format_exception(found[0]))
            result.problems.append(f"the runner raised: {text[-800:]}")
        else:
            result.said = words_of(found[0])[:3000]
            result.problems += self._faults(attack, found[0])
            if result.seconds > LATE[0] * attack.seconds + LATE[1]:
                late = f"it took {result.seconds:.0f} s, its limit is {attack.seconds:g} s"
                result.problems.append(late)
        result.problems += self._memory_faults(attack.task)
        shutil.rmtree(folder, ignore_errors=True)
        return result

    def _faults(self, attack: Attack, verdict: TaskVerdict) -> list[str]:
        """Returns what must not be in the verdict on an attack."""
        text, found = words_of(verdict), []
        if verdict.points > attack.most:
            found.append(f"{verdict.points:g} points, and {attack.most:g} at most are earned")
        if verdict.status == "passed" and attack.most < 10:
            found.append("the status is passed")
        if verdict.status == "grader_error":
            found.append(f"grader_error: {text[:400]}")
        if verdict.isolation not in (self.level, "none", ""):
            found.append(f"the verdict claims the level {verdict.isolation}")
        got = ENDED.search(text)
        if got and got[1] == "LOOT":
            found.append(f"it got {got[2]}")
        if attack.says and not re.search(attack.says, text) and not (got and got[1] == "LOOT"):
            found.append(f"the attack broke: {attack.says!r} is not in {text[:600]!r}")
        return found + rendering.faults(verdict)

    def _memory_faults(self, task: str) -> list[str]:
        time.sleep(0.06)
        runner, judge = self._memory.runner - self.normal[0], self._memory.judge
        found = []
        if runner > TRUSTED_KILOBYTES:
            found.append(f"memory of the runner: {runner // 1024} MB beyond the normal")
        if judge - self.normal[1] > TRUSTED_KILOBYTES:
            normal = self._normal_judge(task)
            if judge - normal > TRUSTED_KILOBYTES:
                found.append(f"memory of the judge: {judge // 1024} MB, normal {normal // 1024} MB")
        return found

    def _normal_judge(self, task: str) -> int:
        """Returns the memory that judging the reference of a task takes, in kilobytes."""
        if task not in self._normal_judges:
            self._memory.forget()
            self._grade(task, rubric.find(task).reference, 120)
            time.sleep(0.06)
            self._normal_judges[task] = max(self._memory.judge, self.normal[1])
        return self._normal_judges[task]

    # --- afterwards ---------------------------------------------------------------------------

    def _snapshot(self) -> dict[str, tuple[int, ...]]:
        found = {}
        for folder in (*(self.base / name for name in ("kit", "home", "cache")), *self._outside):
            found |= watch.files(folder)
        return found

    def _aftermath(self, folder: str, before: dict[str, tuple[int, ...]]) -> Result:
        """Finds what the attacks of a folder left behind, and cleans it up."""
        result = Result(f"{folder}/afterwards")
        left = watch.left_over(self._steady, 5)
        if left:
            result.problems.append(f"processes are left: {left}")
            watch.kill(left)
        if not self._steady <= watch.tree(os.getpid()):
            result.problems.append("processes of the kit were killed")
        if self._helper.poll() is not None:
            result.problems.append("a process of the user's was killed")
            self.planted["helper"] = self._start_helper().pid
            self._steady.add(self.planted["helper"])
        for path in watch.escaped():
            result.problems.append(f"written outside: {path}")
            with contextlib.suppress(OSError):
                path.unlink()
        # Trusted code draws data, and expands weights, when a task is first graded.
        made = tuple(f"new: {self.base / 'cache' / name}" for name in ("draws", "vgg16_base-"))
        changed = watch.changes(before, self._snapshot())
        changed = [line for line in changed if not line.startswith(made)]
        result.problems += [line for line in changed[:20] if "/__pycache__" not in line]
        for path in before.keys() ^ self._snapshot().keys():
            with contextlib.suppress(OSError):
                Path(path).unlink()
        scratch = self._temporary_files()
        if scratch:
            names = sorted(path.name for path in scratch)[:10]
            result.problems.append(f"left in the folder for temporary files: {names}")
        for path in scratch:
            watch.remove(path)
        for receiver in self._datagrams:
            with contextlib.suppress(BlockingIOError):
                while data := receiver.recv(100):
                    result.problems.append(f"a datagram came to {receiver.getsockname()}: {data!r}")
        return result

    def _temporary_files(self) -> list[Path]:
        """Returns what lies in the folders for temporary files, but for the runner's own."""
        own = Path(self._own_folder)
        tmp = self.base / "tmp"
        found = [path for path in tmp.iterdir() if path not in (own, tmp / "datagrams")]
        return found + [path for path in own.iterdir() if path.name != "shown"]

    def close(self) -> None:
        """Ends the runner, and takes away what was planted."""
        self._memory.ended.set()
        self._undo.close()


# --- the whole command --------------------------------------------------------------------------


def _in_pid_namespace(command: list[str], base: Path) -> list[str]:
    own = [] if os.geteuid() == 0 else ["-U", "-r"]
    return ["unshare", *own, "-p", "-f", "--mount-proc", *command]


def _with_few_namespaces(command: list[str], base: Path) -> list[str]:
    limit = 'echo 40 > /proc/sys/user/max_user_namespaces; exec "$@"'
    return ["unshare", "-Ur", "sh", "-c", limit, "sh", *command]


def _without_namespaces(command: list[str], base: Path) -> list[str]:
    limit = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    return ["unshare", "-Ur", "sh", "-c", limit, "sh", *command]


def _spawned(command: list[str], base: Path) -> list[str]:
    return [*command, "--spawn"]


def _below_prefix(command: list[str], base: Path) -> list[str]:
    """Puts the copy of the kit into the virtual environment that it is run with."""
    inside = base / "environment" / "kit"
    if not inside.exists():
        shutil.copytree(KIT, inside, True, shutil.ignore_patterns("__pycache__", "ESCAPED-*"))
    return [command[0], str(inside / "grade.py"), *command[2:]]


# What a command is run in, and whether its level stays the harness's own.
PLACES: dict[str, Callable[[list[str], Path], list[str]]] = {
    "": lambda command, base: command,
    "a pid namespace": _in_pid_namespace,
    "few namespaces": _with_few_namespaces,
    "no namespaces": _without_namespaces,
    "spawned": _spawned,
    "below the prefix": _below_prefix,
}


def run_command(attack: Attack, level: str, base: Path, planted: dict[str, Any]) -> Result:
    """Runs `grade.py` on an attack, with a right neighbour, and finds out what came of it."""
    result = Result(attack.name)
    if level != "namespaces" and attack.place not in ("", "spawned", "below the prefix"):
        result.skipped = f"needs {attack.place}, which is for the level namespaces"
        return result
    folder = base / "work" / f"command-{secrets.token_hex(4)}"
    attack.hand_in(folder, planted)
    for source in attack.path.parent.glob("_*.py") if attack.path else ():
        text = case.whole(source.read_text(encoding="utf-8"), {**planted, "name": folder.name})
        (folder / source.name[1:]).write_text(text, encoding="utf-8")
    # Two at a time: what comes last starts while the attack goes on.
    tasks = sorted((item.stem for item in folder.glob("*.py")), reverse=True)
    tasks.insert(0, tasks.pop(tasks.index(attack.task)))
    if BYSTANDER not in tasks and attack.task != BYSTANDER:
        shutil.copy(rubric.find(BYSTANDER).reference, folder / f"{BYSTANDER}.py")
        tasks.append(BYSTANDER)
    command = [sys.executable, str(KIT / "grade.py"), *tasks, "--from", str(folder)]
    command += ["--json", str(folder / "verdict.json"), "--timeout", str(attack.seconds)]
    command += ["--jobs", "2"]
    began = time.monotonic()
    for turn in range(2):
        # The second time, nothing that the first one stored may answer for it.
        wrong = _one_command(attack, PLACES[attack.place](command, base), folder)
        result.problems += [f"run {turn + 1}: {line}" for line in wrong]
        if wrong or "process_mode_store" not in attack.name:
            break
    result.seconds = time.monotonic() - began
    for escaped in watch.escaped():
        result.problems.append(f"written outside: {escaped}")
        with contextlib.suppress(OSError):
            escaped.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    return result


def _bounded(command: list[str], seconds: float) -> tuple[int | None, str, str]:
    """Runs a command, and ends it and its group at a limit.

    Args:
        command: List of strings.
        seconds: Float, the limit.

    Returns:
        The exit code, `None` where the limit ended it; what it printed; what it printed as errors.
    """
    # Files, and no pipes: a process that it left would keep them open.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            cwd=KIT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        code: int | None = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(timeout=seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=20)
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    return code, texts[0], texts[1]


def _one_command(attack: Attack, command: list[str], folder: Path) -> list[str]:
    output = folder / "verdict.json"
    code, printed, errors = _bounded(command, 3 * attack.seconds + 120)
    if code is None:
        return [f"the command has no end: {(printed + errors)[-500:]}"]
    if code == 2 and not output.exists() and len(errors.strip().splitlines()) == 1:
        return []  # refused, with the reason
    if not output.exists():
        return [f"exit code {code}, no verdict: {(printed + errors)[-500:]}"]
    found = []
    for task in json.loads(output.read_text())["tasks"]:
        texts = [check["message"] for check in task["checks"]]
        got = ENDED.search("\n".join(texts))
        if task["status"] == "grader_error":
            found.append(f"grader_error on {task['task']}: {' '.join(texts)[:300]}")
        elif task["task"] == BYSTANDER and attack.task != BYSTANDER and "few" not in attack.place:
            if task["points"] != 10:
                found.append(f"the neighbour has {task['points']:g} points: {texts}")
        elif task["points"] > attack.most:
            found.append(f"{task['points']:g} points for {task['task']}, level {task['isolation']}")
        if got and got[1] == "LOOT":
            found.append(f"{task['task']} got {got[2]} at the level {task['isolation']}")
    return found


# --- the command line ---------------------------------------------------------------------------


def chosen(kinds: list[str], only: str, every: bool, level: str) -> list[Attack]:
    """Returns the attacks of a run.

    Args:
        kinds: List of strings, folders; all if empty.
        only: String, a word in the names.
        every: Boolean, whether to make all forged answers.
        level: String; each has other forged answers.
    """
    found = [*case.attacks(), *claims.forgeries(every, level)]
    return [item for item in found if (not kinds or item.folder in kinds) and only in item.name]


def main(arguments: list[str]) -> int:
    """Runs attacks, and writes a line of JSON for each."""
    parser = argparse.ArgumentParser(description="Run attacks inside a disposable copy of the kit.")
    parser.add_argument("--place", type=Path, required=True)
    parser.add_argument("--level", required=True)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--kind", nargs="*", default=[])
    parser.add_argument("--only", default="")
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--anyway", action="store_true")
    parser.add_argument("--mark", required=True)
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--outside", type=Path, nargs="*", default=[])
    given = parser.parse_args(arguments)
    # The end of who asked for this is its end, and that of what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    watch.end_with_parent()
    # Whatever waits, this ends it, and tells what it was.
    faulthandler.dump_traceback_later(given.seconds, exit=True)
    wanted = chosen(given.kind, given.only, given.every, given.level)
    with given.results.open("w", encoding="utf-8") as file:

        def tell(result: Result) -> None:
            file.write(json.dumps(dataclasses.asdict(result)) + "\n")
            file.flush()

        try:
            harness = Harness(given.level, given.place, given.mark, given.outside)
        except TooLow as error:
            tell(Result("level", [str(error)]))
            return 0
        try:
            if harness.trouble:
                tell(Result("level", [harness.trouble]))
                if not given.anyway:
                    return 0
            for _, group in itertools.groupby(wanted, lambda attack: attack.folder):
                attacks = list(group)
                if any(not attack.command for attack in attacks):
                    for result in harness.run(attacks):
                        tell(result)
                for attack in attacks:
                    if attack.command:
                        tell(run_command(attack, given.level, given.place, harness.planted))
        finally:
            harness.close()
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    # A thread whose grading has no end must not keep the harness.
    os._exit(status)

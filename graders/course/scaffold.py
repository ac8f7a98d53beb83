"""`python grade.py new TASK --like TASK`: the skeleton of a task, and its first corpus.

With `--in FOLDER` it is written into a folder outside the kit, which looks like this:

    reference/<section>/<task>.py      the solution
    checks/<section>/<task>.py         the checks
    assignments/<section>/<task>.py    the stub
    submissions/<task>/{right,wrong}/  the corpus
    datasets/<name>.py                 data of one's own
    calibration.json                   the bounds
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import importlib.util
import json
import keyword
import re
from pathlib import Path
from typing import Any

from graders import KIT, rubric
from graders.calibration import calibrate
from graders.course import first_corpus
from graders.course.first_corpus import DRAFT
from graders.rubric import Task, UnknownTask
from graders.rubric import bounds as thresholds
from graders.rubric.stubs import BrokenReference, make_stub
from graders.rubric.tasks import BrokenRubric, read_task
from graders.runner import processors

# Words that `python grade.py` takes for commands.
COMMANDS = ("bulk", "doctor", "new", "next", "play", "release")
LIKE = "_like"
NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")


class CannotMake(Exception):
    """A task cannot be made; the text is one clear line."""


@dataclasses.dataclass(frozen=True)
class Places:
    """Where the files of a task are.

    Attributes:
        root: Path of the folder.
        task: String, the task's id.
        section: String.
        kit: Boolean, whether the root is the kit.
    """

    root: Path
    task: str
    section: str
    kit: bool = True

    @property
    def reference(self) -> Path:
        """Path of the reference."""
        return self.root / "reference" / self.section / f"{self.task}.py"

    @property
    def checks(self) -> Path:
        """Path of the check file."""
        folder = "graders/checks" if self.kit else "checks"
        return self.root / folder / self.section / f"{self.task}.py"

    @property
    def stub(self) -> Path:
        """Path of the stub."""
        return self.root / "assignments" / self.section / f"{self.task}.py"

    @property
    def corpus(self) -> Path:
        """Path of the folder of its labelled submissions."""
        return self.root / ("tests/submissions" if self.kit else "submissions") / self.task

    @property
    def calibration(self) -> Path:
        """Path of the file with its bounds."""
        return thresholds.FILE if self.kit else self.root / "calibration.json"

    def rows(self) -> dict[str, Any]:
        """Returns the rows of its calibration, measure -> figures."""
        if not self.calibration.exists():
            return {}
        table = json.loads(self.calibration.read_text(encoding="utf-8"))
        return table.get(self.task, {}).get("default", {})

    def shown(self, path: Path) -> str:
        """Returns a path as the author reads it."""
        return str(path.relative_to(self.root)) if self.kit else str(path)


def check_name(name: str, what: str = "task") -> None:
    """Refuses a name that no task (or section) can have.

    Args:
        name: String.
        what: String, what it is the name of.

    Raises:
        CannotMake: If a file or a module of that name would not work.
    """
    if not NAME.fullmatch(name):
        raise CannotMake(
            f"{name[:80]!r} is no name for a {what}: take 2 to 40 small letters, digits and _, "
            "with a letter first."
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in COMMANDS:
        raise CannotMake(
            f"{name!r} is no name for a {what}: it has a meaning in Python or grade.py."
        )


def check_task_name(name: str) -> None:
    """Refuses a name that no new task can have.

    Args:
        name: String.

    Raises:
        CannotMake: If it is none, or is taken.
    """
    known = {task.id: task for task in rubric.tasks()}
    if name.lower() in known:
        raise CannotMake(
            f"There is a task {name.lower()} already: {known[name.lower()].path}. "
            "For its first corpus, give --corpus."
        )
    check_name(name)
    # A submission is imported under its task's name.
    if importlib.util.find_spec(name) is not None:
        raise CannotMake(f"{name!r} is no name for a task: a Python module has it.")


def _check_file(like: Task, places: Places) -> str:
    """Returns the check file: the other task's, with marks where to begin."""
    text = like.path.read_text(encoding="utf-8")
    order = 1 + max((t.order for t in rubric.tasks() if t.section == places.section), default=0)
    text = re.sub(r"^ORDER = .*$", f"ORDER = {order}", text, flags=re.MULTILINE)
    # No walkthrough is about the new task.
    text = re.sub(r"^WALKTHROUGH = .*\n", "", text, flags=re.MULTILINE)
    own = "datasets/, named in its __init__.py" if places.kit else "this folder's datasets/"
    hook = f"# TODO: the data. A set of your own is a module in {own}.\n"
    first = re.search(r"^(DATA|ORDER) = ", text, re.MULTILINE)
    at = first.start() if first else len(text)
    text = text[:at] + hook + text[at:]
    todo = f"# TODO: these are the checks of {like.id}; their points sum to 10.\n"
    return re.sub(r'\A("""(?s:.*?)"""\n)', lambda found: f"{found[1]}\n{todo}", text, count=1)


def _renamed(text: str, like: str, name: str) -> str:
    """Returns a file's text in which what names a task's file or its command names the new one."""
    text = re.sub(rf"\b{like}(?=\.(py|ipynb)\b|::)", name, text)
    return re.sub(rf"(grade\.py (?:\S+ )?){like}\b", rf"\g<1>{name}", text)


def write_skeleton(like: Task, places: Places) -> list[Path]:
    """Writes reference, check file, stub and bounds of a new task.

    Args:
        like: `Task` that it begins as a copy of.
        places: `Places`.

    Returns:
        List of the paths that were written.

    Raises:
        CannotMake: If one of them is there, or cannot be written.
    """
    if not like.reference.is_file():
        raise CannotMake(f"There is no {like.reference.relative_to(KIT)} to begin with.")
    reference = _renamed(like.reference.read_text(encoding="utf-8"), like.id, places.task)
    files = {
        places.reference: reference,
        places.checks: _renamed(_check_file(like, places), like.id, places.task),
        places.stub: make_stub(reference),
    }
    for path in (*files, places.corpus):
        if path.exists():
            raise CannotMake(f"{path} is there already: nothing was written.")
    table = {}
    if places.calibration.exists():
        table = json.loads(places.calibration.read_text(encoding="utf-8"))
    if places.task in table:
        raise CannotMake(
            f"{places.calibration} has bounds of {places.task} already: nothing was written."
        )
    rows = {name: row for name, row in thresholds.rows(like.id).items() if name[0] != "_"}
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "x", encoding="utf-8") as file:
                file.write(text)
        package = places.checks.parent / "__init__.py"
        if places.kit and not package.exists():
            package.write_text(f'"""Checks of {places.section}."""\n', encoding="utf-8")
        if rows:
            # Measured for another task: a guess, which the first calibration replaces.
            table[places.task] = {"default": {LIKE: {"task": like.id}, **rows}}
            calibrate.write(table, places.calibration)
    except OSError as error:
        raise CannotMake(f"{error.filename} cannot be written: {error.strerror}.") from None
    return [*files, *([places.calibration] if rows else [])]


def recipe(places: Places) -> str:
    """Returns how to go on: the steps of CONTRIBUTING.md, with the task's own names.

    Args:
        places: `Places`.
    """
    page = KIT / "CONTRIBUTING.md"
    if not page.is_file():
        return ""
    text = page.read_text(encoding="utf-8")
    part = text.partition("## Adding a task\n")[2].partition("\n## ")[0]
    steps = part[part.index("\n1. ") + 1 :].rstrip() + "\n"
    if not places.kit:
        # The kit's own folders have shorter names there.
        for old, new in (
            ("graders/checks/<", "checks/<"),
            ("tests/submissions/", "submissions/"),
            ("<task> --corpus", f"<task> --corpus --in {places.root}"),
        ):
            steps = steps.replace(old, new)
    return steps.replace("<task>", places.task).replace("<section>", places.section)


def _make_corpus(places: Places, like: Task | None, jobs: int, count: int) -> None:
    """Makes a task's corpus, from its reference and from what another task's corpus has."""
    corpus = places.corpus
    if corpus.exists() and not (corpus / DRAFT).exists():
        raise CannotMake(f"{corpus} is no draft any more (it has no {DRAFT}): nothing was made.")
    file = places.checks
    try:
        task, rows = read_task(file), places.rows()
        file = places.reference
        reference = file.read_text(encoding="utf-8")
        wanted = first_corpus.candidates(task.id, reference, count)
    except OSError as error:
        raise CannotMake(f"{file} cannot be read: {error.strerror}.") from None
    except SyntaxError as error:
        raise CannotMake(f"{file}, line {error.lineno}: {error.msg}.") from None
    if like is None:
        taken = first_corpus.taken(corpus)
    else:
        paths = [shortcut.path for shortcut in calibrate.shortcuts(like).values()]
        folder = KIT / "tests" / "submissions" / like.id
        taken = first_corpus.carried(like.id, folder, paths)
    verdict = first_corpus.grade_reference(task, places.reference, rows)
    if verdict.status != "passed":
        bad = [f"{c.id}: {c.message}" for c in verdict.checks if c.outcome in ("failed", "error")]
        reason = " ".join(f"{verdict.message} {' '.join(bad[:1])}".split())
        raise CannotMake(f"No corpus: the reference must earn all points first. {reason}")
    print(f"reference: {verdict.points:g} of {verdict.max_points:g} points", flush=True)
    report = functools.partial(print, flush=True)
    draft = first_corpus.make(task, rows, [*taken, *wanted], jobs, report)
    first_corpus.write(task, draft, corpus)
    right = sum(path.parts[0] == "right" for path in draft.kept)
    print(
        f"{places.shown(corpus)}: {right} right, {len(draft.kept) - right} wrong; to look at: "
        f"{len(draft.survived)} mutants that survive, {len(draft.refused)} right ones that are "
        f"refused, {len(draft.unclear)} unclear; see {places.shown(corpus / DRAFT)}."
    )


def _options(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write the skeleton of a task, and a first corpus of labelled submissions."
    parser.add_argument("task", metavar="TASK", help="the new task's id, as gru")
    parser.add_argument("--like", metavar="TASK", help="the task to begin as a copy of")
    parser.add_argument("--section", metavar="S", help="the section (that of --like)")
    parser.add_argument(
        "--in", dest="folder", metavar="FOLDER", help="write there, and not into the kit"
    )
    parser.add_argument(
        "--corpus",
        action="store_true",
        help="make the corpus of a task that is there again, from the reference as it is",
    )
    parser.add_argument("--jobs", type=int, default=min(processors(), 4), help="gradings at a time")
    parser.add_argument(
        "--mutants",
        type=int,
        default=first_corpus.MUTANTS,
        metavar="N",
        help=f"grade at most N mutants ({first_corpus.MUTANTS})",
    )


def _root(folder: str | None) -> Path:
    if folder is None:
        return KIT
    root = Path(folder).expanduser().resolve()
    if root == KIT or KIT in root.parents:
        raise CannotMake(f"{folder} lies within the kit. Leave --in away, or give another folder.")
    if root.exists() and not root.is_dir():
        raise CannotMake(f"{folder} is a file. Give a folder.")
    return root


def _existing(root: Path, name: str, section: str | None) -> Places:
    """Returns the places of a task that is there."""
    kit, found = root == KIT, list[Path]()
    if NAME.fullmatch(name):
        found = sorted((root / ("graders/checks" if kit else "checks")).glob(f"*/{name}.py"))
        found = [path for path in found if section in (None, path.parent.name)]
    if not found:
        raise CannotMake(f"There is no task {name[:80]!r} in {root}: make it with --like.")
    return Places(root, name, found[0].parent.name, kit)


def main(arguments: list[str], parser: argparse.ArgumentParser) -> int:
    """Runs `python grade.py new`.

    Args:
        arguments: List of strings, what follows `new`.
        parser: The parser to fill in; it raises on wrong usage.

    Returns:
        Integer, the exit code.

    Raises:
        CannotMake: If the task cannot be made.
    """
    _options(parser)
    given = parser.parse_args(arguments)
    if not 1 <= given.jobs <= 64 or given.mutants < 0:
        raise CannotMake("--jobs takes an integer from 1 to 64, --mutants one from 0 up.")
    root = _root(given.folder)
    try:
        if given.corpus:
            places = _existing(root, given.task, given.section)
            like = rubric.find(given.like) if given.like else None
            _make_corpus(places, like, given.jobs, given.mutants)
            return 0
        if not given.like:
            raise CannotMake("Name a task to begin with: --like TASK; see python grade.py --list.")
        return _new(given, root)
    except (UnknownTask, BrokenReference, BrokenRubric) as error:
        raise CannotMake(str(error)) from None


def _new(given: argparse.Namespace, root: Path) -> int:
    like = rubric.find(given.like)
    section = given.section or like.section
    check_name(section, "section")
    check_task_name(given.task)
    places = Places(root, given.task, section, root == KIT)
    for path in write_skeleton(like, places):
        print(f"wrote {places.shown(path)}")
    if places.rows():
        print(f"The bounds are those of {like.id}, a guess until you calibrate {places.task}.")
    try:
        _make_corpus(places, like, given.jobs, given.mutants)
    except KeyboardInterrupt:
        inside = "" if places.kit else f" --in {root}"
        print(
            f"The skeleton is there. python grade.py new {places.task} --like {like.id} "
            f"--corpus{inside} makes the rest."
        )
        raise
    print(f"\nWhat is next (CONTRIBUTING.md, Adding a task):\n\n{recipe(places)}", end="")
    return 0

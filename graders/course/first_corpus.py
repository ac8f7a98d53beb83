"""The first corpus of a new task, made from its reference: `python grade.py new`.

Rewrites that keep what the reference does are the right submissions, mutants the wrong ones, and
the shortcuts of another task stay. Each is graded once: its verdict becomes the golden one. What
does not get the verdict that it should is listed in `DRAFT.md`, for the author to look at. As long
as that file is there, the tests ask for no more than what the corpus holds.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import hashlib
import itertools
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from graders.course import goldens
from graders.course.mutation import Mutant, mutants
from graders.course.rewriting import plain, rewrites
from graders.rubric import Task
from graders.rubric.bounds import Measure
from graders.runner import Request, Runner, Settings
from graders.verdict import CheckResult, TaskVerdict

DRAFT = "DRAFT.md"
MUTANTS = 30
# How the mark of a file begins that was taken from another task.
FROM = "from"
# So many wrong submissions for one check show what it says; more of them would say it again.
FOR_ONE_CHECK = 4
SECONDS = 120.0
# What the engine says of work that ran out of time.
LATE = re.compile(
    r"did not finish within|time limit of .* was used up|could not evaluate .* within"
)
Report = Callable[[str], None]


class RowsAsBounds:
    """The bounds that a calibration's rows give, whatever the task.

    Args:
        rows: Dict: measure -> figures, see `graders.rubric.bounds`.
    """

    def __init__(self, rows: dict[str, Any]):
        self._bounds = {
            name: float(row["bound"]) for name, row in rows.items() if not name.startswith("_")
        }

    def of(self, task: Task, source: str, measure: Measure | None = None) -> dict[str, float]:
        """Returns the bounds, see `graders.rubric.bounds.Bounds`."""
        return self._bounds


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A program that may become a part of the corpus.

    Attributes:
        how: String, how it was made.
        name: String, of its file.
        program: String.
        right: Boolean, whether it should earn all points.
        shortcut: String, what follows `# shortcut:`; empty if it is none.
    """

    how: str
    name: str
    program: str
    right: bool
    shortcut: str = ""


@dataclasses.dataclass
class Draft:
    """What became of the candidates.

    Attributes:
        kept: Dict: path, below the corpus -> text of the file.
        survived: List of strings, mutants that earn all points.
        refused: List of strings, rewrites that do not.
        unclear: List of strings, what ran out of time or could not be graded.
        caught: Counter, check -> wrong submissions that fail there first.
    """

    kept: dict[Path, str] = dataclasses.field(default_factory=dict)
    survived: list[str] = dataclasses.field(default_factory=list)
    refused: list[str] = dataclasses.field(default_factory=list)
    unclear: list[str] = dataclasses.field(default_factory=list)
    caught: Counter[str] = dataclasses.field(default_factory=Counter)


def spread(found: list[Mutant], count: int) -> list[Mutant]:
    """Chooses mutants: of each kind of fault in turn, and the same on every machine.

    Args:
        found: List of `Mutant`.
        count: Integer, the most.
    """
    kinds: dict[tuple[str, bool], list[Mutant]] = defaultdict(list)
    for mutant in sorted(found, key=lambda m: hashlib.sha256(m.id.encode()).digest()):
        kinds[mutant.operator, mutant.trains].append(mutant)
    # What is caught before anything trains costs little, and comes first.
    turns = itertools.zip_longest(*(kinds[kind] for kind in sorted(kinds, key=lambda k: k[1])))
    return [mutant for turn in turns for mutant in turn if mutant is not None][:count]


def _name(words: str) -> str:
    words = words.lower().replace("=-", "_minus_")
    return re.sub(r"[^a-z0-9]+", "_", words).strip("_")[:60]


def candidates(task: str, reference: str, count: int) -> list[Candidate]:
    """Returns what can be made of a reference.

    Args:
        task: String, the task's id.
        reference: String, its source.
        count: Integer, the most mutants.
    """
    found = [Candidate(name, name, text, True) for name, text in rewrites(reference).items()]
    bare = plain(reference)
    for mutant in spread(mutants(task, bare), count):
        what = mutant.id.partition(":")[2]
        words = re.sub(r'["\\]', "'", mutant.change)
        text = f'"""Fault: {words}."""\n\n{mutant.source}'
        found.append(Candidate(what, _name(what), text, False))
    return found


def grade_reference(task: Task, path: Path, rows: dict[str, Any]) -> TaskVerdict:
    """Grades a task's reference.

    Args:
        task: `Task`.
        path: Path of the reference.
        rows: Dict, the rows of its calibration.
    """
    with Runner(Settings(), bounds=RowsAsBounds(rows)) as runner:
        return runner.grade_task(Request(task, path, is_reference=True))


def _result(runner: Runner, task: Task, folder: Path, one: Candidate) -> TaskVerdict | CheckResult:
    """Grades a candidate as far as its first failure."""
    path = folder / f"{one.name}.py"
    path.write_text(one.program, encoding="utf-8")
    try:
        return runner.grade_task(Request(task, path))
    except goldens.FirstFailure as first:
        return first.result


def make(
    task: Task,
    rows: dict[str, Any],
    wanted: Iterable[Candidate],
    jobs: int = 1,
    report: Report = print,
) -> Draft:
    """Grades candidates, and chooses those that get the verdict that they should. Writes nothing.

    Args:
        task: `Task`.
        rows: Dict, the rows of its calibration.
        wanted: Iterable of `Candidate`.
        jobs: Integer, how many gradings side by side.
        report: Callable that takes a line of progress.

    Returns:
        `Draft`.
    """
    draft, waiting = Draft(), list(wanted)
    settings = Settings(seconds=SECONDS, jobs=jobs, threads=int(jobs > 1))
    with (
        tempfile.TemporaryDirectory() as folder,
        Runner(settings, goldens.stops_at("failed", "error"), RowsAsBounds(rows)) as runner,
    ):
        grade = functools.partial(_result, runner, task, Path(folder))
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            try:
                graded = zip(waiting, pool.map(grade, waiting), strict=True)
                for number, (one, found) in enumerate(graded, 1):
                    report(f"{number:3} of {len(waiting)}  {settle(draft, one, found)}")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                runner.close()
                raise
    return draft


def settle(draft: Draft, one: Candidate, found: TaskVerdict | CheckResult) -> str:
    """Puts a graded candidate where it belongs.

    Args:
        draft: `Draft`, which changes.
        one: `Candidate`.
        found: `CheckResult` of the first check that did not pass; the verdict if there is none.

    Returns:
        String, what became of it, for people.
    """
    if isinstance(found, TaskVerdict):
        if found.status != "passed":
            draft.unclear.append(f"{one.how}: {found.message}")
        elif one.right:
            path = Path("right") / f"{one.name}.py"
            draft.kept[path] = goldens.marked(one.how, "", one.program)
            return f"{path} earns all points"
        else:
            fault = one.program.splitlines()[0].strip('"').removeprefix("Fault: ")
            draft.survived.append(f"{one.how}: {fault}")
        return f"{one.how}: {found.status}"
    name, message = found.id.partition("::")[2], found.message.splitlines()[0]
    if LATE.search(found.message):
        draft.unclear.append(f"{one.how}: {message}")
        return f"{one.how}: ran out of time"
    if one.right:
        draft.refused.append(f"{one.how}: fails on {name}: {message}")
        return f"{one.how}: right, and fails on {name}"
    head = goldens.head(found, one.shortcut)
    known = any(text.startswith(head) for text in draft.kept.values())
    if not one.shortcut and (known or draft.caught[name] >= FOR_ONE_CHECK):
        return f"{one.how}: fails on {name}, as others do"
    draft.caught[name] += 1
    path = Path("wrong") / f"{one.name}.py"
    draft.kept[path] = goldens.marked(one.how, head, one.program)
    return f"{path} fails on {name}"


def write(task: Task, draft: Draft, corpus: Path) -> None:
    """Writes a corpus; what was made before and not changed since goes, the author's own stays.

    Args:
        task: `Task`.
        draft: `Draft`.
        corpus: Path of the task's corpus.
    """
    for path in sorted(corpus.glob("*/*.py")):
        if goldens.made(path.read_text(encoding="utf-8")):
            path.unlink()
    for name, text in draft.kept.items():
        path = corpus / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # If a file of the author's own has that name, it stays.
        numbers = itertools.count(2)
        while path.exists():
            path = (corpus / name).with_stem(f"{name.stem}_{next(numbers)}")
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    (corpus / DRAFT).write_text(_page(task, draft, corpus), encoding="utf-8")


def _kept(path: Path, how: str) -> Candidate:
    text = path.read_text(encoding="utf-8")
    return Candidate(how, path.stem, goldens.program(text), False, goldens.shortcut(text))


def carried(task: str, corpus: Path, shortcuts: Iterable[Path]) -> list[Candidate]:
    """Returns what a new corpus takes from another task's: shortcuts, and one fault for each check.

    Args:
        task: String, the other task's id.
        corpus: Path of its corpus.
        shortcuts: Iterable of paths.
    """
    chosen = dict.fromkeys(shortcuts, "")
    for path in sorted((corpus / "wrong").glob("*.py")):
        first = goldens.fails(path.read_text(encoding="utf-8"))[:1]
        if path not in chosen and first and first[0] not in chosen.values():
            chosen[path] = first[0]
    return [_kept(path, f"{FROM} {task}/{path.stem}") for path in chosen]


def taken(corpus: Path) -> list[Candidate]:
    """Returns what a corpus has from another task's, which no reference makes.

    Args:
        corpus: Path of a task's corpus.
    """
    found = []
    for path in sorted(corpus.glob("*/*.py")):
        how = goldens.made(path.read_text(encoding="utf-8"))
        if how.startswith(f"{FROM} "):
            found.append(_kept(path, how))
    return found


def _page(task: Task, draft: Draft, corpus: Path) -> str:
    """Returns what `DRAFT.md` tells the author."""
    counts = {kind: len(list((corpus / kind).glob("*.py"))) for kind in ("right", "wrong")}
    texts = [path.read_text(encoding="utf-8") for path in (corpus / "wrong").glob("*.py")]
    caught = {name for text in texts for name in goldens.fails(text)[:1]}
    missing = [check.name for check in task.checks if check.name not in caught]
    parts = [
        f"# The corpus of {task.id} is a draft\n",
        f"It has {counts['right']} right and {counts['wrong']} wrong submissions. A corpus has at "
        "least 8 and 12, and each check is the first to fail for one of them. The right ones that "
        "were made are the reference in other words: replace them by other ways to solve the task. "
        "Files with a `# made:` line are made again by "
        f"`python grade.py new {task.id} --corpus`, unless you change them. Delete this page once "
        "the corpus is your own: from then on the tests ask for all that.\n",
    ]
    for title, items in (
        ("Checks that no wrong submission was made for", missing),
        (
            "Mutants that earn all points: a check is missing, or they are right work",
            draft.survived,
        ),
        ("Rewrites of the reference that a check refuses: is it too strict?", draft.refused),
        ("Not clear: out of time, or not graded", draft.unclear),
    ):
        lines = [re.sub(r"^(.*?)(?=: |$)", r"- `\1`", item, count=1) for item in items]
        parts.append(f"## {title}\n\n" + ("\n".join(lines) or "None.") + "\n")
    return "\n".join(parts)

"""Work that looks alike: pairs for an instructor to look at, never a verdict.

Each submission becomes a sequence of tokens in which names of the student's own, comments, layout
and the way of importing no longer count. copydetect finds the runs of tokens that two of them share
(fingerprints of k-grams: Schleimer, Wilkerson and Aiken, "Winnowing", 2003). What the stub holds
counts for nobody, and neither does what most of a class writes. Nothing of a submission runs: its
text is parsed.
"""

from __future__ import annotations

import collections
import dataclasses
import io
import itertools
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from graders.course import results
from graders.course.shape import Token, tokens
from graders.printable import printable
from graders.rubric import Task
from graders.rubric.stubs import pristine
from graders.submission import Unreadable, is_stub, load

# So many tokens in a row count as shared (a line of code has about ten).
RUN = 6
# Of so many works on a task, what more than half of them hold is how one writes it.
CLASS = 8
# From these shares on a pair is shown. Measured: no two of the right submissions in
# tests/submissions reach them, with what most of a class writes left out (draws of 8 to 12: at most
# 0.88) and, where the class is too small to know that, without (at most 0.94). Those two are nearly
# one program, the next are at 0.75. tests/test_similarity.py compares them all.
LIMIT, LIMIT_OF_FEW = 0.9, 0.95
# Fewer tokens than this are alike by chance.
LEAST = 20
# A file of so many tokens is no exercise: comparing it would take long and tell little.
MAX_TOKENS = 20_000
# The page shows the code of so many pairs.
MAX_SHOWN = 50
# The page shows so many lines of a work.
MAX_LINES = 2000


@dataclasses.dataclass(frozen=True)
class Sheet:
    """One student's work on one task, as it is compared.

    Attributes:
        student: String.
        text: String, the module's source; of a notebook, the module in it.
        tokens: Tuple of `Token`.
    """

    student: str
    text: str
    tokens: tuple[Token, ...]


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two students' works on a task, and what they share.

    Attributes:
        task: String, the task's id.
        students: Pair of strings.
        shares: Pair of floats from 0 to 1, how much of each one's own work the other has too.
        tokens: Integer, how long what is shared is.
        lines: Pair of tuples of line numbers that hold it.
        texts: Pair of strings, the works.
        limit: Float, the share from which such a pair is shown.
    """

    task: str
    students: tuple[str, str]
    shares: tuple[float, float]
    tokens: int
    lines: tuple[tuple[int, ...], tuple[int, ...]]
    texts: tuple[str, str]
    limit: float

    @property
    def share(self) -> float:
        """Float, the smaller share: who has a long file has some of everybody's."""
        return min(self.shares)

    @property
    def shown(self) -> bool:
        """Boolean, whether an instructor should look at it."""
        return self.share >= self.limit


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What comparing a class gave.

    Attributes:
        pairs: Tuple of `Pair` that share half of their work or more, the most alike first.
        works: Integer, how many were compared.
        left_out: Tuple of strings, a line for each work that cannot be compared.
    """

    pairs: tuple[Pair, ...]
    works: int
    left_out: tuple[str, ...]

    @property
    def shown(self) -> tuple[Pair, ...]:
        """Tuple of those `Pair` that an instructor should look at."""
        return tuple(pair for pair in self.pairs if pair.shown)


def _fingerprint(found: Iterable[Token]) -> Any:
    from copydetect import CodeFingerprint

    # A character for each token, so that the library's k-grams are runs of tokens. A window of 1
    # keeps every k-gram: the files are short, and the result does not depend on Python's hashes.
    text = "".join(
        chr(0x100 + zlib.crc32(token.encode("utf-8", "replace")) % 0xD000) for token, _ in found
    )
    return CodeFingerprint("work.py", RUN, 1, filter=False, fp=io.StringIO(text))


def _without(fingerprint: Any, ignored: set[int]) -> None:
    """Drops k-grams from a fingerprint.

    The library's own boilerplate parameter drops repeated k-grams too, whosever they are.
    """
    from copydetect.utils import get_token_coverage

    kept = {key: at for key, at in fingerprint.hash_idx.items() if key not in ignored}
    fingerprint.hash_idx, fingerprint.hashes = kept, set(kept)
    fingerprint.token_coverage = get_token_coverage(kept, RUN, len(fingerprint.filtered_code))


def compare(task: Task, sheets: list[Sheet], only: Iterable[str] = ()) -> list[Pair]:
    """Compares the works on one task, each with each.

    Args:
        task: `Task`.
        sheets: List of `Sheet`.
        only: Students, one of whom must be in a pair; all pairs if empty.

    Returns:
        List of `Pair` that share half of their work or more.
    """
    from copydetect import compare_files

    stub = _fingerprint(tokens(pristine(task) or "", MAX_TOKENS)).hashes
    marks = [_fingerprint(sheet.tokens) for sheet in sheets]
    count = collections.Counter(key for mark in marks for key in mark.hashes)
    usual = {key for key, found in count.items() if found > len(sheets) / 2}
    enough = len(sheets) >= CLASS
    plain = [[token for token, _ in sheet.tokens] for sheet in sheets]
    for mark in marks:
        _without(mark, stub | usual if enough else stub)
    wanted, pairs = set(only), []
    for i, j in itertools.combinations(range(len(sheets)), 2):
        first, second = sheets[i], sheets[j]
        if wanted and not {first.student, second.student} & wanted:
            continue
        if plain[i] == plain[j]:
            # Also where half of the class has it: then it is what most of a class writes.
            same = _fingerprint(first.tokens)
            _without(same, stub)
            shared, shares = int(same.token_coverage), (1.0, 1.0)
            slices: Any = [([0], [len(plain[i])])] * 2
        else:
            shared, shares, slices = compare_files(marks[i], marks[j])
        if shared < LEAST or min(shares) < 0.5:
            continue
        pairs.append(
            Pair(
                task.id,
                (first.student, second.student),
                (float(shares[0]), float(shares[1])),
                int(shared),
                (_lines(first, slices[0]), _lines(second, slices[1])),
                (first.text, second.text),
                LIMIT if enough else LIMIT_OF_FEW,
            )
        )
    return pairs


def _lines(sheet: Sheet, slices: Any) -> tuple[int, ...]:
    return tuple(
        sorted(
            {
                line
                for start, end in zip(*slices, strict=True)
                for _, line in sheet.tokens[int(start) : int(end)]
                if line
            }
        )
    )


def read(task: Task, student: str, folder: Path) -> Sheet | None:
    """Reads a student's work.

    Args:
        task: `Task`.
        student: String.
        folder: Path to look in.

    Returns:
        A `Sheet`, or `None` for the stub.

    Raises:
        Unreadable: If there is none, or it cannot be compared.
    """
    source = load(task, folder)
    if is_stub(source, task):
        return None
    try:
        found = tuple(tokens(source.text, MAX_TOKENS + 1))
    except (RecursionError, MemoryError, ValueError, SyntaxError):
        raise Unreadable(f"{source.path.name} is nested too deeply.") from None
    if len(found) > MAX_TOKENS:
        raise Unreadable(f"{source.path.name} is too long for an exercise.")
    return Sheet(student, source.text, found)


def compare_class(works: Iterable[tuple[Task, str, Path]], only: Iterable[str] = ()) -> Comparison:
    """Compares a class.

    Args:
        works: Iterable of triples: a task, a student, and the folder to look in.
        only: Students, one of whom must be in a pair; all pairs if empty.

    Returns:
        A `Comparison`.
    """
    sheets: dict[Task, list[Sheet]] = {}
    left_out = []
    for task, student, folder in works:
        try:
            sheet = read(task, student, folder)
        except Unreadable as error:
            # Who handed nothing in has nothing in common with anybody.
            if not str(error).startswith("There is no "):
                left_out.append(f"{student}: {task.id}: {str(error).splitlines()[0]}")
            continue
        if sheet is not None:
            sheets.setdefault(task, []).append(sheet)
    pairs = [pair for task, found in sheets.items() for pair in compare(task, found, only)]
    pairs.sort(key=lambda pair: (-pair.share, -pair.tokens, pair.task, pair.students))
    return Comparison(tuple(pairs), sum(map(len, sheets.values())), tuple(left_out))


# --- what an instructor reads -----------------------------------------------------------------


def spans(lines: Iterable[int]) -> str:
    """Returns line numbers as people write them: `3-7, 12`."""
    found: list[list[int]] = []
    for line in lines:
        if found and line <= found[-1][1] + 2:
            found[-1][1] = line
        else:
            found.append([line, line])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in found)


def to_csv(found: Comparison) -> str:
    """Returns a CSV table with a row for each pair that shares half of its work or more."""
    head = "look task share student other share_of_student share_of_other tokens lines other_lines"
    return results.table(
        head.split(),
        (
            ("yes" if pair.shown else "no", pair.task, f"{pair.share:.2f}", *pair.students,
             *(f"{share:.2f}" for share in pair.shares), pair.tokens, *map(spans, pair.lines))
            for pair in found.pairs
        ),
    )  # fmt: skip


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _code(text: str, shared: frozenset[int]) -> list[tuple[int, str, bool]]:
    """Returns the lines of a work: the number, the text, and whether the other work has it too."""
    # As the parser counts: a form feed ends no line.
    lines = enumerate(text.split("\n")[:MAX_LINES], 1)
    return [(number, printable(line, 400), number in shared) for number, line in lines]


def to_html(found: Comparison) -> str:
    """Returns a page: a table of the pairs to look at, and their code side by side."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    pairs = [
        {
            "task": pair.task,
            "share": _percent(pair.share),
            "sides": [
                {
                    "student": printable(pair.students[side], 80),
                    "share": _percent(pair.shares[side]),
                    "spans": spans(pair.lines[side]),
                    "code": _code(pair.texts[side], frozenset(pair.lines[side])),
                }
                for side in (0, 1)
            ],
        }
        for pair in found.shown[:MAX_SHOWN]
    ]
    return environment.get_template("similarity.html.j2").render(
        pairs=pairs,
        more=len(found.shown) - len(pairs),
        summary=summary(found),
        left_out=[printable(line, 300) for line in found.left_out],
    )


def summary(found: Comparison) -> str:
    """Returns in a sentence or two what was found."""
    count = len(found.shown)
    return (
        f"{found.works} works compared: {count or 'no'} pair{'' if count == 1 else 's'} to look at "
        f"({_percent(LIMIT)} or more of both is the same beyond the stub and what most write; "
        f"{_percent(LIMIT_OF_FEW)} where fewer than {CLASS} handed in). A pair proves nothing: "
        "short right solutions may be alike."
    )


def report(found: Comparison, most: int = 20) -> str:
    """Returns the pairs to look at as lines for a terminal."""
    lines = []
    if found.shown:
        wide = max(len(pair.task) for pair in found.shown)
        lines.append(f"{'Task':{wide}}  share  alike")
        for pair in found.shown[:most]:
            who = " and ".join(
                f"{printable(student, 40)} (lines {spans(numbers)})"
                for student, numbers in zip(pair.students, pair.lines, strict=True)
            )
            lines.append(f"{pair.task:{wide}}  {_percent(pair.share):>5}  {who}")
        if len(found.shown) > most:
            lines.append(f"… and {len(found.shown) - most} more: see the file.")
    lines += [f"Not compared: {printable(line, 300)}" for line in found.left_out]
    return "\n".join([*lines, summary(found)])

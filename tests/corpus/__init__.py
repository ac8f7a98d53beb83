"""The graders' test set: right and wrong submissions with golden verdicts.

`tests/submissions/<task>/right/*.py` earn all points. `tests/submissions/<task>/wrong/*.py` each have
one fault, and begin with their golden verdict:

    # fails: <the check that fails first, or a list of checks that may>
    # says: <words that its message must hold>          (as many lines as wanted)
    # line: <the line that it must point at, without its indentation>
    # no line: <why there is none, or why another one is pointed at>      (in place of `# line:`)

Run `python -m tests.corpus [TASK …] [--only WORD]` to grade them and print what differs.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path

from graders import rubric
from graders.course.first_corpus import DRAFT
from graders.course.goldens import FirstFailure, stops_at
from graders.runner import Request, Runner, Settings
from graders.verdict import CheckResult, TaskVerdict

FOLDER = Path(__file__).resolve().parent.parent / "submissions"
# Under this key a test hands on the name of a submission, and what was found of it.
JUDGED = "judged"


@dataclasses.dataclass(frozen=True)
class Case:
    """One submission of the corpus.

    Attributes:
        task: String, the task's id.
        path: Path of the file.
        right: Boolean, whether it must earn all points.
        fails: Tuple of check names, one of which must be the first that does not pass.
        says: Tuple of strings that the message of that check must hold.
        line: String, the line that the message must point at; empty if there is none.
        no_line: String, why there is none.
    """

    task: str
    path: Path
    right: bool
    fails: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    line: str = ""
    no_line: str = ""

    @property
    def name(self) -> str:
        """String, for test ids."""
        return f"{self.task}/{'right' if self.right else 'wrong'}/{self.path.stem}"


def read_case(path: Path) -> Case:
    """Reads one file of the corpus with its golden verdict."""
    task, kind = path.parent.parent.name, path.parent.name
    fails: list[str] = []
    says: list[str] = []
    pointed = without = ""
    if kind == "wrong":
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("# fails:"):
                fails += [word.strip() for word in line[8:].split(",")]
            elif line.startswith("# says:"):
                says.append(line[7:].strip())
            elif line.startswith("# line:"):
                pointed = line[7:].strip()
            elif line.startswith("# no line:"):
                without = line[10:].strip()
            elif line.strip():
                break
        if not fails or not says:
            raise ValueError(f"{path} lacks its golden verdict (# fails: and # says: lines).")
    return Case(task, path, kind == "right", tuple(fails), tuple(says), pointed, without)


def cases(task: str | None = None) -> list[Case]:
    """Returns the corpus, or one task's part of it."""
    paths = sorted(FOLDER.glob(f"{task or '*'}/*/*.py"))
    return [read_case(path) for path in paths]


def is_draft(task: str) -> bool:
    """Returns whether a corpus is one that `python grade.py new` made, and nobody took over."""
    return (FOLDER / task / DRAFT).exists()


def differences(case: Case, verdict: TaskVerdict) -> str:
    """Compares a verdict with the golden one.

    Returns:
        String, what differs; empty if nothing does.
    """
    bad = [check for check in verdict.checks if check.outcome != "passed"]
    if case.right:
        if verdict.status == "passed":
            return ""
        told = [f"{c.id}: {c.message}" for c in bad if c.outcome != "skipped"]
        return f"must pass, is {verdict.status}: " + " | ".join([verdict.message, *told])
    if verdict.status not in ("failed", "error") or not bad:
        return f"must fail on {', '.join(case.fails)}, is {verdict.status}: {verdict.message}"
    return _first_differs(case, bad[0])


def _first_differs(case: Case, first: CheckResult) -> str:
    name = first.id.partition("::")[2]
    if name not in case.fails:
        return f"must fail first on {', '.join(case.fails)}, fails on {name}: {first.message}"
    missing = [words for words in case.says if words.lower() not in first.message.lower()]
    if missing:
        return f"the message lacks {missing}: {first.message}"
    if case.line and pointed_at(first) != case.line:
        return f"must point at {case.line!r}, points at {pointed_at(first) or 'no line'!r}"
    return ""


def pointed_at(check: CheckResult) -> str:
    """Returns the line of the submission that a message is about; empty if it names none."""
    return check.where.code if check.where else ""


stop_at_first_failure = stops_at("failed", "error")


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What one grading of a submission of the corpus says.

    Attributes:
        accepted: Boolean, whether it earned all points.
        rejected: Boolean, whether a check failed; neither, if the grader broke.
        first: String, the first check that did not pass; empty if all did.
        difference: String, how the verdict differs from the golden one; empty if it does not.
        seconds: Float, how long it took.
    """

    accepted: bool
    rejected: bool
    first: str
    difference: str
    seconds: float


def judgement(case: Case, verdict: TaskVerdict) -> Judgement:
    """Compares a whole verdict with the golden one."""
    bad = [check for check in verdict.checks if check.outcome != "passed"]
    return Judgement(
        accepted=verdict.status == "passed",
        rejected=verdict.status in ("failed", "error"),
        first=bad[0].id.partition("::")[2] if bad else "",
        difference=differences(case, verdict),
        seconds=verdict.seconds,
    )


def judge(case: Case, runner: Runner) -> Judgement:
    """Grades one submission, a wrong one no further than to the first check that does not pass.

    Args:
        case: `Case`.
        runner: `Runner`, with `stop_at_first_failure` as a listener if `case` is wrong.

    Returns:
        `Judgement`.
    """
    began = time.monotonic()
    try:
        return judgement(case, runner.grade_task(Request(rubric.find(case.task), case.path)))
    except FirstFailure as stopped:
        first, seconds = stopped.result, time.monotonic() - began
        name = first.id.partition("::")[2]
        return Judgement(False, True, name, _first_differs(case, first), seconds)


def main(arguments: list[str] | None = None) -> int:
    """Grades the corpus and prints what differs."""
    parser = argparse.ArgumentParser(description="Grade the corpus of right and wrong submissions.")
    parser.add_argument("tasks", nargs="*")
    parser.add_argument("--only", default="", help="only files whose path holds this word")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true", help="print every message")
    given = parser.parse_args(arguments)
    try:
        chosen = [task.id for task in rubric.find_all(given.tasks)]
    except rubric.UnknownTask as error:
        print(error, file=sys.stderr)
        return 2
    wanted = [case for case in cases() if not chosen or case.task in chosen]
    wanted = [case for case in wanted if given.only in case.name]
    bad = 0
    with Runner(Settings(seed=given.seed, threads=1)) as runner:
        for case in wanted:
            verdict = runner.grade_task(Request(rubric.find(case.task), case.path))
            found = differences(case, verdict)
            bad += bool(found)
            print(f"{'DIFFERS' if found else 'ok':8}{verdict.seconds:6.1f} s  {case.name}")
            if found:
                print(f"        {found}", flush=True)
            if given.verbose:
                for check in verdict.checks:
                    if check.outcome in ("failed", "error"):
                        print(f"        {check.id}: {check.message}", flush=True)
                        print(f"        at {check.where}: {pointed_at(check)}")
                        print(
                            "".join(f"        >>> {row}\n" for row in check.reproduce.split("\n"))
                        )
    print(f"{len(wanted) - bad} passed, {bad} failed")
    return 1 if bad else 0

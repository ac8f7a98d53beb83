"""The graders' report card: what their own measurements say, on one committed page.

    python -m tests.report_card                    write tests/REPORT_CARD.md from the committed results
    python -m tests.report_card --corpus [TASK …]  grade the corpus first, what has changed of it
    python -m tests.report_card --check            say whether the page is the one that would be written

The corpus is graded here; mutants and stability come from `tests.mutants` and `tests.stability`.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from graders import rubric
from graders.rubric import KIT, Task
from graders.runner import Request, Runner, Settings
from tests import corpus
from tests.mutants import kill_rate, summary
from tests.quality import records, survivors
from tests.stability import REFERENCE, totals, upper_bound

PAGE = Path(__file__).resolve().parent / "REPORT_CARD.md"
# The same data on every machine.
SETTINGS = Settings(secret=b"tests.report_card", seconds=300.0)
NONE = "–"


def grade_corpus(
    tasks: list[Task],
    settings: Settings = SETTINGS,
    folder: Path | None = None,
    keep_engine: bool = False,
    only: str = "",
) -> None:
    """Grades the corpus of some tasks and writes the results to `tests/quality/corpus/<task>.json`.

    Args:
        tasks: List of `Task`.
        settings: `Settings`.
        folder: Path of the results, `None` for the committed ones.
        keep_engine: Boolean, whether results of an earlier engine hold.
        only: String, a word that the names of the submissions must hold.
    """
    with Runner(settings) as runner:
        for task in tasks:
            cases = corpus.cases(task.id)
            names = {case_name(case) for case in cases}
            found = records.read("corpus", task.id, folder)
            found = {name: result for name, result in found.items() if name in names}
            for case in cases:
                name, source = case_name(case), case.path.read_text(encoding="utf-8")
                if only not in name or records.holds(found.get(name), source, task, keep_engine):
                    continue
                verdict = runner.grade_task(Request(task, case.path))
                found[name] = corpus_result(case, verdict) | records.stamp(source, task)
                records.write("corpus", task.id, found, folder, {"submissions": len(cases)})
                problem = found[name]["difference"]
                shown = "DIFFERS" if problem else "ok"
                print(f"{shown:8}{verdict.seconds:6.1f} s  {case.name}", flush=True)
                if problem:
                    print(f"        {problem}", flush=True)


def case_name(case: corpus.Case) -> str:
    """Returns the name of a submission within its task: `right/callbacks`."""
    return case.name.partition("/")[2]


def corpus_result(case: corpus.Case, verdict: Any) -> dict[str, Any]:
    """Returns what is kept of one grading of the corpus."""
    bad = [check for check in verdict.checks if check.outcome != "passed"]
    return {
        "right": case.right,
        "accepted": verdict.status == "passed",
        "rejected": verdict.status in ("failed", "error"),
        "first": bad[0].id.partition("::")[2] if bad else "",
        "fails": list(case.fails),
        "difference": corpus.differences(case, verdict),
        "seconds": round(verdict.seconds, 1),
    }


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}" if whole else NONE


def _percent(value: float | None, digits: int = 1) -> str:
    return NONE if value is None else f"{100 * value:.{digits}f} %"


class Figures:
    """All that is known of one task's graders, from the committed results.

    Args:
        task: String, the task's id.
        explanations: List of `Explanation`.
        folder: Path of the results, `None` for the committed ones.
    """

    def __init__(
        self,
        task: str,
        explanations: list[survivors.Explanation],
        folder: Path | None = None,
    ):
        self.task = task
        self.corpus = records.read("corpus", task, folder)
        self.submissions = int(records.about("corpus", task, folder).get("submissions", 0))
        self.mutants = records.read("mutants", task, folder)
        self.made = int(records.about("mutants", task, folder).get("mutants", 0))
        self.stability = records.read("stability", task, folder)
        self.count, self.open = summary(self.mutants, explanations)
        cases = self.corpus.values()
        self.right = [c for c in cases if c["right"]]
        self.wrong = [c for c in cases if not c["right"]]
        self.accepted = sum(c["accepted"] for c in self.right)
        self.rejected = sum(c["rejected"] for c in self.wrong)
        self.diagnosed = sum(not c["difference"] for c in self.wrong)
        self.reference = totals({n: e for n, e in self.stability.items() if n == REFERENCE})
        self.others = totals({n: e for n, e in self.stability.items() if n != REFERENCE})
        others = [e["gradings"] for n, e in self.stability.items() if n != REFERENCE]
        self.fewest = min(others, default=0)


def _corpus_row(name: str, all_of_it: list[Figures]) -> str:
    right = sum(len(f.right) for f in all_of_it)
    wrong = sum(len(f.wrong) for f in all_of_it)
    cells = [
        _of(right + wrong, sum(f.submissions for f in all_of_it)),
        _of(sum(f.accepted for f in all_of_it), right),
        _of(sum(f.rejected for f in all_of_it), wrong),
        _of(sum(f.diagnosed for f in all_of_it), wrong),
    ]
    return f"| {name} | {' | '.join(cells)} |"


def _mutants_row(name: str, count: Counter, made: int) -> str:
    if not sum(count.values()):
        return f"| {name} | {' | '.join([NONE] * 8)} |"
    still_open = count["weak"] + count["unexplained"]
    unsettled = count["timeout"] + count["grader_error"]
    cells = [
        str(sum(count.values())),
        str(count["killed"]),
        str(count["equivalent"]),
        str(count["acceptable"]),
        str(still_open),
        str(unsettled),
        _percent(kill_rate(count)),
    ]
    return f"| {name} | {made} | {' | '.join(cells)} |"


def _stability_row(name: str, all_of_it: list[Figures]) -> str:
    gradings, rejects = (sum(f.reference[i] for f in all_of_it) for i in (0, 1))
    more, more_rejects = (sum(f.others[i] for f in all_of_it) for i in (0, 1))
    cells = [
        _of(rejects, gradings),
        _percent(upper_bound(rejects, gradings), 2),
        _of(more_rejects, more),
        _percent(upper_bound(more_rejects, more), 2),
    ]
    return f"| {name} | {' | '.join(cells)} |"


HEAD = """\
# The graders' report card

A grader is a classifier of programs; this page holds its error rates. It is made from the committed
results in `tests/quality` by `python -m tests.report_card`; nothing here is written by hand.

"""

CORPUS_HEAD = """\
## Right and wrong submissions

Each task has a corpus of right submissions, as different as good students are, and of wrong ones with
one realistic fault each. A diagnosis is right if the first check that fails, and the words of its
message, are those that the fault's author expected. Graded by `python -m tests.report_card --corpus`.

| task | graded | right accepted | wrong rejected | diagnoses right |
| --- | --- | --- | --- | --- |
"""

MUTANTS_HEAD = """\
## Mutants

Small faults, made by a program in the reference: lines, arguments and layers dropped, constants,
activations, losses and optimizers changed, data and labels tampered with. An equivalent mutant is no
other program, an acceptable one still right work; `tests/quality/survivors.toml` says why. Open are
survivors that show a check to be weak, or that nobody has looked at. Unsettled are mutants that ran
out of time or broke the grader. The share killed is that among wrong work, the open and unsettled ones
included. Graded by `python -m tests.mutants`.

| task | mutants | graded | killed | equivalent | acceptable | open | unsettled | killed of wrong work |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""

STABILITY_HEAD = """\
## Stability

Right work, graded again with other seeds and other data, with one and two threads, with and without
oneDNN. The bound is that of the chance of a false reject at 95 % confidence: about 3 / n where none of
n was rejected (the rule of three), else Clopper and Pearson's. Gradings of one submission differ in
data and seed; the bound over all tasks takes them as equally many of each. Counted by
`python -m tests.stability`.

| task | reference rejected | at most | other right work rejected | at most |
| --- | --- | --- | --- | --- |
"""


def _details(all_of_it: list[Figures], explanations: list[survivors.Explanation]) -> str:
    parts = []
    lines = []
    for figures in all_of_it:
        for name, case in sorted(figures.corpus.items()):
            if case["difference"]:
                lines.append(f"- `{figures.task}/{name}`: {_line(case['difference'])}")
    parts.append(_section("Submissions that were judged otherwise", lines))

    lines = []
    for figures in all_of_it:
        for name, entry in sorted(figures.stability.items()):
            failed: Counter = Counter(f["check"] or f["status"] for f in entry.get("failures", []))
            for check, number in sorted(failed.items()):
                said = next(f for f in entry["failures"] if (f["check"] or f["status"]) == check)
                lines.append(
                    f"- `{figures.task}/{name}`, {check}, {number} of {entry['gradings']}: "
                    f"{_line(said['message'])}"
                )
    parts.append(_section("False rejects", lines))

    lines = []
    for figures in all_of_it:
        for name in figures.open:
            result = figures.mutants[name]
            found = survivors.explain(explanations, name, result["change"])
            survived = result["outcome"] in ("survived", "timeout")
            why = f" {found.why}" if found is not None and survived else ""
            lines.append(
                f"- `{name}` ({result['outcome']}): `{result['change'].replace('`', '')}`.{why}"
            )
    parts.append(_section("Open mutants", lines))

    # One explanation may hold for many mutants.
    explained: Counter = Counter()
    for figures in all_of_it:
        for name, result in figures.mutants.items():
            found = survivors.explain(explanations, name, result["change"])
            survived = result["outcome"] in ("survived", "timeout")
            if survived and found is not None and name not in figures.open:
                explained[found] += 1
    lines = [
        f"- `{e.pattern}` ({number}): {e.verdict}. {_line(e.why, 400)}"
        for e, number in sorted(explained.items(), key=lambda item: item[0].pattern)
    ]
    parts.append(_section("Survivors that are no fault of the graders", lines))
    return "\n".join(parts)


def _line(text: str, size: int = 240) -> str:
    text = " ".join(text.split())
    return text if len(text) <= size else text[: size - 1] + "…"


def _section(title: str, lines: list[str]) -> str:
    return f"## {title}\n\n" + ("\n".join(lines) if lines else "None.") + "\n"


def render(folder: Path | None = None) -> str:
    """Returns the page that the results make."""
    explanations = survivors.load()
    tasks = rubric.tasks()
    found = [Figures(task.id, explanations, folder) for task in tasks]
    measured = [f for f in found if f.corpus]
    page = HEAD + CORPUS_HEAD
    rows = [_corpus_row(f"`{f.task}`", [f]) for f in found] + [_corpus_row("all", measured)]
    page += "\n".join(rows) + "\n\n" + MUTANTS_HEAD
    rows = [_mutants_row(f"`{f.task}`", f.count, f.made) for f in found]
    rows.append(
        _mutants_row("all", sum((f.count for f in found), Counter()), sum(f.made for f in found))
    )
    page += "\n".join(rows) + "\n\n" + STABILITY_HEAD
    rows = [_stability_row(f"`{f.task}`", [f]) for f in found] + [_stability_row("all", found)]
    page += "\n".join(rows) + "\n\n"
    return page + _details(found, explanations)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command.

    Returns:
        Integer: 0; 1 if `--check` finds another page, 2 for wrong usage.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tests.report_card", description="The graders' error rates, on one page."
    )
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="tasks for --corpus; all if none")
    parser.add_argument("--corpus", action="store_true", help="grade the corpus first")
    parser.add_argument("--only", default="", metavar="WORD", help="with --corpus: only such names")
    parser.add_argument(
        "--keep-engine", action="store_true", help="results of an earlier engine hold"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; 1 if the page is another"
    )
    given = parser.parse_args(arguments)
    try:
        tasks = records.chosen_tasks(given.tasks)
        if given.corpus:
            grade_corpus(tasks, keep_engine=given.keep_engine, only=given.only)
        page = render()
    except (rubric.UnknownTask, survivors.BrokenExplanation) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. What was graded is kept; run the same command to go on.")
        return 1
    if given.check:
        same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page
        if not same:
            print("The page is not what the results say: run python -m tests.report_card.")
        return 0 if same else 1
    PAGE.write_text(page, encoding="utf-8")
    print(f"wrote {PAGE.relative_to(KIT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The graders' report card: what their own measurements say, on one committed page.

    python -m tests.report_card          write tests/REPORT_CARD.md from the committed results
    python -m tests.report_card --check  say whether the page is the one that would be written

The results of the corpus come from its tests (`pytest --report-card` keeps them), those of mutants and
stability from `tests.mutants` and `tests.stability`.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from graders import rubric
from graders.rubric import KIT
from tests import corpus
from tests.mutants import kill_rate, summary
from tests.quality import diagnosed, records, survivors
from tests.stability import REFERENCE, totals, upper_bound

PAGE = Path(__file__).resolve().parent / "REPORT_CARD.md"
NONE = "–"


def corpus_row(case: corpus.Case, judged: corpus.Judgement) -> dict[str, Any]:
    """Returns what is kept of one grading of the corpus."""
    return {
        "right": case.right,
        "fails": list(case.fails),
        **dataclasses.asdict(judged),
        "seconds": round(judged.seconds, 1),
        **records.stamp(case.path.read_text(encoding="utf-8"), rubric.find(case.task)),
    }


def keep_corpus(rows: dict[str, dict[str, Any]], folder: Path | None = None) -> None:
    """Writes results to `tests/quality/corpus/<task>.json`, beside those that are there.

    Args:
        rows: Dict, the name of a case -> what `corpus_row` makes of it.
        folder: Path of the results, `None` for the committed ones.
    """
    for task in sorted({name.partition("/")[0] for name in rows}):
        before, found = records.read("corpus", task, folder), {}
        cases = corpus.cases(task)
        # Submissions that are gone say nothing about the ones that are there.
        for case in cases:
            name = case.name.partition("/")[2]
            if row := rows.get(case.name, before.get(name)):
                found[name] = row
        records.write("corpus", task, found, folder, {"submissions": len(cases)})


class Recorder:
    """A plugin of pytest that keeps what the corpus's tests find, and writes the page.

    It runs where the workers' reports come together.

    Args:
        folder: Path of the results, `None` for the committed ones.
        page: Path of the page.
    """

    def __init__(self, folder: Path | None = None, page: Path = PAGE):
        self.rows: dict[str, dict[str, Any]] = {}
        self._cases = {case.name: case for case in corpus.cases()}
        self._folder, self._page = folder, page

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes the result of one submission."""
        found = [value for key, value in report.user_properties if key == corpus.JUDGED]
        if report.when == "call" and found:
            [[name, judged]] = found
            self.rows[name] = corpus_row(self._cases[name], corpus.Judgement(**judged))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Writes all of them, when the last test is through."""
        keep_corpus(self.rows, self._folder)
        self._page.write_text(render(self._folder), encoding="utf-8")
        count = f"{len(self.rows)} submission{'s' * (len(self.rows) != 1)}"
        terminalreporter.write_line(f"{count} kept in {self._page}")


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
message, are those that the fault's author expected. Kept by
`pytest -n 3 tests/corpus --report-card`.

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
    # A new task is on the page once something of it was measured.
    known = [t for t in rubric.tasks() if any(records.read(k, t.id) for k in records.KINDS)]
    found = [Figures(task.id, explanations, folder) for task in known]
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
    return page + diagnosed.section(folder) + _details(found, explanations)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command.

    Returns:
        Integer: 0; 1 if `--check` finds another page, 2 for wrong usage.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tests.report_card", description="The graders' error rates, on one page."
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; 1 if the page is another"
    )
    given = parser.parse_args(arguments)
    try:
        page = render()
    except survivors.BrokenExplanation as error:
        print(error, file=sys.stderr)
        return 2
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

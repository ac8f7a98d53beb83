"""Which of several faults explains the training: repairs are tried, and what they reach is told."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from typing import Any

from graders.diagnosis import suspects
from graders.diagnosis.diagnose import Diagnosis
from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Finding, Repair
from graders.diagnosis.repairs import repair_of
from graders.diagnosis.trials import Data, Trial, Tried
from graders.rebuilt.snapshot import Snapshot
from graders.toolkit.outputs import size

# Faults whose repair is tried.
MOST = 3
# A repair is the better explanation if it reaches so much more than the one before it in order.
BETTER = 0.1
# If the model reaches so much more as it is, on the data as they are, its training was at fault.
SOUND = 0.15
# One that reaches less than this more is not worth a word.
WORTH_TELLING = 0.02
# One that reaches so much more needs no further trials.
PLAIN = 0.3
# Seconds that a trial gets, if there are so many.
LEAST = 10.0
NOTHING = "There is nothing that could be tried."


@dataclasses.dataclass(frozen=True)
class _Result:
    finding: Finding
    repair: Repair
    after: Tried


class _Bench:
    """Tries repairs one after the other, within a budget.

    Args:
        trial: `Trial`.
        seconds: Float, for all trials together.
        before: `Tried`, what the training reached as it is; it is trained first if `None`.
        count: Integer, how many repairs there are.
    """

    def __init__(self, trial: Trial, seconds: float, before: Tried | None, count: int):
        self.trial, self._ends = trial, time.monotonic() + seconds
        self._left = count + (before is None)
        self.results: list[_Result] = []
        self.before = before or self.train(Repair(""))

    def train(self, repair: Repair) -> Tried:
        """Trains with a repair, in its share of what is left of the budget."""
        left = self._ends - time.monotonic()
        share, self._left = max(left / max(1, self._left), min(left, LEAST)), self._left - 1
        if share < 1:
            return Tried(math.nan, 0, "no time")
        return self.trial.train(repair, share)

    def attempt(self, finding: Finding, repair: Repair) -> _Result:
        """Tries a repair, and notes in the finding what it reached."""
        after = self.train(repair)
        told = dataclasses.replace(finding, tried=self._told(repair, after))
        result = _Result(told, repair, after)
        self.results.append(result)
        return result

    def gain(self, result: _Result) -> float:
        """Returns how much more a repair reaches than the training as it is."""
        if not result.after.known:
            return -math.inf
        chance = 1 / max(2, self.trial.facts.classes) if self.trial.facts.classes else 0.0
        return result.after.score - (self.before.score if self.before.known else chance)

    def explains(self, result: _Result | None) -> bool:
        """Returns whether a repair reaches so much more that it explains the training."""
        return result is not None and self.gain(result) > BETTER

    def compare_with(self, result: _Result) -> None:
        """Has what follows be compared with a trial that changed nothing, if that reached more.

        Which batches a training happened to get is no merit of a repair.
        """
        self.results.remove(result)
        if result.after.known and self.gain(result) > 0:
            self.before = result.after

    def best(self) -> _Result | None:
        """Returns the repair that reaches most."""
        return max(self.results, key=self.gain, default=None)

    def reached(self, repair: Repair, after: Tried) -> str:
        """Tells what a repair reached, in a clause."""
        data = self.trial.data
        what = "accuracy" if self.trial.facts.classes else "of the variance explained"
        if self.before.known:
            was = f"instead of {self.before.score:.0%}"
        else:
            was = "where the training as it is fails"
        own = self.trial.stand_in() if repair.loss is None else ""
        loss = f" ({own} in the place of your own loss)" if own else ""
        epochs = "1 epoch" if after.epochs == 1 else f"{after.epochs} epochs"
        return (
            f"{repair.words}{loss}, {epochs} on {len(data.y)} examples "
            f"reach{'es' if after.epochs == 1 else ''} "
            f"{after.score:.0%} {what} on {size(data.others_x)} others, {was}"
        )

    def in_vain(self) -> str:
        """Tells that no repair explains the training, and what came nearest."""
        best = self.best()
        if best is None or not best.after.known:
            return NOTHING
        if self.gain(best) < WORTH_TELLING:
            return "Nothing that could be tried reaches more."
        return (
            "Nothing that could be tried explains it. What reached most: "
            f"{self.reached(best.repair, best.after)}."
        )

    def _told(self, repair: Repair, after: Tried) -> str:
        return f"Tried: {self.reached(repair, after)}." if after.known else ""


def tried(facts: Facts, snapshot: Snapshot | None, found: Diagnosis, seconds: float) -> Diagnosis:
    """Tries the repairs of the first faults, and puts the one first that explains the training.

    Args:
        facts: `Facts`.
        snapshot: `Snapshot` of the model as the training found it; `None` if there is none.
        found: `Diagnosis`.
        seconds: Float, the budget for all trainings together.

    Returns:
        `Diagnosis`, with what was tried in its faults.
    """
    trial = _trial(facts, snapshot, None)
    wanted = _repairs(found, facts)
    if trial is None or seconds <= 0 or not wanted:
        return found
    bench = _Bench(trial, seconds, None, len(wanted))
    return _with(found, [bench.attempt(*each) for each in wanted])


def explained(
    facts: Facts,
    snapshot: Snapshot,
    found: Diagnosis,
    data: Data,
    training: Any | None,
    seconds: float,
    search: bool,
) -> tuple[Diagnosis, str]:
    """Tries repairs until one explains why a training of the course reaches what it reaches.

    What the training itself left is compared with what the repairs reach. If no rule explains it,
    the model is trained on the data as they are, which tells whether the fault lies in the model
    or in how it was trained; then come changes that are usual.

    Args:
        facts: `Facts`.
        snapshot: `Snapshot` of the model as it was built.
        found: `Diagnosis`.
        data: `Data`.
        training: The judge's `Training`; `None` if the model was not trained.
        seconds: Float, the budget for all trainings together.
        search: Boolean, whether more is tried than the repairs of faults.

    Returns:
        `Diagnosis`, with what was tried in its faults, and a sentence where no repair explains it.
    """
    trial, wanted = _trial(facts, snapshot, data), _repairs(found, facts)
    before = trial.reached(training.after) if trial is not None and training is not None else None
    reached = before.score if before is not None and before.known and facts.classes else None
    control = suspects.in_training(training, reached) if search else []
    more: list[tuple[Finding, Repair]] = []
    if search:
        more = [*_repairs(Diagnosis(found.remarks), facts), *suspects.usual(facts)]
    if trial is None or not (wanted or control or more):
        return found, "" if found.faults else NOTHING
    bench = _Bench(trial, seconds, before, len(wanted) + len(control) + len(more))
    for finding, repair in control:
        result = bench.attempt(finding, repair)
        if bench.gain(result) > SOUND:
            return Diagnosis((result.finding, *found.faults), found.remarks), ""
        bench.compare_with(result)
    _until_plain(bench, wanted)
    named = _with(found, bench.results)
    if bench.explains(bench.best()):
        return named, ""
    if bench.before.known and bench.before.score > 1 - BETTER:
        # Nothing can reach so much more.
        more = []
    if wanted:
        # A fault that is there may hide another one: what follows is tried on top of its repair.
        more = [(finding, wanted[0][1].and_also(repair)) for finding, repair in more]
    _until_plain(bench, more)
    best = bench.best()
    if best is None or not bench.explains(best):
        return named, "" if named.faults else bench.in_vain()
    rest = tuple(fault for fault in named.faults if fault.id != best.finding.id)
    # What was found for sure stands first; what the last trial told holds for both.
    first = rest[:1] if wanted else ()
    return Diagnosis((*first, best.finding, *rest[len(first) :]), found.remarks), ""


def _until_plain(bench: _Bench, repairs: list[tuple[Finding, Repair]]) -> None:
    """Tries repairs until one explains it plainly, or none could."""
    for finding, repair in repairs:
        if bench.gain(bench.attempt(finding, repair)) > PLAIN:
            break


def _trial(facts: Facts, snapshot: Snapshot | None, data: Data | None) -> Trial | None:
    with contextlib.suppress(ArithmeticError, LookupError, TypeError, ValueError):
        return Trial.of(facts, snapshot, data)
    return None


def _repairs(found: Diagnosis, facts: Facts) -> list[tuple[Finding, Repair]]:
    repairs = [(fault, repair_of(fault, facts)) for fault in found.faults[:MOST]]
    return [(fault, repair) for fault, repair in repairs if repair is not None]


def _with(found: Diagnosis, results: list[_Result]) -> Diagnosis:
    """Puts what was tried into the faults, and the one that explains the training first."""
    told = {result.finding.id: result for result in results}
    faults = [told[fault.id].finding if fault.id in told else fault for fault in found.faults]
    scores = {name: result.after.score for name, result in told.items() if result.after.known}
    winner = max(scores, key=lambda name: scores[name], default=None)
    first = faults[0].id if faults else ""
    if winner is not None and first in told and scores[winner] > scores.get(first, -9) + BETTER:
        faults.sort(key=lambda fault: fault.id != winner)
    return Diagnosis(tuple(faults), found.remarks)

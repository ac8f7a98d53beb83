"""Examines one script: runs it step by step in a sandbox, and diagnoses its trainings.

A job is plain data: `source`, `filename`, `cells` (of a notebook, each line's place), `seed`,
`files` (what lies beside the script), `seconds`, `walls`, `limits`, `threads`, `device`, `why`
(seconds for trying repairs). One event tells what was found.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from graders.boundary import events, sizes
from graders.boundary.launching import Launcher
from graders.boundary.names import Verb
from graders.boundary.spawned import Spawner
from graders.checking import CheckFailed
from graders.diagnosis import claims, diagnose, measuring, reading, trying
from graders.diagnosis.claims import Note, Point
from graders.diagnosis.facts import ENOUGH_STEPS, Facts
from graders.diagnosis.findings import Finding
from graders.doctor import stand_ins, words
from graders.doctor.faults import faults_in
from graders.examination import Examination, Fault
from graders.judge.connection import Connection
from graders.judge.faults import FORGED, SubmissionError
from graders.rebuilt.snapshot import Snapshot

# Trainings of one script that are looked at, and seconds for one of them.
TRAININGS, TRAINING_SECONDS = 4, 8.0
# What a training may take beyond that: building its graph, and its last step.
BEYOND = 12.0
# What `Fit.how` names a training.
TRAINS = ("fit", "train_on_batch")
# After a training has been seen, how long the script may take to come to another one.
NEXT_SECONDS = 6.0
# How long a line that trains again and again (folds, epochs one by one, a grid) may go on.
AGAIN_SECONDS = 10.0
# Of a training that was cut after fewer steps than this, next to nothing was seen.
LITTLE = 20
# The sample of the data comes along with a model.
SIZE = dataclasses.replace(sizes.MODEL, payload=sizes.MODEL.payload + 64 * 2**20)


@dataclasses.dataclass
class _Training:
    facts: Facts
    snapshot: Snapshot | None
    refused: str
    began: float = 0.0
    seconds: float = 0.0
    # Whether its line had trained another model before, as in a loop over folds or settings.
    later: bool = False
    # How often its line trained once more, unexamined.
    again: int = 0


def _model_of(facts: Facts) -> tuple[str, ...]:
    """Returns what one model's trainings share: Keras gives no name to two layers of a program."""
    return tuple(layer.name for layer in facts.layers)


class _Run:
    """One script that is run.

    Args:
        job: Dict, see the module.
        connection: `Connection` to the sandbox.
    """

    def __init__(self, job: dict[str, Any], connection: Connection):
        self._job, self._connection = job, connection
        self._deadline = time.monotonic() + job["seconds"]
        self.trainings: list[_Training] = []
        # All trainings that began, in their order; `None` for those that are not examined.
        self._begun: list[_Training | None] = []
        self._by_line: dict[int, _Training] = {}
        self._again_until = 0.0
        self._last: _Training | None = None
        # The words on the line at which the script was stopped; empty if it was not.
        self.stopped = ""
        # How often each model was about to be trained.
        self.asked: Counter[tuple[str, ...]] = Counter()
        self.notes: tuple[Note, ...] = ()
        self.met: dict[int, float] = {}
        self.trouble = ""

    def _ask(self, request: dict[str, Any], seconds: float) -> Point:
        left = self._deadline - time.monotonic()
        seconds = max(1.0, min(seconds, left))
        # The sandbox answers in time by itself; a frozen one is ended.
        answer = self._connection.ask(
            {**request, "seconds": seconds}, time.monotonic() + seconds + 5, SIZE
        )
        try:
            point = claims.point(answer)
        except FORGED as error:
            raise SubmissionError("protocol", f"unreadable: {str(error)[:200]}") from None
        self.notes, self.met = point.notes, dict(point.met)
        return point

    def all(self) -> None:
        """Runs the script, and notes its trainings."""
        job = self._job
        request = {
            "verb": Verb.SCRIPT,
            **{key: job[key] for key in ("source", "filename", "seed", "files")},
            "notebook": bool(job["cells"]),
            "stand_ins": stand_ins.wanted(job["source"]),
            "train_seconds": TRAINING_SECONDS,
        }
        point = self._ask(request, job["seconds"])
        while True:
            self._take(point)
            if point.at == "fit" and point.facts is not None:
                if not self._begins(point, point.facts):
                    return
                point = self._go_on(TRAINING_SECONDS + BEYOND)
            elif point.at == "trained":
                point = self._go_on(NEXT_SECONDS)
                self._evaluated(point)
            else:
                if point.at != "running" or not self._begun:
                    self._end(point)
                return

    def _begins(self, point: Point, facts: Facts) -> bool:
        """Notes a training that begins; returns whether the script is to go on."""
        model, line, now = _model_of(facts), facts.fit.line, time.monotonic()
        self.asked[model] += 1
        first, full = self._by_line.get(line), len(self.trainings) >= TRAININGS
        if first is not None:
            self._again_until = self._again_until or now + AGAIN_SECONDS
        if full if first is None else now > self._again_until:
            self.stopped = self._where(line)
            return False
        if first is not None and (full or self.asked[model] > 1):
            # Of the same model, or of one more of many: it goes on, and is not looked at.
            first.again += 1
            self._begun.append(None)
            return True
        training = _Training(
            facts, point.snapshot, point.refused, began=now, later=first is not None
        )
        self._by_line.setdefault(line, training)
        self.trainings.append(training)
        self._begun.append(training)
        return True

    def _go_on(self, seconds: float) -> Point:
        return self._ask({"verb": Verb.RESUME, "go_on": True}, seconds)

    def _take(self, point: Point) -> None:
        """Notes what a training left, if a point tells of one."""
        if point.trained is None or point.number >= len(self._begun):
            return
        training = self._last = self._begun[point.number]
        if training is not None:
            training.seconds = time.monotonic() - training.began
            training.facts = dataclasses.replace(training.facts, trained=point.trained)

    def _where(self, line: int) -> str:
        """Returns a line in words; of a notebook, its code cell and the line in it."""
        cells = self._job["cells"]
        if not cells:
            return f" in line {line}" if line else ""
        cell, line = cells[line - 1] if 0 < line <= len(cells) else (0, 0)
        return f" in code cell {cell}, line {line}" if cell else ""

    def _evaluated(self, point: Point) -> None:
        """Notes what the last training's model is worth on other data."""
        training = self._last
        trained = training.facts.trained if training is not None else None
        if training is not None and trained is not None and point.evaluated is not None:
            trained = dataclasses.replace(trained, evaluated=point.evaluated)
            training.facts = dataclasses.replace(training.facts, trained=trained)

    def _end(self, point: Point) -> None:
        if point.at == "running":
            self.trouble = words.too_slow(self._where(point.line), self._job["seconds"])
        elif point.raised is not None:
            line = point.raised.line
            code = self._job["source"].splitlines()[line - 1 : line] if line else []
            self.trouble = words.raised(
                point.raised, bool(self.trainings), self._where(line), "".join(code), self.notes
            )
            if not self.trainings and point.facts is not None:
                self.trainings.append(_Training(point.facts, point.snapshot, point.refused))
        elif not any(training.facts.fit.how in TRAINS for training in self.trainings):
            self.trouble = words.no_training(self._job["source"])


def run(
    job: dict[str, Any],
    launcher: Launcher | Spawner,
    emit: Callable[[events.JudgeEvent], None],
) -> None:
    """Examines a script.

    Args:
        job: Dict, see the module.
        launcher: What starts the sandbox.
        emit: Callable that takes events.
    """

    def progress(found: dict[str, Any]) -> None:
        event = events.Progress.read(found)
        if event is not None:
            emit(event)

    connection = Connection(launcher, job["limits"], progress)
    script = _Run(job, connection)
    try:
        if words.only_by_hand(job["source"]):
            script.trouble = words.no_training(job["source"])
        else:
            script.all()
    except (SubmissionError, CheckFailed) as error:
        # What was seen before holds.
        script.trouble = words.ended(error)
    finally:
        connection.close()
    if not script.trainings and (facts := reading.facts_in(job["source"])) is not None:
        script.trainings.append(_Training(facts, None, ""))
    emit(events.Examined(_examination(job, script).plain()))
    emit(events.Finished(0))


def _key(finding: Finding) -> tuple[str, int]:
    return finding.id, finding.line


def _told(found: diagnose.Diagnosis) -> set[tuple[str, int]]:
    return {_key(finding) for finding in (*found.faults, *found.remarks)}


def _compares(first: _Training, other: _Training) -> bool:
    """Returns whether a line that trained one model tried another setting, or trained as long."""
    before, after = first.facts.trained, other.facts.trained
    if not other.later or first.later or other.facts.fit.line != first.facts.fit.line:
        return False
    if before is None or after is None:
        return False
    if not after.cut or after.steps >= before.steps:
        return True
    return after.steps >= LITTLE and _setting(first.facts) != _setting(other.facts)


def _setting(facts: Facts) -> tuple[Any, ...]:
    """Returns what a comparison of settings changes: how a model is compiled, fitted, how large."""
    compiled, fit = facts.compiled, facts.fit
    sizes = tuple((layer.kind, layer.parameters) for layer in facts.layers)
    how = (compiled.loss, compiled.optimizer, compiled.rate) if compiled else None
    return how, fit.batch, fit.epochs, sizes


def _examination(job: dict[str, Any], script: _Run) -> Examination:
    fault = faults_in(job["source"])
    diagnoses: list[tuple[_Training, diagnose.Diagnosis]] = []
    faults: dict[tuple[str, int], Fault] = {}
    remarks: dict[tuple[str, int], Fault] = {}
    stand_in = any(note.kind == "data" for note in script.notes)
    cut: set[str] = set()
    for training in script.trainings:
        facts = training.facts
        facts = dataclasses.replace(
            facts,
            goes_on=script.asked[_model_of(facts)] > 1,
            fit=dataclasses.replace(facts.fit, met=script.met.get(facts.fit.line, 0.0)),
        )
        if stand_in:
            # How many steps the real data make is not known.
            fit = dataclasses.replace(facts.fit, batch=None, steps=None)
            facts = dataclasses.replace(facts, fit=fit, stand_in_data=True)
        weighted = {layer.name for layer in facts.layers if layer.parameters}
        if weighted & cut or any(note.kind == "weights" for note in script.notes):
            facts = dataclasses.replace(facts, stand_in_weights=True)
        if facts.trained is not None and facts.trained.cut:
            # What is trained later with these layers begins with less than it would.
            cut |= weighted
        facts = measuring.measured(facts, training.snapshot)
        found = diagnose.diagnose(facts)
        if job["why"]:
            found = trying.tried(facts, training.snapshot, found, job["why"])
        diagnoses.append((training, found))
    for training, found in diagnoses:
        others = [_told(other) for more, other in diagnoses if _compares(training, more)]
        for finding in found.faults:
            # One setting of many that are tried may be a bad one on purpose.
            alone = not all(_key(finding) in told for told in others)
            sure = remarks if training.later or alone else faults
            sure.setdefault(_key(finding), fault(finding))
        for finding in found.remarks:
            remarks.setdefault(_key(finding), fault(finding))
    trained = [
        training.facts.trained
        for training in script.trainings
        if training.facts.fit.how in TRAINS and training.facts.trained is not None
    ]
    ignored = [note for note in script.notes if note.kind == "ignored"]
    for note in ignored:
        remarks[(note.old, note.line)] = fault(words.ignored(note))
    changed = [fault(words.changed(note)) for note in script.notes if note.kind != "ignored"]
    return Examination(
        tuple(faults.values())[:50],
        tuple(remark for key, remark in remarks.items() if key not in faults)[:50],
        tuple(changed)[:50],
        script.trouble,
        len(trained),
        words.seen(
            [
                (training.facts, training.seconds, training.refused, training.again)
                for training in script.trainings
            ],
            script.stopped,
        ),
        any(
            (each.cut and each.steps < LITTLE) or (stand_in and each.steps < ENOUGH_STEPS)
            for each in trained
        ),
    )

"""Examines a script in processes of this machine: the trusted one, and its sandbox."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from graders import KIT, submission
from graders.boundary.events import DataUnavailable, Examined, Finished, JudgeFailed, unpack
from graders.boundary.events import Interrupted as Ended
from graders.boundary.limits import GRADER_GRACE_SECONDS, GRADER_START_SECONDS, SANDBOX_MEMORY
from graders.boundary.wire import WireClosed, WireError, WireTimeout
from graders.examination import Examination, Fault
from graders.runner.job import job
from graders.runner.machine import Place, ThisMachine
from graders.runner.settings import Request, Settings
from graders.submission import Source
from graders.submission.script import Script
from graders.verdict import TaskVerdict

# What a script may import of the kit: its data, and what reads curves. They hold no secret.
OF_THE_KIT = ("datasets", "graders/reports", "graders/printable.py")
# What diagnosing may take after the script has ended, without repairs.
DIAGNOSIS_SECONDS = 60.0


class NotExamined(Exception):
    """The machine could not examine a script; the text is one line."""


def examine(script: Script, settings: Settings, why: float = 0.0) -> tuple[Examination, str]:
    """Runs a script in a sandbox, and finds out what is wrong with its trainings.

    Args:
        script: `Script`.
        settings: `Settings`.
        why: Float, the seconds that may go into trying repairs.

    Returns:
        `Examination`, and the level of isolation that was in force.

    Raises:
        NotExamined: If the machine did not let it be examined.
        TooLow: If the machine's isolation is less than the settings demand.
    """
    place = ThisMachine(shows=[str(KIT / name) for name in OF_THE_KIT])
    try:
        isolation = place.isolation()
        isolation.require(settings.isolation)
        grader = place.start(settings)
        try:
            work = _job(script, settings, why, place.walls(settings.device))
            return _followed(grader, work, settings, why), isolation.level
        finally:
            grader.stop()
    finally:
        place.close()


def why(
    place: Place, request: Request, verdict: TaskVerdict, settings: Settings, seconds: float
) -> dict[str, Any]:
    """Finds out why a submission's training failed, see `graders.runner.Runner.why`."""
    if not isinstance(place, ThisMachine):
        raise NotExamined("repairs are tried on this machine only")
    try:
        source = submission.load(request.task, request.path)
    except submission.Unreadable as error:
        raise NotExamined(str(error)) from None
    failed = {
        check.id.partition("::")[2]: check.message
        for check in verdict.checks
        if check.outcome in ("failed", "error")
    }
    settings = settings.of(request.task.id)
    grader = place.start(settings)
    try:
        work = job(request.task, source, settings, {}, place.walls(settings.device))
        more = {"work": "why", "why": seconds, "failed": failed}
        found = _followed(grader, work | more, settings, seconds)
    finally:
        grader.stop()
    return {
        "faults": [_placed(fault, source) for fault in found.faults],
        "trouble": found.trouble,
    }


def _placed(fault: Fault, source: Source) -> dict[str, Any]:
    """Returns a fault as plain data, with its place in the student's file."""
    where = source.place(fault.line or None)
    place = where.to_json() if where is not None else {"file": source.path.name, "line": None}
    return {
        "id": fault.id,
        "message": fault.message,
        **place,
        "code": where.code if where is not None else "",
        "doc": fault.doc or None,
        "tried": fault.tried or None,
    }


def _job(script: Script, settings: Settings, why: float, walls: dict[str, Any]) -> dict[str, Any]:
    files = {name: np.frombuffer(part, "uint8") for name, part in script.files.items()}
    return {
        "work": "examine",
        "source": script.source.text,
        "filename": script.source.filename,
        "cells": [list(place) for place in script.source.lines],
        "seed": settings.seed,
        "files": files,
        "seconds": settings.seconds,
        "why": why,
        "walls": walls,
        "limits": {
            "memory": SANDBOX_MEMORY,
            "cpu_seconds": int(settings.seconds * 4) + 120,
            "threads": settings.threads,
        },
        "threads": settings.threads,
        "device": settings.device,
    }


def _followed(grader: Any, work: dict[str, Any], settings: Settings, why: float) -> Examination:
    """Gives the grader its job, and waits for what it finds."""
    found: Examination | None = None
    try:
        grader.channel.send(work, time.monotonic() + GRADER_START_SECONDS)
        most = settings.seconds + why + DIAGNOSIS_SECONDS + GRADER_GRACE_SECONDS
        deadline = time.monotonic() + most + GRADER_START_SECONDS
        while True:
            event = unpack(grader.channel.receive(deadline))
            if isinstance(event, Examined):
                found = Examination.read(event.examination)
            elif isinstance(event, Finished):
                break
            elif isinstance(event, Ended | DataUnavailable):
                raise NotExamined(event.reason)
            elif isinstance(event, JudgeFailed):
                raise NotExamined(event.trace.strip().splitlines()[-1][:500])
    except WireTimeout:
        raise NotExamined("the diagnosis did not end in time") from None
    except (WireClosed, WireError):
        raise NotExamined(f"the process that examines ended: {grader.ended(5.0)}") from None
    if found is None:
        raise NotExamined("the diagnosis came to no result")
    return found

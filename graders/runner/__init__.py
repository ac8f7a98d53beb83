"""The one path from submissions to verdicts, which every front end uses."""

from graders.runner.events import Event, Listener, ResultReady, VerdictReady
from graders.runner.examining import NotExamined
from graders.runner.isolation import Isolation, TooLow
from graders.runner.machine import Graded, Place, Stopped, ThisMachine
from graders.runner.runner import Runner, grade
from graders.runner.settings import (
    BadSecret,
    Request,
    Settings,
    draw_for,
    processors,
    released,
    secret_from,
    usual_jobs,
)

__all__ = [
    "BadSecret",
    "Event",
    "Graded",
    "Isolation",
    "Listener",
    "NotExamined",
    "Place",
    "Request",
    "ResultReady",
    "Runner",
    "Settings",
    "Stopped",
    "ThisMachine",
    "TooLow",
    "VerdictReady",
    "draw_for",
    "grade",
    "processors",
    "released",
    "secret_from",
    "usual_jobs",
]

"""What Ctrl-C leaves: of a task that was interrupted nothing, of the others their verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from graders.reports.targets import Outputs
from graders.reports.text import WORDS, points
from graders.runner import Listener, Request, Runner
from graders.runner.events import Event, VerdictReady
from graders.verdict import TaskVerdict, Verdict


class Finished:
    """Notes which tasks have their verdicts, in case that the others are interrupted.

    Args:
        listener: Callable that takes each task's events after it.
        outputs: `Outputs`, where the whole verdict would have been written to.
    """

    def __init__(self, listener: Listener, outputs: Outputs):
        self._listener, self._outputs = listener, outputs
        self._verdicts: dict[str, TaskVerdict] = {}

    def take(self, task: str, event: Event) -> None:
        """Takes an event of the runner: a `graders.runner.Listener`."""
        if isinstance(event, VerdictReady):
            self._verdicts[task] = event.verdict
        self._listener(task, event)

    def all_of(self, requests: Sequence[Request], runner: Runner) -> Verdict:
        """Grades requests.

        Args:
            requests: Sequence of `Request`.
            runner: `Runner`, which has `take` as its listener.

        Raises:
            KeyboardInterrupt: In words, if it was interrupted.
        """
        self._verdicts.clear()
        try:
            return runner.grade(requests)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(self._told(requests)) from None

    def _told(self, requests: Sequence[Request]) -> str:
        """Returns one line: what was graded before, and what was not."""
        done = [self._verdicts[r.task.id] for r in requests if r.task.id in self._verdicts]
        left = [r.task.id for r in requests if r.task.id not in self._verdicts]
        parts = ["stopped."]
        if done:
            parts.append(f"Graded before: {', '.join(map(_brief, done))}.")
        if left:
            parts.append(f"Not graded: {', '.join(left)}.")
        if self._outputs.names:
            parts.append(f"Nothing was written to {', '.join(self._outputs.names)}.")
        return " ".join(parts)


def _brief(verdict: TaskVerdict) -> str:
    status = WORDS.get(verdict.status, verdict.status)
    earned = f"{points(verdict.points)} of {points(verdict.max_points)} points"
    return f"{verdict.task} ({status}, {earned})"

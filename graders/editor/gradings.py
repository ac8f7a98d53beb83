"""The gradings of a test session: each task is graded once, beside the tests that wait for it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from graders.cli import arguments
from graders.rubric import Task
from graders.runner import Event, Request, Runner, Settings, ThisMachine, VerdictReady
from graders.runner.isolation import probed
from graders.verdict import TaskVerdict, Verdict

# How long a wait lasts before Ctrl-C is looked for: not every system ends a wait for it.
LOOK_SECONDS = 0.2
END_SECONDS = 10


class Ended(Exception):
    """The gradings ended before a task had its verdict; the text tells why."""


def settings() -> Settings:
    """Returns the settings that `python grade.py` has without options.

    Raises:
        UsageError: If the environment asks for something that cannot be done.
    """
    return arguments.settings(arguments.parser().parse_args([]))


class Gradings:
    """Grades tasks in a thread of its own.

    Args:
        settings: `Settings`.
    """

    def __init__(self, settings: Settings):
        self._machine = ThisMachine(probed())
        self._settings = settings
        self._runners: list[Runner] = []
        self._threads: list[threading.Thread] = []
        self._begun: dict[str, Task] = {}
        self._verdicts: dict[str, TaskVerdict] = {}
        self._changed = threading.Condition()
        self._ended = ""

    def header(self) -> str:
        """Returns one line on how the tasks are graded."""
        seed, tests = self._settings.seed, self._settings.hidden_tests
        level = self._machine.isolation().level
        return f"exercises: seed {seed}, {tests}, isolation {level}"

    @property
    def trouble(self) -> str:
        """String, why verdicts cannot be kept; empty if they can."""
        return next((runner.trouble for runner in self._runners if runner.trouble), "")

    def begin(self, tasks: Sequence[Task]) -> None:
        """Begins to grade tasks, side by side if the machine allows it.

        Args:
            tasks: Sequence of `Task`; those that were begun before are left out.
        """
        tasks = [task for task in tasks if task.id not in self._begun]
        self._begun.update({task.id: task for task in tasks})
        if not tasks:
            return
        shared = self._settings.sharing(len(tasks))
        runner = Runner(shared, self._hear, arguments.bounds(), self._machine)
        thread = threading.Thread(target=self._grade, args=(runner, tasks), daemon=True)
        self._runners.append(runner)
        self._threads.append(thread)
        thread.start()

    def _grade(self, runner: Runner, tasks: Sequence[Task]) -> None:
        ended = ""
        try:
            runner.grade([Request(task, task.stub) for task in tasks])
        except BaseException as error:
            ended = f"{type(error).__name__}: {error}"
        with self._changed:
            self._ended = self._ended or ended
            self._changed.notify_all()

    def _hear(self, task: str, event: Event) -> None:
        if isinstance(event, VerdictReady):
            with self._changed:
                self._verdicts[task] = event.verdict
                self._changed.notify_all()

    def of(self, task: Task) -> TaskVerdict:
        """Returns the verdict on a task, as soon as it is there.

        Args:
            task: `Task`.

        Raises:
            Ended: If there will be none.
        """
        self.begin([task])
        with self._changed:
            while task.id not in self._verdicts:
                if self._ended:
                    raise Ended(self._ended)
                self._changed.wait(LOOK_SECONDS)
            return self._verdicts[task.id]

    def verdict(self) -> Verdict:
        """Returns the verdict on the tasks that were graded so far."""
        found = [self._verdicts[name] for name in self._begun if name in self._verdicts]
        return Verdict(self._settings.seed, tuple(found), 0.0, self._settings.hidden_tests)

    def close(self) -> None:
        """Ends what is under way."""
        self._machine.close()
        for thread in self._threads:
            thread.join(END_SECONDS)

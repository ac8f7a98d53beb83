"""What is asked: tasks, checks and points, the stubs, and the bounds."""

from graders import KIT
from graders.rubric.tasks import (
    CHECKS,
    SECTIONS,
    BrokenRubric,
    Check,
    Task,
    UnknownTask,
    find,
    find_all,
    read_task,
    tasks,
)

__all__ = [
    "CHECKS",
    "KIT",
    "SECTIONS",
    "BrokenRubric",
    "Check",
    "Task",
    "UnknownTask",
    "find",
    "find_all",
    "read_task",
    "tasks",
]

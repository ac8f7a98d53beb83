"""What is asked: tasks, checks and points, the stubs, and the bounds."""

from graders import KIT
from graders.rubric.parts import UnknownCheck, apart, part
from graders.rubric.tasks import (
    CHECKS,
    COURSE_VARIABLE,
    HIDDEN,
    POINTS,
    SECTIONS,
    BrokenRubric,
    Check,
    Own,
    Task,
    UnknownTask,
    find,
    find_all,
    in_use,
    kits,
    own_folder,
    read_task,
    tasks,
    use,
)

__all__ = [
    "CHECKS",
    "COURSE_VARIABLE",
    "HIDDEN",
    "KIT",
    "POINTS",
    "SECTIONS",
    "BrokenRubric",
    "Check",
    "Own",
    "Task",
    "UnknownCheck",
    "UnknownTask",
    "apart",
    "find",
    "find_all",
    "in_use",
    "kits",
    "own_folder",
    "part",
    "read_task",
    "tasks",
    "use",
]

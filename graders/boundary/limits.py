"""Limits on time and memory, each in one place."""

# What a student's work on one task may take, unless a front end was told otherwise.
TASK_SECONDS = 300.0
# The submission's own limit ends its requests. This one ends a check that works on the answers.
CHECK_GRACE_SECONDS = 30.0
# What a grader process may take beyond the submission's limit before the runner ends it.
GRADER_GRACE_SECONDS = 60.0
# What a grader process may take to be there and accept its job: it may have to import Keras.
GRADER_START_SECONDS = 300.0


def grader_cpu_seconds(seconds: float) -> int:
    """Returns how much processor time a grader may use, in seconds of all its threads.

    Args:
        seconds: Float, the limit for the submission's work.
    """
    return int(seconds * 8 + 120)


SANDBOX_MEMORY = 6 * 2**30
GRADER_MEMORY = 8 * 2**30

"""The words that both sides of the boundary use: verbs, kinds of errors, faults of a fit."""

from __future__ import annotations

import enum


class Verb(enum.StrEnum):
    """What the judge asks of a sandbox."""

    LOAD = "load"
    PUT = "put"
    BUILD = "build"
    TRAIN = "train"
    PROBE = "probe"
    SCRIPT = "script"
    RESUME = "resume"


class Kind(enum.StrEnum):
    """What kept a sandbox from answering."""

    # The submission raised, or left something out.
    RAISED = "raised"
    TODO = "todo"
    EXIT = "exit"
    MEMORY = "memory"
    # It switched TensorFlow to graphs, as in TensorFlow 1.
    GRAPHS = "graphs"
    MISSING = "missing"
    SIGNATURE = "signature"
    # What it returned is of the wrong kind.
    RETURNED = "returned"
    SUBCLASSED = "subclassed"
    UNBUILT = "unbuilt"
    CONFIG = "config"
    # It is more than a grader takes.
    TOO_LARGE = "too_large"
    # A class of its own is of the wrong kind.
    BASE_CLASS = "base_class"
    ARGUMENTS = "arguments"
    NO_RESULT = "no_result"
    NO_COPY = "no_copy"


class FitFault(enum.StrEnum):
    """What may be wrong with the fits of a training, in the order of telling."""

    UNFITTED = "unfitted"
    SPLIT = "split"
    EXCHANGED = "exchanged"
    VALIDATED_ON_TRAIN = "validated_on_train"
    CHANGED_TRAINING = "changed_training"
    CHANGED_VALIDATION = "changed_validation"
    LEARNED_VALIDATION = "learned_validation"

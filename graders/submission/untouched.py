"""Compares a submission with the stub, and a module with a notebook: is it the same code?"""

from __future__ import annotations

import functools

from graders.rubric import Task
from graders.rubric.stubs import pristine
from graders.submission import notebooks
from graders.submission.source import Source

UNCOMPARABLE = (RecursionError, MemoryError, ValueError, SyntaxError)


@functools.cache
def names_of(task: Task) -> frozenset[str]:
    """Returns the functions and classes that a task asks for."""
    stub = pristine(task)
    return notebooks.defined(stub) if stub is not None else frozenset()


def _skeletons(source: Source, task: Task) -> tuple[str, str]:
    """Returns the skeleton of a module, and of what a notebook with that module in it comes to."""
    in_notebook = notebooks.only_needed(source.tree, names_of(task))
    return source.skeleton, Source(in_notebook, source.filename, source.path).skeleton


@functools.cache
def _stub_skeletons(task: Task) -> tuple[str, ...]:
    # Not the file in assignments/: students write in that one.
    stub = pristine(task)
    return _skeletons(Source(stub, task.stub.name, task.stub), task) if stub is not None else ()


def is_stub(source: Source, task: Task) -> bool:
    """Returns whether a submission is still the stub, comments and docstrings aside.

    Args:
        source: `Source`, which must parse.
        task: `Task`.
    """
    if source.text == pristine(task):
        return True
    try:
        return source.skeleton in _stub_skeletons(task)
    except UNCOMPARABLE:
        return False


def same_code(module: Source, notebook: Source, task: Task) -> bool:
    """Returns whether a module and the module that a notebook comes to hold the same code.

    Args:
        module: `Source`.
        notebook: `Source`.
        task: `Task`.
    """
    try:
        return notebook.skeleton in _skeletons(module, task)
    except UNCOMPARABLE:
        return False

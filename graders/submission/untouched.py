"""Compares a submission with the stub, and a module with a notebook: is it the same code?

Work is what becomes of the functions and classes that a task asks for. Imports, comments,
docstrings, helpers that none of them uses yet, and trials beside them are no work.
"""

from __future__ import annotations

import ast
import contextlib
import functools
from collections.abc import Iterator

from graders.rubric import Task
from graders.rubric.stubs import pristine
from graders.submission import notebooks
from graders.submission.source import Source, bare

UNCOMPARABLE = (RecursionError, MemoryError, ValueError, SyntaxError)
# Who uses one of these may give a function another body without a statement that tells it.
HIDDEN_WAYS = frozenset("globals vars locals exec eval setattr delattr __import__".split())


@functools.cache
def names_of(task: Task) -> frozenset[str]:
    """Returns the functions and classes that a task asks for."""
    stub = pristine(task)
    return notebooks.defined(stub) if stub is not None else frozenset()


def _skeletons(source: Source, task: Task) -> tuple[str, str]:
    """Returns the skeleton of a module, and of what a notebook with that module in it comes to."""
    in_notebook = notebooks.only_needed(source.tree, names_of(task))
    return source.skeleton, Source(in_notebook, source.filename, source.path).skeleton


def bound(node: ast.AST) -> Iterator[str]:
    """Gives the names that a node binds, or changes a part of; not what is inside a function."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0]
    if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
        part = node
        while isinstance(part, ast.Attribute | ast.Subscript):
            part = part.value
        if isinstance(part, ast.Name):
            yield part.id
    for child in ast.iter_child_nodes(node):
        yield from bound(child)


def _parts(tree: ast.Module, names: frozenset[str]) -> list[str]:
    """Returns the statements that make the given names what they are, without docstrings."""
    return [
        ast.dump(bare(statement))
        for statement in tree.body
        if not names.isdisjoint(bound(statement))
    ]


def _in_hidden_ways(tree: ast.Module, names: frozenset[str]) -> bool:
    """Returns whether a module may change the given names where no statement shows it."""
    return any(
        (isinstance(node, ast.Name) and node.id in HIDDEN_WAYS)
        or (isinstance(node, ast.Attribute) and node.attr in ("__dict__", "modules"))
        or (isinstance(node, ast.Global) and not names.isdisjoint(node.names))
        for node in ast.walk(tree)
    )


@functools.cache
def _stub(task: Task) -> Source | None:
    # Not the file in assignments/: students write in that one.
    text = pristine(task)
    return Source(text, task.stub.name, task.stub) if text is not None else None


def is_stub(source: Source, task: Task) -> bool:
    """Returns whether the functions and classes of a task are still those of the stub.

    Args:
        source: `Source`, which must parse.
        task: `Task`.
    """
    stub = _stub(task)
    if stub is None or source.text == stub.text:
        return stub is not None
    names = names_of(task)
    try:
        if _in_hidden_ways(source.tree, names):
            return source.skeleton in _skeletons(stub, task)
        return _parts(source.tree, names) == _parts(stub.tree, names)
    except UNCOMPARABLE:
        return False


def still(source: Source, task: Task) -> str:
    """Returns, in a clause, what of a submission is still the stub, for one of which that is so.

    Args:
        source: `Source`.
        task: `Task`.
    """
    stub = _stub(task)
    with contextlib.suppress(*UNCOMPARABLE):
        if stub is None or source.skeleton in _skeletons(stub, task):
            return f"{source.path.name} is still the stub"
    names = sorted(names_of(task))
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    verb = "is" if len(names) == 1 else "are"
    return f"of {source.path.name}, {listed} {verb} still the stub's"


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

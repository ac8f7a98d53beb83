"""Mutants of a program: copies with one small fault each, made on its syntax tree.

The operators are classic ones (a dropped statement, a changed constant, a negated condition) and
those of deep learning: Humbatova et al. 2020, "Taxonomy of Real Faults in Deep Learning Systems",
and DeepCrime (Humbatova et al. 2021): labels shuffled, data left out, a layer dropped, another
activation, loss, optimizer or learning rate. Nothing is random: a program has the same mutants,
with the same ids, on every machine, and comments, docstrings and moved lines change no id.

Left alone are docstrings, annotations, imports and `verbose=`: a mutant there is no other program,
or one that nothing can run.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import warnings
from collections.abc import Iterator
from typing import Any

from graders.course.mutation import parts, runs, values
from graders.course.mutation.trees import Change, holds_fit, line_of, scope_of, sites
from graders.submission import trial

# The operators. Each takes the tree and a node, and yields what can be done there.
ALL = (
    parts.drop_statement,
    parts.drop_argument,
    parts.drop_element,
    parts.swap_elements,
    parts.freeze,
    parts.unwrap,
    parts.swap_arguments,
    values.change_constant,
    values.change_string,
    values.change_name,
    values.swap_operator,
    runs.drop_operand,
    runs.negate,
    runs.one_iteration,
    runs.change_return,
    runs.no_fit,
    runs.change_data,
)


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A program with one fault.

    Attributes:
        id: String, `<task>:<operator>:<function>:<place>`, the same as long as that place stays.
        operator: String, what was done.
        line: Integer, where in the reference.
        change: String, the change in words, for people.
        source: String, the program.
        trains: Boolean, whether the function that holds the fault calls `fit`.
    """

    id: str
    operator: str
    line: int
    change: str
    source: str
    trains: bool


def mutants(task: str, source: str) -> list[Mutant]:
    """Makes all mutants of a program.

    Args:
        task: String, the task's id, for the mutants' ids.
        source: String, the program.

    Returns:
        List of `Mutant`, in the order of the program. What does not compile, or compiles to the
        same code as the program or an earlier mutant, is left out.
    """
    # No grader runs the trial: a fault in it is none.
    tree = trial.without(ast.parse(source))
    seen = {_code(ast.unparse(tree))}
    found: list[Mutant] = []
    count: dict[str, int] = {}
    changes = list(_changes(tree))
    changes.sort(key=lambda change: line_of(tree, change.site))
    for change in changes:
        mutated = copy.deepcopy(tree)
        change.edit(mutated)
        scope = scope_of(tree, change.site)
        name = f"{task}:{change.operator}:{scope}:{change.place}"
        # Counted before equal ones are dropped, so that a drop moves no other number.
        count[name] = count.get(name, 0) + 1
        try:
            text = ast.unparse(ast.fix_missing_locations(mutated)) + "\n"
            code = _code(text)
        except (SyntaxError, ValueError):
            continue
        if code in seen:
            continue
        seen.add(code)
        number = f"#{count[name]}" if count[name] > 1 else ""
        found.append(
            Mutant(
                name + number,
                change.operator,
                line_of(tree, change.site),
                change.words,
                text,
                holds_fit(tree, change.site),
            )
        )
    return found


def _code(source: str) -> Any:
    """Returns what a program compiles to, without the places in its text."""

    def plain(code: Any) -> Any:
        constants = tuple(
            plain(c) if hasattr(c, "co_code") else (type(c).__name__, repr(c))
            for c in code.co_consts
        )
        return code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants

    with warnings.catch_warnings():
        # A mutant may call a number; that is for the grading to find.
        warnings.simplefilter("ignore", SyntaxWarning)
        return plain(compile(source, "program", "exec", dont_inherit=True))


def _changes(tree: ast.Module) -> Iterator[Change]:
    for site, node in sites(tree):
        for operator in ALL:
            yield from operator(tree, site, node)

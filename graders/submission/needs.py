"""What the functions of a task need of the statements around them.

A notebook, and many a module, holds trials beside the functions: data that are loaded, a model that
is tried, plots, questions to the machine. Nothing runs here: the statements are read.
"""

from __future__ import annotations

import ast
import builtins
import collections
import re
import symtable
from collections.abc import Iterable, Sequence
from typing import Any

HARMLESS = set(dir(builtins)) - {"input", "breakpoint", "exit", "quit"}
# The first word of a function that changes a setting, or what it is given, rather than try it out.
SETS = frozenset(
    "set seed enable disable use update add append extend insert remove pop clear reset register "
    "filterwarnings simplefilter setattr delattr setdefault setlevel rc "
    "run_functions_eagerly".split()
)
FOLDERS = ("mkdir", "makedirs")


def names_of(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """Returns the global names that a statement binds, and those that it uses."""
    bound: set[str] = set()
    used: set[str] = set()

    def walk(table: Any, top: bool) -> None:
        for name, flags in table.symbols.items():
            symbol = symtable.Symbol(name, flags)
            if top:
                if symbol.is_assigned() or symbol.is_imported():
                    bound.add(name)
                if symbol.is_referenced():
                    used.add(name)
            elif symbol.is_global() and symbol.is_referenced():
                used.add(name)
        for child in table.children:
            walk(child, False)

    table = symtable.symtable(ast.unparse(statement), "cell", "exec")
    # The compiler's own table: `get_symbols` looks at each child of a table for each of its names.
    walk(table._table, True)  # type: ignore[attr-defined]
    return bound, used


Names = Sequence[tuple[set[str], set[str]]]


def all_names(statements: Iterable[ast.stmt]) -> Names | None:
    """Returns `names_of` for each statement; `None` if one of them cannot be compiled."""
    try:
        return [names_of(statement) for statement in statements]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _calls(statement: ast.stmt) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def _own_nodes(statement: ast.stmt) -> list[ast.AST]:
    """Returns the nodes of a statement that run with it: none of a function's body."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return found


def _root(node: ast.AST) -> str:
    """Returns the name that an expression like `a.b[0].c(…).d` begins with, empty if none."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call, ast.Starred)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _sets(function: ast.expr) -> bool:
    """Returns whether the name of a function promises to change something."""
    name = function.attr if isinstance(function, ast.Attribute) else _root(function)
    name = name.removeprefix("experimental_").removeprefix("manual_")
    word = re.split(r"_|(?<=[a-z])(?=[A-Z])", name)[0]
    return bool({name.lower(), word.lower()} & SETS)


def _makes_folder(call: ast.Call, constants: dict[str, Any]) -> bool:
    """Returns whether a call makes a folder below the one where the module runs."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name not in FOLDERS:
        return False
    made = call.args[0] if call.args else None
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        made = next(iter(call.func.value.args), None)  # Path("logs").mkdir()
    path = made.value if isinstance(made, ast.Constant) else constants.get(_root(made or call))
    return isinstance(path, str) and not path.startswith(("/", "~", ".."))


def _acts(
    statement: ast.stmt, values: set[str], wanted: set[str], constants: dict[str, Any]
) -> bool:
    """Returns whether a statement may matter for what it does rather than for what it names.

    It does if it changes a setting, or one of the module's own objects: by an assignment to a part
    of it, a method of it, or a function whose name says so (`keras.utils.set_random_seed(1)`). To
    look at things, to load data or to ask the machine is a trial.

    Args:
        statement: The statement, which uses only what is needed.
        values: Set of the names of the module's own objects, apart from functions and classes.
        wanted: Set of the names that are needed; other objects do not matter.
        constants: Dict of the module's names for plain values.
    """
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return False
    nodes = _own_nodes(statement)
    if any(isinstance(node, ast.Raise) for node in nodes):
        return False
    assigns = isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign))
    loops = (ast.For, ast.AsyncFor, ast.comprehension)
    items = {
        name.id
        for node in nodes
        if isinstance(node, loops)
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }
    for node in nodes:
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            if not isinstance(node.ctx, ast.Load):
                return True
        elif isinstance(node, ast.Call) and not assigns:
            root = _root(node.func)
            own = root in items or (root in values and root in wanted)
            method = own and isinstance(node.func, ast.Attribute)
            if method or _sets(node.func) or _makes_folder(node, constants):
                return True
    return False


def needed(statements: Sequence[ast.stmt], names: Names | None, roots: Iterable[str]) -> set[int]:
    """Finds what the given names need of a module, in linear time.

    Args:
        statements: Sequence of the module's statements.
        names: What `all_names` returns for them.
        roots: Names that the module is for.

    Returns:
        Set of indices: every statement that binds a name that is needed, directly or by way of
        others, and those that change what is needed, or a setting of it
        (`keras.utils.set_random_seed(1)`), without calling the module's own functions, as a trial
        run does.
    """
    if names is None:
        return set(range(len(statements)))
    wanted, kept = set[str](), set[int]()
    binds = collections.defaultdict[str, list[int]](list)
    for index, (bound, _) in enumerate(names):
        for name in bound:
            binds[name].append(index)

    def want(found: Iterable[str]) -> None:
        """Adds names, the statements that bind them, and what these use."""
        waiting = list(found)
        while waiting:
            name = waiting.pop()
            if name in wanted:
                continue
            wanted.add(name)
            for index in binds.get(name, ()):
                if index not in kept:
                    kept.add(index)
                    waiting += names[index][1]

    want(roots)
    for index, statement in enumerate(statements):
        if isinstance(statement, ast.ImportFrom) and (
            not names[index][0] or statement.module == "__future__"
        ):
            kept.add(index)
            want(names[index][1])
    kinds = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
    own = {statement.name for statement in statements if isinstance(statement, kinds)}
    imports = (ast.Import, ast.ImportFrom)
    values = {
        name
        for statement, (bound, _) in zip(statements, names, strict=True)
        if not isinstance(statement, (*kinds, *imports))
        for name in bound
    }
    constants = _constants(statements)
    # What is found on the way matters to the statements that follow it.
    known = set(wanted)
    for index, (bound, used) in enumerate(names):
        statement = statements[index]
        outer = {name for name in used - bound - HARMLESS if not name.startswith("__")}
        if (
            index not in kept
            and not outer.isdisjoint(known)
            and all(name in known or name in constants for name in outer)
            and not _calls(statement) & own
            and _acts(statement, values, known, constants)
        ):
            kept.add(index)
            known |= outer
    want(known)
    return kept


def _constants(statements: Sequence[ast.stmt]) -> dict[str, Any]:
    """Returns the names that are given nothing but a plain value, with the last one."""
    found: dict[str, Any] = {}
    for statement in statements:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            try:
                found[name] = ast.literal_eval(statement.value)
            except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
                found.pop(name, None)
    return found

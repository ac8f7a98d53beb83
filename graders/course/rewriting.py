"""The same program in other words: rewrites of a reference that keep what it does.

They are the first right submissions of a new task, see `graders.course.first_corpus`. A student's
own way to solve it is something else: that has to be written by hand.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable

from graders.submission import trial

Functions = (ast.FunctionDef, ast.AsyncFunctionDef)


def plain(source: str) -> str:
    """Returns a program without comments, docstrings, annotations and aliases of types.

    Args:
        source: String, the program.
    """
    tree = trial.without(ast.parse(source))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, Functions):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    tree = _WithoutAnnotations().visit(tree)
    tree.body = [node for node in tree.body if not _is_alias(node)]
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    tree.body = [node for node in tree.body if not _is_unused_import(node, used)]
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


class _WithoutAnnotations(ast.NodeTransformer):
    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Makes `x: int = 1` the assignment `x = 1`."""
        if node.value is None:
            return node
        return ast.Assign([node.target], node.value)


def _is_alias(node: ast.stmt) -> bool:
    """Returns whether a statement is an alias of a type, as `Data = tuple[…]`."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Subscript):
        return False
    return isinstance(node.value.value, ast.Name) and node.value.value.id in ("tuple", "list")


def _is_unused_import(node: ast.stmt, used: set[str]) -> bool:
    if not isinstance(node, (ast.Import, ast.ImportFrom)):
        return False
    # Importing NumPy does nothing else; another module may be imported for what it does.
    names = {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return not names & used and "numpy" in {alias.name for alias in node.names}


def _functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _renamed(tree: ast.Module) -> None:
    """Gives the variables of each function other names."""
    taken = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    # A name that something else has too is left as it is.
    kept = {node.name for node in ast.walk(tree) if isinstance(node, (ast.ClassDef, *Functions))}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            kept |= set(node.names)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            kept |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    kept |= {
        target.id
        for statement in tree.body
        for target in ast.walk(statement)
        if not isinstance(statement, (ast.ClassDef, *Functions)) and isinstance(target, ast.Name)
    }
    for function in _functions(tree):
        names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
        own = {node.id for node in names if isinstance(node.ctx, ast.Store)} - kept
        own -= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
        for node in names:
            if node.id in own and not node.id.startswith("my_") and f"my_{node.id}" not in taken:
                node.id = f"my_{node.id}"


def _other_order(tree: ast.Module) -> None:
    """Reverses the keyword arguments of each call, and gives each result a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and all(word.arg for word in node.keywords):
            node.keywords.reverse()
    for function in _functions(tree):
        last = function.body[-1]
        if isinstance(last, ast.Return) and last.value and not isinstance(last.value, ast.Name):
            name = ast.Name("the_result", ast.Store())
            function.body[-1:] = [
                ast.Assign([name], last.value),
                ast.Return(ast.Name("the_result", ast.Load())),
            ]


def _helpers(tree: ast.Module) -> None:
    """Moves what each function does into a helper."""
    moved: list[ast.stmt] = []
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node.decorator_list:
            moved.append(node)
            continue
        helper = copy.deepcopy(node)
        helper.name = f"_the_work_of_{node.name}"
        helper.args.defaults, helper.args.kw_defaults = [], [None] * len(node.args.kwonlyargs)
        given = node.args
        call = ast.Call(
            ast.Name(helper.name, ast.Load()),
            [ast.Name(a.arg, ast.Load()) for a in (*given.posonlyargs, *given.args)]
            + ([ast.Starred(ast.Name(given.vararg.arg, ast.Load()))] if given.vararg else []),
            [ast.keyword(a.arg, ast.Name(a.arg, ast.Load())) for a in given.kwonlyargs]
            + ([ast.keyword(None, ast.Name(given.kwarg.arg, ast.Load()))] if given.kwarg else []),
        )
        node.body = [ast.Return(call)]
        moved += [helper, node]
    tree.body = moved


class _Spelt(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]):
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Spells a name out: `layers` as `keras.layers`."""
        if node.id in self.names and isinstance(node.ctx, ast.Load):
            return ast.parse(self.names[node.id], mode="eval").body
        return node


def _imports(tree: ast.Module) -> None:
    """Imports Keras alone, and names the rest by it."""
    names: dict[str, str] = {}
    kept: list[ast.stmt] = []
    has_keras = False
    for node in tree.body:
        if isinstance(node, ast.Import):
            has_keras |= any(a.name == "keras" and not a.asname for a in node.names)
        module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        if isinstance(node, ast.ImportFrom) and module.split(".")[0] == "keras":
            names |= {a.asname or a.name: f"{module}.{a.name}" for a in node.names}
        else:
            kept.append(node)
    if has_keras and names:
        tree.body = kept
        _Spelt(names).visit(tree)


def _one_by_one(tree: ast.Module) -> None:
    """Adds the layers of a Sequential model one by one."""
    for node in ast.walk(tree):
        for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if isinstance(body, list):
                body[:] = [new for statement in body for new in _unrolled(statement)]


def _unrolled(statement: ast.stmt) -> list[ast.stmt]:
    """Returns `x = Sequential()` and its `x.add(…)` for `x = Sequential([…])`."""
    match statement:
        case ast.Assign(
            targets=[ast.Name(id=name)],
            value=ast.Call(func=function, args=[ast.List(elts=layers)]) as call,
        ) if ast.unparse(function).split(".")[-1] == "Sequential":
            if any(isinstance(layer, ast.Starred) for layer in layers):
                return [statement]
            call.args = []
            adds = [ast.parse(f"{name}.add({ast.unparse(layer)})").body[0] for layer in layers]
            return [statement, *adds]
    return [statement]


def _nothing(tree: ast.Module) -> None:
    """Leaves a program as it is: without comments, docstrings and annotations."""


REWRITES: dict[str, tuple[str, Callable[[ast.Module], None]]] = {
    "plain": ("Nothing but the code.", _nothing),
    "layers_one_by_one": ("Adds the layers one by one.", _one_by_one),
    "other_names": ("Variables have other names.", _renamed),
    "other_order": ("Keyword arguments stand in another order.", _other_order),
    "helpers": ("Helpers do the work.", _helpers),
    "keras_alone": ("Imports Keras alone.", _imports),
}


def rewrites(source: str) -> dict[str, str]:
    """Returns the rewrites of a program, those that change something.

    Args:
        source: String, the program.

    Returns:
        Dict: name -> program, with one line of docstring.
    """
    bare = plain(source)
    found = {}
    for name, (words, change) in REWRITES.items():
        tree = ast.parse(bare)
        change(tree)
        text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
        if text != bare or change is _nothing:
            found[name] = f'"""{words}"""\n\n{text}'
    return found

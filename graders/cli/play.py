"""`python grade.py play TASK`: the student's own code on the task's data, in this very process.

Nothing is graded and no sandbox is around it: progress bars, prints, pictures, `input()` and
`breakpoint()` are those of any script. What runs is the trial run at the end of the module; where
the student deleted it, or in a notebook, the one of the stub runs after the student's code.
"""

from __future__ import annotations

import argparse
import ast
import bdb
import contextlib
import importlib
import linecache
import os
import shlex
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path

from datasets import also_from
from graders import KIT
from graders.cli import arguments, play_errors, play_notebook
from graders.cli.arguments import NothingFound, Parser, UsageError
from graders.rubric import Task
from graders.rubric.stubs import pristine
from graders.submission import Source, Unreadable, is_stub, load, trial

FINE, STOPPED = 0, 1


def main(words: list[str], parser: Parser) -> int:
    """Runs `python grade.py play`.

    Args:
        words: List of strings, what follows `play`.
        parser: The parser to fill in; it raises on wrong usage.

    Returns:
        Integer, the exit code: 1 if the code raised an error, or there is none yet.

    Raises:
        UsageError: If there is nothing to play with.
        KeyboardInterrupt: If it was stopped.
    """
    _options(parser)
    given = parser.parse_args(words)
    tasks = arguments.find([given.task])
    if len(tasks) > 1:
        ids = ", ".join(task.id for task in tasks)
        raise UsageError(f"play takes one task. Write one of {ids} in place of {given.task}.")
    [task] = tasks
    if task.datasets:
        # Of a course's own task.
        also_from(task.datasets)
    where = Path(given.source).expanduser() if given.source else task.stub
    if not where.exists():
        raise NothingFound(f"There is no file or folder {where}. Check the path.")
    try:
        source = load(task, where)
    except Unreadable as error:
        print(error, file=sys.stderr)
        return STOPPED
    if source.note:
        print(source.note, file=sys.stderr)
    if given.notebook:
        return play_notebook.show(task, source, _trial_of(task, source)[1])
    return run(task, source)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Run your functions on the task's data: ungraded, outside the sandbox, in this terminal."
    )
    parser.add_argument("task", metavar="TASK", help="the task's id")
    parser.add_argument("--from", dest="source", metavar="FILE", help="this work instead")
    parser.add_argument("--notebook", action="store_true", help="open it in Jupyter")


def run(task: Task, source: Source) -> int:
    """Runs a submission and its trial run as a program of its own.

    Args:
        task: `Task`.
        source: `Source`.

    Returns:
        Integer, the exit code.

    Raises:
        UsageError: If there is no trial run.
        KeyboardInterrupt: If it was stopped.
    """
    path = shlex.quote(str(_shown(source.path)))
    if is_stub(source, task):
        print(f"{task.id} is still the stub: open {path} and write what its TODOs ask for.")
        return STOPPED
    parts = _programs(task, source)
    with _as_main(source.path) as module:
        try:
            _import_keras(source)
            _ready_for_pictures(source)
            for program in parts:
                exec(program, module.__dict__)
            _show_pictures()
        except bdb.BdbQuit:
            # `q` in the debugger.
            raise KeyboardInterrupt from None
        except SystemExit as end:
            if end.code not in (None, 0):
                print(f"{task.id}: the code ended itself: exit({end.code!r}).", file=sys.stderr)
                return STOPPED
        except Exception as error:
            sys.stdout.flush()
            print(play_errors.words(error, task, source), file=sys.stderr)
            return STOPPED
    work = "" if source.path.with_suffix("") == task.stub.with_suffix("") else f" --from {path}"
    print(f"Not graded. For a verdict: python grade.py {task.id}{work}")
    return FINE


def _shown(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _trial_of(task: Task, source: Source) -> tuple[str, str]:
    """Returns the text that holds the trial run to be used, and the run as a notebook has it."""
    for text in (source.text, pristine(task) or ""):
        run = trial.cut(text)[1]
        if run or trial.only(trial.parse(text)).body:
            return text, run
    raise UsageError(
        f'{task.id} has no trial run: write one at its end, below `if __name__ == "__main__":`.'
    )


def _programs(task: Task, source: Source) -> list[types.CodeType]:
    """Compiles what is to run; tracebacks and the debugger find the lines of each."""
    text, _ = _trial_of(task, source)
    found = [_compiled(source.text, str(source.path), source.tree)]
    if text != source.text:
        found.append(
            _compiled(text, f"<{task.id}.py as handed out>", trial.only(trial.parse(text)))
        )
    return found


def _compiled(text: str, name: str, tree: ast.Module) -> types.CodeType:
    lines = text.splitlines(keepends=True)
    # Without a time of change it stays: of a notebook, no file has these lines.
    linecache.cache[name] = (len(text), None, lines, name)
    return compile(tree, name, "exec", dont_inherit=True)


@contextlib.contextmanager
def _as_main(path: Path) -> Iterator[types.ModuleType]:
    """Makes room for a program: its own `__main__`, arguments and places to import from."""
    module = types.ModuleType("__main__")
    module.__file__ = str(path.resolve())
    before = sys.modules["__main__"], sys.argv, sys.path[:]
    sys.modules["__main__"], sys.argv = module, [str(path)]
    # As Python does it for a script; and the kit, for its data.
    sys.path[:] = [str(path.resolve().parent), str(KIT), *sys.path]
    try:
        yield module
    finally:
        sys.modules["__main__"], sys.argv, sys.path[:] = before


def _import_keras(source: Source) -> None:
    """Imports Keras where the code does, without TensorFlow's notes on the machine."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "keras" not in source.text or "keras" in sys.modules:
        return
    with contextlib.suppress(Exception), _without_notes():
        importlib.import_module("keras")


@contextlib.contextmanager
def _without_notes() -> Iterator[None]:
    """Hides what libraries in other languages write to standard error."""
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    try:
        with tempfile.TemporaryFile() as hidden:
            os.dup2(hidden.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _ready_for_pictures(source: Source) -> None:
    """Lets `plt.show()` save what it cannot show; loads nothing that the code does not use."""
    if "matplotlib" in source.text:
        from datasets import saving

        saving.ready()


def _show_pictures() -> None:
    """Saves, where there is no display, the figures that nothing has shown."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None and pyplot.get_fignums():
        from datasets import saving

        saving.save_left()

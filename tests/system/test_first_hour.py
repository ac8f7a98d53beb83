"""The README's first hour, replayed: every command shown gives what is shown."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from graders import rubric
from graders.rubric import KIT

TASK = rubric.find("custom_layer")
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A line of progress; tasks that are graded side by side end in any order.
DONE = re.compile(r"^\w+: (not started|passed), ")


def section(readme: str) -> str:
    """Returns the part of a README that shows the first hour."""
    [found] = re.findall(r"^## The first hour\n(.*?)^## ", readme, re.MULTILINE | re.DOTALL)
    return found


def comparable(output: str) -> list[str]:
    """Returns the lines of an output without what differs from run to run: times, order, level."""
    lines = [re.sub(r"\b\d+\.\d s\b", "T s", line.rstrip()) for line in output.splitlines()]
    lines = [re.sub(r"(\d/\d+) +\d+\.\d$", r"\1 T", line) for line in lines]
    lines = [re.sub(r"\bin \d+\.\d\ds$", "in T s", line) for line in lines]
    # Machines differ in what keeps the code apart.
    lines = [re.sub(r"^Isolation: .*", "Isolation", line) for line in lines]
    lines = [re.sub(r"^(Whole kit: .* of) \d+ (.* of) \d+ ", r"\1 N \2 N ", line) for line in lines]
    done = sorted(line for line in lines if DONE.match(line))
    return [done.pop(0) if DONE.match(line) else line for line in lines if line]


def with_method(module: str, code: str) -> str:
    """Returns a module with one method of its class written otherwise."""
    [name] = re.findall(r"^def (\w+)", code)
    [method] = [
        node
        for node in ast.walk(ast.parse(module))
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    lines = module.split("\n")
    lines[method.lineno - 1 : method.end_lineno] = textwrap.indent(code.rstrip(), "    ").split(
        "\n"
    )
    return "\n".join(lines)


def replay(kit: Path, python: Path, environment: dict[str, str]) -> None:
    """Does in a student copy what the first hour shows: each command, each change, in order.

    Args:
        kit: Path of the copy.
        python: Path of the interpreter for `python`.
        environment: Dict of strings.
    """
    path = kit / TASK.stub.relative_to(KIT)
    # "Three of the methods as their TODOs say".
    solution = re.sub(r"^ *### (BEGIN|END) SOLUTION\n", "", TASK.reference.read_text(), flags=re.M)
    blocks = BLOCK.findall(section((kit / "assignments" / "README.md").read_text(encoding="utf-8")))
    assert [kind for kind, _ in blocks].count("console") >= 4
    for kind, text in blocks:
        if kind == "python":
            path.write_text(with_method(solution, text), encoding="utf-8")
            continue
        command, _, shown = text.partition("\n")
        assert command.startswith(("$ python grade.py", "$ python -m pytest"))
        done = subprocess.run(
            [python, *shlex.split(command)[2:]], cwd=kit, capture_output=True, text=True,
            timeout=600, env=environment, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.stderr == ""
        assert comparable(shown) == comparable(done.stdout), command


def surroundings(cache: Path) -> dict[str, str]:
    """Returns the environment of a student's terminal, with a cache of its own."""
    left_out = ("KERAS_KIT_SECRET", "PYTHONPATH", "VIRTUAL_ENV", "DISPLAY", "MPLBACKEND")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "KERAS_KIT_CACHE": str(cache), "COLUMNS": "80", "NO_COLOR": "1"}


def test_the_readme_shows_what_comes(released: Path, tmp_path: Path) -> None:
    """In a fresh copy of what students get, with the Python that runs this test."""
    kit = tmp_path / "student"
    shutil.copytree(released / "student", kit)
    replay(kit, Path(sys.executable), surroundings(tmp_path / "cache"))


def test_it_fits_a_terminal() -> None:
    """Nothing that is shown is wider than 80 columns, or ends in blanks; but code to paste."""
    readme = (KIT / "assignments" / "README.md").read_text(encoding="utf-8")
    lines = [line for _, text in BLOCK.findall(section(readme)) for line in text.splitlines()]
    assert len(lines) > 40
    for line in lines:
        to_paste = line.startswith(("      from custom_layer import ", "      print("))
        assert (len(line) <= 80 or to_paste) and line == line.rstrip(), line


def test_it_tells_a_whole_story() -> None:
    """Stubs, a hint, a message, all points, progress over the kit, and what comes next."""
    readme = (KIT / "assignments" / "README.md").read_text(encoding="utf-8")
    shown = " ".join(section(readme).split())
    for words in (
        "0 of 2 tasks complete, 0 of 20 points",
        "Hint 1 of 3",
        "custom_layer: failed activation",
        "custom_layer: passed, 10 of 10 points",
        "Whole kit: 1 of 9 tasks complete, 10 of 90 points.",
        "Next: open assignments/model_architectures/cnn.py",
    ):
        assert words in shown


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a: passed, 10 of 10 points, 1.2 s", "a: passed, 10 of 10 points, 33.4 s", True),
        ("a: passed, 10 of 10 points, 1.2 s", "a: passed, 9 of 10 points, 1.2 s", False),
        (" cnn  passed  9/9  10/10   19.4", " cnn  passed  9/9  10/10       0.1", True),
        (" cnn  passed  9/9  10/10   19.4", " cnn  passed  8/9  10/10   19.4", False),
        ("a: not started, x\nb: not started, x", "b: not started, x\na: not started, x", True),
        ("a: not started, x\nb: not started, x", "a: not started, x\na: not started, x", False),
        ("Next: a", "Next: b", False),
        (
            "Whole kit: 1 of 9 tasks complete, 10 of 90 points.",
            "Whole kit: 1 of 10 tasks complete, 10 of 100 points.",
            True,
        ),
        (
            "Whole kit: 1 of 9 tasks complete, 10 of 90 points.",
            "Whole kit: 2 of 9 tasks complete, 20 of 90 points.",
            False,
        ),
    ],
)
def test_only_times_and_order_may_differ(one: str, other: str, same: bool) -> None:
    """What the comparison forgives: seconds, and which of several tasks ends first."""
    assert (comparable(one) == comparable(other)) is same

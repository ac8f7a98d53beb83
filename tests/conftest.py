"""Fixtures of the kit's own tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graders import KIT, rubric
from graders.runner import Event, Listener, Request, Runner, Settings
from graders.verdict import TaskVerdict
from tests import bytecode

Grade = Callable[..., TaskVerdict]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options of the kit's own tests."""
    parser.addoption(
        "--all",
        action="store_true",
        help="every floor of the tests: processes, the terminal, nbgrader and the corpus too",
    )
    parser.addoption(
        "--report-card",
        action="store_true",
        help="keep what the tests of the corpus find, and write tests/REPORT_CARD.md",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Lets the many processes that tests start share their bytecode; keeps results if asked to."""
    bytecode.keep()
    # Stealing leaves neighbours together: the fixtures of a module are made once.
    if getattr(config.option, "dist", "") == "load":
        config.option.dist = "worksteal"
    # With -n, each worker reads the command line anew.
    if config.getoption("--all"):
        config.args = [str(KIT / "tests")]
    if config.getoption("--report-card") and not hasattr(config, "workerinput"):
        from tests.report_card import Recorder

        config.pluginmanager.register(Recorder())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is marked, unless it is asked for: by `--all`, or by its path."""
    if config.getoption("--all") or config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    marks = ("system", "slow")
    kept = [item for item in items if not any(item.get_closest_marker(mark) for mark in marks)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session")
def listeners() -> list[Listener]:
    """What listens to the runner's gradings; whoever adds to it takes it out again."""
    return []


@pytest.fixture(scope="session")
def runner(listeners: list[Listener]) -> Iterator[Runner]:
    """One warm process for all gradings of a test session."""

    def tell(task: str, event: Event) -> None:
        for listener in listeners:
            listener(task, event)

    # One thread each: tests run side by side. A long limit: CI machines have slow days.
    with Runner(Settings(threads=1, seconds=1200), tell) as found:
        yield found


@pytest.fixture
def grade(runner: Runner, tmp_path: Path) -> Grade:
    """Returns a function that grades source text: `grade(task, text, **settings)`."""

    def run(task: str, text: str, **changes: Any) -> TaskVerdict:
        path = tmp_path / f"{task}.py"
        path.write_text(text, encoding="utf-8")
        kept = runner.settings
        runner.settings = dataclasses.replace(kept, **{"seconds": 600.0, **changes})
        try:
            return runner.grade_task(Request(rubric.find(task), path))
        finally:
            runner.settings = kept

    return run


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release, to look at; a test that writes into it takes a copy."""
    pytest.importorskip("nbformat")
    pytest.importorskip("jupytext")
    from graders.course.release import release

    target = tmp_path_factory.mktemp("released")
    release(target)
    return target

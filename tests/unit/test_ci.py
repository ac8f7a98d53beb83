"""What a host of the kit runs: the README's commands, everywhere that the kit is for."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from graders import KIT

yaml = pytest.importorskip("yaml")
README = (KIT / "README.md").read_text(encoding="utf-8")
WORKFLOW = KIT / ".github" / "workflows" / "ci.yml"


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    """The workflow, as GitHub reads it."""
    return yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))


def commands(job: dict[str, Any]) -> list[str]:
    """Returns the commands of a job that have no name: a name says why one is no README's."""
    return [step["run"] for step in job["steps"] if "run" in step and "name" not in step]


def shown() -> set[str]:
    """Returns the commands that the README shows, whole and part by part."""
    blocks = re.findall(r"^    (.+)$", README, re.MULTILINE)
    inline = re.findall(r"`([^`]+)`", README)
    found = {line.strip() for line in [*blocks, *inline]}
    parts = {part for line in found for part in line.split(" && ")}
    # In a virtual environment it is the same command without uv.
    return found | parts | {part.replace("python -m uv run ", "python ") for part in parts}


def test_its_commands_are_the_readmes(workflow: dict[Any, Any]) -> None:
    """Whoever follows the README runs what is tested; only the nightly build takes one more."""
    known = shown()
    for name, job in workflow["jobs"].items():
        assert commands(job), name
        for command in commands(job):
            assert command in known, (name, command)
        named = [step for step in job["steps"] if "run" in step and "name" in step]
        assert len(named) == (name == "nightly")


def test_it_runs_what_the_kits_own_ci_runs(workflow: dict[Any, Any]) -> None:
    """`.ci/run` and the job `tests` run the same."""
    own = (KIT / ".ci" / "run").read_text(encoding="utf-8")
    lines = [line.replace(" --quiet", "") for line in own.splitlines() if " -m uv run " in line]
    assert commands(workflow["jobs"]["tests"]) == lines


def test_the_matrix_is_what_the_kit_is_for(workflow: dict[Any, Any]) -> None:
    """Three systems, each Python from the oldest that is allowed, the oldest Keras and the newest."""
    job = workflow["jobs"]["reference"]
    matrix = job["strategy"]["matrix"]
    assert matrix["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    project = tomllib.loads((KIT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
    assert project["requires-python"] == f">={matrix['python'][0]}"
    oldest = matrix["keras"][0]
    assert matrix["keras"] == [oldest, "newest"]
    assert f"keras>={oldest}" in project["dependencies"]
    constraint = f".github/keras-{oldest}.txt"
    assert (
        constraint in job["env"]["PIP_CONSTRAINT"] and f"'{oldest}'" in job["env"]["PIP_CONSTRAINT"]
    )
    assert f"keras=={oldest}.*" in (KIT / constraint).read_text(encoding="utf-8").splitlines()


def test_the_nightly_build_comes_once_a_week(workflow: dict[Any, Any]) -> None:
    """YAML reads the key `on` as a truth value."""
    [entry] = workflow[True]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* \d", entry["cron"])
    jobs = workflow["jobs"]
    assert [name for name in jobs if "!= 'schedule'" not in jobs[name]["if"]] == ["nightly"]

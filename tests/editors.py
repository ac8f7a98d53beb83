"""Compares what pytest shows in a student's copy with what `python grade.py` says there.

`python -m tests.editors [TASK …] [--only WORD]` does so for the whole corpus of some tasks, and
prints what differs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graders import KIT, rubric
from tests.corpus import Case, cases

TASKS = ("custom_layer", "penalized_loss", "multi_branch")
# What pytest calls the outcomes of checks: to it, an error of the student's is a failure, too.
CALLED = {"passed": "passed", "failed": "failure", "error": "failure", "skipped": "skipped"}


class Copy:
    """A student's copy of the kit, to work in.

    Args:
        student: Path of a released student copy, which is copied.
        folder: Path of an empty folder.
    """

    def __init__(self, student: Path, folder: Path):
        self.folder = folder / "student"
        shutil.copytree(student, self.folder)
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "KERAS_KIT_SECRET"},
            "KERAS_KIT_CACHE": str(folder / "cache"),
            # Students have no plugins of the kit's developers.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "COLUMNS": "80",
        }

    def path(self, task: str) -> Path:
        """Returns the student's module for a task."""
        return self.folder / rubric.find(task).stub.relative_to(KIT)

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs Python in the copy."""
        return subprocess.run(
            [sys.executable, *words], cwd=self.folder, capture_output=True, text=True, timeout=1200,
            env={**self.environment, **environment}, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def pytest(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs pytest in the copy."""
        return self.run("-m", "pytest", *words, **environment)

    def grade(self, *words: str) -> dict[str, Any]:
        """Runs grade.py in the copy, and returns its JSON."""
        done = self.run("grade.py", *words, "--json", "-")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def tests(self, *words: str) -> dict[str, tuple[str, str, dict[str, str]]]:
        """Runs pytest in the copy.

        Returns:
            Dict: `"<task>::<check>"` -> the outcome, the text and the properties of the test.
        """
        report = self.folder.parent / "report.xml"
        done = self.pytest("--junitxml", str(report), "-o", "junit_family=xunit1", *words)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        found = {}
        for case in ET.parse(report).iter("testcase"):
            task = case.attrib["classname"].rpartition(".")[2]
            [told] = [part for part in case if part.tag in CALLED.values()] or [None]
            text = "" if told is None else f"{told.get('message')}\n{told.text}"
            properties = {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
            outcome = "passed" if told is None else told.tag
            found[f"{task}::{case.attrib['name']}"] = (outcome, text, properties)
        return found


def differences(copy: Copy, tasks: Sequence[str]) -> list[str]:
    """Grades tasks in both ways, as they are now; pytest comes first, without a verdict to look up.

    Returns:
        List of strings, what differs.
    """
    shown = copy.tests(*(str(copy.path(task)) for task in tasks))
    found = []
    checks = {c["id"]: c for task in copy.grade(*tasks)["tasks"] for c in task["checks"]}
    if set(checks) != set(shown):
        found.append(f"other checks: {sorted(set(checks) ^ set(shown))}")
    for name in set(checks) & set(shown):
        check, (outcome, text, properties) = checks[name], shown[name]
        if outcome != CALLED[check["outcome"]]:
            found.append(f"{name}: pytest says {outcome}, grade.py {check['outcome']}")
        for key in ("points", "max_points"):
            if float(properties.get(key, -1)) != check[key]:
                found.append(f"{name}: {key}: {properties.get(key)}, {check[key]}")
        if " ".join(check["message"].split()) not in " ".join(text.split()):
            found.append(f"{name}: pytest does not say {check['message']!r}")
        if check["outcome"] in ("failed", "error") and check["hint"] not in text:
            found.append(f"{name}: pytest does not give the hint {check['hint']!r}")
        if "Traceback" in text or "graders/" in text:
            found.append(f"{name}: pytest shows the grader's code: {text}")
    return found


def seconds(copy: Copy, *words: str) -> float:
    """Returns the processor time of a run of pytest, which other programs do not lengthen."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    copy.pytest(*words)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def put(copy: Copy, some: Sequence[Case]) -> None:
    """Puts submissions in the place of the stubs."""
    for case in some:
        shutil.copy(case.path, copy.path(case.task))


def main(arguments: list[str] | None = None) -> int:
    """Compares for the corpus of tasks, one submission of each at a time."""
    parser = argparse.ArgumentParser(description="Compare pytest in the student copy and grade.py.")
    parser.add_argument("tasks", nargs="*", default=list(TASKS))
    parser.add_argument("--only", default="", help="only files whose path holds this word")
    given = parser.parse_args(arguments)
    from graders.course.release import release

    bad = 0
    corpora = [[c for c in cases(task) if given.only in c.name] for task in given.tasks]
    with tempfile.TemporaryDirectory() as folder:
        release(Path(folder, "released"))
        copy = Copy(Path(folder, "released", "student"), Path(folder))
        for round_ in itertools.zip_longest(*corpora):
            some = [case for case in round_ if case is not None]
            put(copy, some)
            found = differences(copy, [case.task for case in some])
            bad += bool(found)
            print("DIFFERS" if found else "ok", *(case.name for case in some), flush=True)
            for line in found:
                print(f"        {line}", flush=True)
    print(f"{bad} rounds differ, of {max(map(len, corpora), default=0)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

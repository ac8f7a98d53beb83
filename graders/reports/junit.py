"""The verdict as JUnit XML, which continuous integration everywhere shows as a list of tests.

A task is a test suite, a check a test case. The elements and their order are those of the schema
that Jenkins publishes, so that strict readers take it too.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter

from graders.reports import further, places
from graders.verdict import CheckResult, TaskVerdict, Verdict

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)


def _counts(checks: tuple[CheckResult, ...]) -> dict[str, str]:
    found = Counter(check.outcome for check in checks)
    return {
        "tests": str(len(checks)),
        "failures": str(found["failed"]),
        "errors": str(found["error"]),
        "skipped": str(found["skipped"]),
    }


def _case(suite: ET.Element, task: TaskVerdict, check: CheckResult) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        name=_clean(check.id.partition("::")[2]),
        classname=_clean(f"{task.section}.{task.task}"),
        time=f"{check.seconds:.3f}",
    )
    tags = {"failed": "failure", "error": "error", "skipped": "skipped"}
    if check.outcome not in tags:
        return
    message = _clean(check.message or check.description)
    first = message.strip().splitlines()[0] if message.strip() else ""
    found = ET.SubElement(case, tags[check.outcome], message=first)
    if check.outcome != "skipped":
        found.set("type", "CheckFailed" if check.outcome == "failed" else "SubmissionError")
        told = "".join(f"\n{_clean(row)}" for row in places.below(check))
        hint = f"\nHint: {_clean(check.hint)}" if check.hint else ""
        line = further.read_line(check)
        read = f"\n{_clean(line)}" if line else ""
        found.text = f"{_clean(check.description)}\n{message}{told}{hint}{read}"


def render(verdict: Verdict) -> str:
    """Renders a verdict as JUnit XML.

    Args:
        verdict: `Verdict`.

    Returns:
        String, the XML document. A fault of the grader's is an error of its suite, never a failure
        of the student's.
    """
    every = tuple(check for task in verdict.tasks for check in task.checks)
    total = _counts(every)
    broken = sum(task.status == "grader_error" for task in verdict.tasks)
    root = ET.Element(
        "testsuites",
        name="keras-exercise-kit",
        time=f"{verdict.seconds:.3f}",
        tests=str(int(total["tests"]) + broken),
        failures=total["failures"],
        errors=str(int(total["errors"]) + broken),
    )
    for index, task in enumerate(verdict.tasks):
        counts = _counts(task.checks)
        ours = task.status == "grader_error"
        if ours:
            counts |= {
                "tests": str(len(task.checks) + 1),
                "errors": str(int(counts["errors"]) + 1),
            }
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_clean(task.task),
            package=_clean(task.section),
            id=str(index),
            time=f"{task.seconds:.3f}",
            attrib=counts,
        )
        properties = ET.SubElement(suite, "properties")
        for name, value in (
            ("status", task.status),
            ("points", f"{task.points:g}"),
            ("max_points", f"{task.max_points:g}"),
            ("isolation", task.isolation),
            ("submission", task.submission),
        ):
            ET.SubElement(properties, "property", name=name, value=_clean(value))
        if ours:
            case = ET.SubElement(
                suite, "testcase", name="grader", classname=f"{task.section}.{task.task}", time="0"
            )
            error = ET.SubElement(
                case, "error", message="The grader itself failed.", type="GraderError"
            )
            error.text = _clean(task.message)
        for check in task.checks:
            _case(suite, task, check)
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'

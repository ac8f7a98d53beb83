"""The graders' report card agrees with the results that are committed beside it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from graders import rubric
from graders.runner import Request, Runner
from graders.verdict import CheckResult, TaskVerdict
from tests import corpus, report_card
from tests.mutants import summary
from tests.quality import diagnosed, records, survivors

TASKS = rubric.tasks()


def test_the_page_is_what_the_results_say() -> None:
    """`python -m tests.report_card` would change nothing."""
    assert report_card.PAGE.read_text(encoding="utf-8") == report_card.render()


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_every_survivor_is_explained_or_listed_as_open(task: rubric.Task) -> None:
    """No mutant survives in silence."""
    page = report_card.PAGE.read_text(encoding="utf-8")
    open_part, _, explained_part = page.partition("## Open mutants")[2].partition("## Survivors")
    results = records.read("mutants", task.id)
    _, still_open = summary(results, survivors.load())
    for name, result in results.items():
        if name in still_open:
            assert f"- `{name}`" in open_part
        elif result["outcome"] != "killed":
            found = survivors.explain(survivors.load(), name, result["change"])
            assert found is not None
            assert f"- `{found.pattern}`" in explained_part


def test_explanations_are_of_tasks_that_exist() -> None:
    """A misspelt id in survivors.toml would explain nothing."""
    known = {task.id for task in TASKS}
    assert {e.pattern.partition(":")[0] for e in survivors.load()} <= known


def case(folder: Path, kind: str, name: str = "x") -> corpus.Case:
    """Returns a case of custom_layer."""
    path = folder / "custom_layer" / kind / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("import keras\n", encoding="utf-8")
    return corpus.Case("custom_layer", path, kind == "right", ("computes",), ("bias",))


def row(case: corpus.Case, found: TaskVerdict) -> dict[str, Any]:
    """Returns what is kept of a verdict."""
    return report_card.corpus_row(case, corpus.judgement(case, found))


def verdict(status: str, message: str = "") -> TaskVerdict:
    """Returns a verdict with one check."""
    outcome = "passed" if status == "passed" else "failed"
    checks = (CheckResult("custom_layer::computes", "", outcome, 0, 1, message),)
    return TaskVerdict("custom_layer", "customization", status, checks)


@pytest.mark.parametrize(
    ("kind", "found", "wanted"),
    [
        ("right", verdict("passed"), {"accepted": True, "rejected": False, "agrees": True}),
        ("right", verdict("failed"), {"accepted": False, "rejected": True, "agrees": False}),
        ("wrong", verdict("passed"), {"accepted": True, "rejected": False, "agrees": False}),
        ("wrong", verdict("failed", "the bias"), {"accepted": False, "rejected": True, "agrees": True}),
        ("wrong", verdict("failed", "else"), {"accepted": False, "rejected": True, "agrees": False}),
        ("wrong", verdict("grader_error"), {"accepted": False, "rejected": False, "agrees": False}),
    ],
)  # fmt: skip
def test_what_is_kept_of_a_grading(
    kind: str, found: TaskVerdict, wanted: dict, tmp_path: Path
) -> None:
    """A grader that broke has rejected nothing; another message is no right diagnosis."""
    result = row(case(tmp_path, kind), found)
    assert {name: result[name] for name in ("accepted", "rejected")} == {
        name: wanted[name] for name in ("accepted", "rejected")
    }
    assert (result["difference"] == "") == wanted["agrees"]


def test_the_page_shows_what_went_wrong(tmp_path: Path) -> None:
    """Counts, bounds and each thing that went wrong stand on the page."""
    good = row(case(tmp_path, "right", "a"), verdict("passed"))
    missed = row(case(tmp_path, "wrong", "b"), verdict("passed"))
    cases = {"right/a": good, "wrong/b": missed}
    records.write("corpus", "custom_layer", cases, tmp_path, {"submissions": 3})
    mutant = {"outcome": "survived", "change": "1 -> 2", "line": 3}
    results = {"custom_layer:new": mutant, "custom_layer:dead": {**mutant, "outcome": "killed"}}
    records.write("mutants", "custom_layer", results, tmp_path, {"mutants": 7})
    failure = {"draw": 3, "setup": "", "status": "failed", "check": "computes", "message": "off"}
    entries = {
        "reference": {"gradings": 100, "rejects": 0},
        "idiomatic": {"gradings": 10, "rejects": 1, "failures": [failure]},
    }
    records.write("stability", "custom_layer", entries, tmp_path)
    page = report_card.render(tmp_path)
    assert "| `custom_layer` | 2 of 3 | 1 of 1 | 0 of 1 | 0 of 1 |" in page
    assert "| `custom_layer` | 7 | 2 | 1 | 0 | 0 | 1 | 0 | 50.0 % |" in page
    assert "| `custom_layer` | 0 of 100 | 2.95 % | 1 of 10 |" in page
    assert "- `custom_layer/wrong/b`: must fail on computes" in page
    assert "- `custom_layer/idiomatic`, computes, 1 of 10: off" in page
    assert "- `custom_layer:new` (survived): `1 -> 2`." in page
    assert "| `cnn` | – | – | – | – |" in page


def test_programs_of_others_have_a_table(tmp_path: Path) -> None:
    """What was detected, named and located, beside the peers; and the alarms."""
    row = {"half": "dev", "clash": True, "seconds": 9.0, "detected": True}
    programs = {
        "1": {**row, "named": True, "located": False},
        "2": {**row, "named": False, "located": False, "half": "held"},
    }
    diagnosed.keep({"programs": programs, "peers": {"UMLAUT": {"2": True}}}, tmp_path)
    diagnosed.keep({"corrected": {"a": [], "b": ["diverged"]}}, tmp_path)
    page = report_card.render(tmp_path)
    assert "| programs | detected | named | and the line | UMLAUT |" in page
    assert "| 2, all | 2 | 1 | 0 | 1 |" in page
    assert "| 1, developed on | 1 | 1 | 0 | 0 |" in page
    assert (
        "Of 2 corrected programs that run (DeepLocalize's), 1 raised an alarm: b (diverged)."
        in page
    )


def test_wrong_work_is_graded_to_its_first_fault(tmp_path: Path) -> None:
    """A grading that ended at a check that did not pass has rejected, and says where."""

    class Stopped:
        def __init__(self, message: str):
            self.message = message

        def grade_task(self, _: Request) -> TaskVerdict:
            found = CheckResult("custom_layer::computes", "", "failed", 0, 1, self.message)
            raise corpus.FirstFailure(found)

    wrong = case(tmp_path, "wrong")
    for message, differs in (("the bias", False), ("else", True)):
        judged = corpus.judge(wrong, cast(Runner, Stopped(message)))
        assert (judged.accepted, judged.rejected, judged.first) == (False, True, "computes")
        assert bool(judged.difference) == differs


def test_results_of_the_corpus_are_kept(tmp_path: Path) -> None:
    """A new result takes the place of the old one; those of files that are gone go too."""
    real = next(c for c in corpus.cases("custom_layer") if c.right)
    old = {"right/gone": {"accepted": True}, f"right/{real.path.stem}": {"accepted": False}}
    records.write("corpus", "custom_layer", old, tmp_path)
    report_card.keep_corpus({real.name: row(real, verdict("passed"))}, tmp_path)
    [(name, kept)] = records.read("corpus", "custom_layer", tmp_path).items()
    assert (name, kept["accepted"]) == (f"right/{real.path.stem}", True)
    source = real.path.read_text(encoding="utf-8")
    assert records.holds(kept, source, rubric.find("custom_layer"))
    count = records.about("corpus", "custom_layer", tmp_path)["submissions"]
    assert count == len(corpus.cases("custom_layer"))


def test_the_plugin_takes_what_the_workers_report(tmp_path: Path) -> None:
    """Each submission once, from the call itself; other tests' reports say nothing."""
    real = corpus.cases("custom_layer")[0]
    judged = dataclasses.asdict(corpus.judgement(real, verdict("passed")))
    properties = [("else", 1), (corpus.JUDGED, [real.name, judged])]
    recorder = report_card.Recorder(tmp_path, tmp_path / "page.md")
    for when in ("setup", "call", "teardown"):
        recorder.pytest_runtest_logreport(report(when, properties))
        recorder.pytest_runtest_logreport(report(when, []))
    assert len(recorder.rows) == 1
    told: list[str] = []
    recorder.pytest_terminal_summary(SimpleNamespace(write_line=told.append))
    assert told == [f"1 submission kept in {tmp_path / 'page.md'}"]
    assert len(records.read("corpus", "custom_layer", tmp_path)) == 1
    assert "| `custom_layer` | 1 of " in (tmp_path / "page.md").read_text(encoding="utf-8")


def report(when: str, properties: list[tuple[str, Any]]) -> pytest.TestReport:
    """Returns a report such as pytest makes."""
    return pytest.TestReport(
        "x", ("x", 0, "x"), {}, "passed", None, cast(Any, when), user_properties=properties
    )


def test_wrong_usage_is_2(capsys: pytest.CaptureFixture) -> None:
    """Wrong usage never ends in a traceback."""
    with pytest.raises(SystemExit) as ended:
        report_card.main(["nothing"])
    assert ended.value.code == 2
    assert "nothing" in capsys.readouterr().err.splitlines()[-1]

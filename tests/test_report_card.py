"""The graders' report card agrees with the results that are committed beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders import rubric
from graders.runner import Request, Settings
from graders.verdict import CheckResult, TaskVerdict
from tests import corpus, report_card
from tests.mutants import summary
from tests.quality import records, survivors

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


def case(kind: str, name: str = "x") -> corpus.Case:
    """Returns a case of custom_layer."""
    path = Path(f"custom_layer/{kind}/{name}.py")
    return corpus.Case("custom_layer", path, kind == "right", ("computes",), ("bias",))


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
def test_what_is_kept_of_a_grading(kind: str, found: TaskVerdict, wanted: dict) -> None:
    """A grader that broke has rejected nothing; another message is no right diagnosis."""
    result = report_card.corpus_result(case(kind), found)
    assert {name: result[name] for name in ("accepted", "rejected")} == {
        name: wanted[name] for name in ("accepted", "rejected")
    }
    assert (result["difference"] == "") == wanted["agrees"]


def test_the_page_shows_what_went_wrong(tmp_path: Path) -> None:
    """Counts, bounds and each thing that went wrong stand on the page."""
    good = report_card.corpus_result(case("right", "a"), verdict("passed"))
    missed = report_card.corpus_result(case("wrong", "b"), verdict("passed"))
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


def test_the_corpus_is_graded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of the corpus hold until something changes."""
    asked: list[Request] = []

    class FakeRunner:
        def __init__(self, settings: Settings):
            assert settings.secret

        def __enter__(self):
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def grade_task(self, request: Request) -> TaskVerdict:
            asked.append(request)
            return verdict("passed")

    monkeypatch.setattr(report_card, "Runner", FakeRunner)
    task = rubric.find("custom_layer")
    report_card.grade_corpus([task], folder=tmp_path, only="right/")
    report_card.grade_corpus([task], folder=tmp_path, only="right/")
    assert len(asked) == len([c for c in corpus.cases("custom_layer") if c.right])
    assert all(c["accepted"] for c in records.read("corpus", "custom_layer", tmp_path).values())


def test_wrong_usage_is_one_line_and_2(capsys: pytest.CaptureFixture) -> None:
    """Wrong usage never ends in a traceback."""
    assert report_card.main(["nothing", "--check"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1

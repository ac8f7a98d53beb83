"""Golden verdicts that are made, and the first corpus that they become."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from graders import rubric
from graders.course import first_corpus, goldens
from graders.course.first_corpus import Candidate, Draft
from graders.course.mutation import mutants
from graders.verdict import CheckResult, TaskVerdict, Where
from tests.corpus import read_case

TASK = rubric.find("custom_layer")


def result(message: str, name: str = "computes", outcome: str = "failed") -> CheckResult:
    """Returns what a check of custom_layer found."""
    return CheckResult(f"custom_layer::{name}", "", outcome, 0, 1, message)


def candidate(name: str, right: bool = False, shortcut: str = "") -> Candidate:
    """Returns a candidate whose program is its name."""
    return Candidate(f"op:{name}", name, f'"""Fault: {name}."""\n\n{name} = 1\n', right, shortcut)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "Your code raised ValueError: 3 is too much.\n  File lstm.py",
            ("Your code raised ValueError",),
        ),
        (
            "Expected a training loss that falls. Found a cross-entropy of 0.682 after `train`, "
            "0.701 before. Look at the learning rate.",
            ("a training loss that falls", "a cross-entropy of"),
        ),
        (
            "Expected build_model(20, 3) to give one output. Found 2. Look at Dense(1).",
            ("to give one output",),
        ),
        ("The task's time was up, after 12 s.", ("The task's time was up, after",)),
    ],
    ids=["raised", "both", "expected", "other"],
)
def test_words_outlast_another_draw(message: str, expected: tuple[str, ...]) -> None:
    """The words are parts of the message, without the numbers that each draw changes."""
    found = goldens.words_of(message)
    assert found == expected
    assert all(words in message for words in found)
    assert not any(letter.isdigit() for words in found for letter in words)


def test_the_corpus_reads_what_is_made(tmp_path: Path) -> None:
    """A made file's head is a golden verdict, its program what was graded."""
    path = tmp_path / "custom_layer" / "wrong" / "x.py"
    path.parent.mkdir(parents=True)
    found = result("Expected a bias of zeros. Found a bias of ones and no weights. Look at build.")
    head = goldens.head(found, "no bias [loss]")
    text = goldens.marked("drop:x", head, '"""X."""\n\nx = 1\n')
    path.write_text(text)
    case = read_case(path)
    assert (case.fails, case.says) == (
        ("computes",),
        ("a bias of zeros", "a bias of ones and no weights"),
    )
    assert (case.line, case.no_line) == ("", "the message points at none")
    assert goldens.fails(text) == ["computes"]
    assert goldens.shortcut(text) == "no bias [loss]"
    assert goldens.program(text) == '"""X."""\n\nx = 1\n'
    assert goldens.made(text) == "drop:x"
    assert goldens.made(text.replace("x = 1", "x = 2")) == ""
    assert goldens.made(text.replace("of zeros", "of noughts")) == ""
    assert goldens.made('"""X."""\n') == ""


def test_the_line_is_part_of_what_is_made(tmp_path: Path) -> None:
    """Where a message points at a line, the golden verdict asks for that line."""
    path = tmp_path / "custom_layer" / "wrong" / "x.py"
    path.parent.mkdir(parents=True)
    found = result("Expected a bias of zeros. Found a bias of ones and no weights. Look at build.")
    found = dataclasses.replace(found, where=Where("x.py", 3, code="x = 1"))
    text = goldens.marked("drop:x", goldens.head(found), '"""X."""\n\nx = 1\n')
    path.write_text(text)
    case = read_case(path)
    assert (case.line, case.no_line) == ("x = 1", "")
    assert goldens.program(text) == '"""X."""\n\nx = 1\n'
    assert goldens.made(text) == "drop:x"


def test_each_candidate_lands_where_it_belongs() -> None:
    """Right work that passes and wrong work that fails are kept; the rest is for the author."""
    passed = TaskVerdict("custom_layer", "customization", "passed", ())
    broken = TaskVerdict("custom_layer", "customization", "grader_error", (), message="broken")
    late = result("train did not finish within 60 s and was stopped.", outcome="error")
    refused = result("Expected a layer. Found none. Look at it.")
    draft = Draft()
    for one, found in (
        (candidate("a", right=True), passed),
        (candidate("b", right=True), refused),
        (candidate("c"), passed),
        (candidate("d"), late),
        (candidate("e"), broken),
        (candidate("f"), refused),
        (candidate("g"), refused),
        (candidate("h", shortcut="linear"), refused),
    ):
        first_corpus.settle(draft, one, found)
    assert list(draft.kept) == [Path("right/a.py"), Path("wrong/f.py"), Path("wrong/h.py")]
    assert draft.refused == ["op:b: fails on computes: Expected a layer. Found none. Look at it."]
    assert draft.survived == ["op:c: c."]
    assert [words.partition(":")[2].partition(":")[0] for words in draft.unclear] == ["d", "e"]
    assert draft.caught == {"computes": 2}


def test_no_check_gets_them_all() -> None:
    """So many wrong submissions for one check, and no more."""
    draft = Draft()
    for letter in "abcdefgh":
        first_corpus.settle(draft, candidate(letter), result(f"Expected the letter {letter * 9}."))
    assert len(draft.kept) == first_corpus.FOR_ONE_CHECK


def test_the_authors_own_files_stay(tmp_path: Path) -> None:
    """What was made is made again; a file that somebody wrote or changed is left as it is."""
    first = Draft()
    for name in ("mine", "changed", "old"):
        first_corpus.settle(first, candidate(name), result(f"Expected {name} and nothing else."))
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    own = "# fails: config\n# says: get_config\nmine = 2\n"
    (wrong / "mine.py").write_text(own)
    first_corpus.write(TASK, first, tmp_path)
    assert (wrong / "mine.py").read_text() == own
    assert "mine = 1" in (wrong / "mine_2.py").read_text()
    changed = (wrong / "changed.py").read_text() + "more = 1\n"
    (wrong / "changed.py").write_text(changed)
    first_corpus.write(TASK, Draft(survived=["op:x: a fault"]), tmp_path)
    assert sorted(path.name for path in wrong.iterdir()) == ["changed.py", "mine.py"]
    assert (wrong / "changed.py").read_text() == changed
    page = (tmp_path / first_corpus.DRAFT).read_text()
    assert "0 right and 2 wrong" in page
    assert "- `op:x`: a fault" in page
    # Two checks have a wrong submission.
    open_part = page.partition("## Checks that no wrong")[2].partition("\n## ")[0]
    assert "`any_rank`" in open_part
    assert "`computes`" not in open_part and "`config`" not in open_part


def test_what_came_from_another_task_is_taken_along(tmp_path: Path) -> None:
    """Shortcuts, and one fault for each check; they are graded again with each new corpus."""
    corpus = rubric.KIT / "tests" / "submissions" / "lstm"
    shortcut = corpus / "wrong" / "dense_on_flattened.py"
    found = first_corpus.carried("lstm", corpus, [shortcut])
    assert found[0].shortcut == "Dense on the flattened input"
    assert found[0].how == "from lstm/dense_on_flattened"
    heads = [goldens.fails((corpus / "wrong" / f"{c.name}.py").read_text())[0] for c in found[1:]]
    assert sorted(heads) == sorted(check.name for check in rubric.find("lstm").checks)
    assert not any("# fails" in one.program for one in found)
    draft = Draft()
    first_corpus.settle(draft, found[0], result("Expected an LSTM. Found none. Look at it."))
    first_corpus.settle(draft, candidate("mutant"), result("Expected one more thing. Look."))
    first_corpus.write(TASK, draft, tmp_path)
    assert first_corpus.taken(tmp_path) == [found[0]]


def test_mutants_of_all_kinds_are_chosen() -> None:
    """A few mutants are of as many kinds, and those that train come last in their turn."""
    source = rubric.find("lstm").reference.read_text(encoding="utf-8")
    found = mutants("lstm", source)
    kinds = {(mutant.operator, mutant.trains) for mutant in found}
    chosen = first_corpus.spread(found, len(kinds))
    assert {(mutant.operator, mutant.trains) for mutant in chosen} == kinds
    assert [m.trains for m in chosen] == sorted(m.trains for m in chosen)
    assert first_corpus.spread(found[::-1], 20) == first_corpus.spread(found, 20)
    assert len(first_corpus.spread(found, 10_000)) == len(found)

"""Mutants of a program, and the command that has the graders find them."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from graders import rubric
from graders.course.mutation import Mutant, mutants
from graders.runner import Event, ResultReady, Runner, Settings
from graders.verdict import CheckResult, TaskVerdict
from tests import mutants as command
from tests.quality import records, survivors

PROGRAM = '''
"""A model."""
import keras
from keras import layers

Data = tuple[int, int]


def build_model(size: int, rate: float = 0.5):
    """Build it."""
    model = keras.Sequential([layers.Flatten(), layers.Dense(64, activation="relu")])
    if size > 1:
        model.compile("adam", loss="binary_crossentropy")
    return model


def train(model, train_data, val_data):
    x, y = train_data
    return model.fit(x, y, validation_data=val_data, epochs=5, verbose=0)
'''


@pytest.fixture(scope="module")
def made() -> dict[str, Mutant]:
    """The mutants of the program above, by id."""
    return {mutant.id: mutant for mutant in mutants("t", PROGRAM)}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("drop-statement:build_model:if", None),
        ("drop-statement:build_model:compile", "    if size > 1:\n        pass"),
        ("drop-argument:build_model:Dense.activation", "layers.Dense(64)"),
        ("drop-argument:train:fit.validation_data", "fit(x, y, epochs=5, verbose=0)"),
        ("drop-element:build_model:Flatten", "Sequential([layers.Dense"),
        ("swap-elements:build_model:Flatten+Dense", "activation='relu'), layers.Flatten()]"),
        ("freeze:build_model:Dense", "activation='relu', trainable=False"),
        ("unwrap:build_model:Dense", "layers.Flatten(), 64]"),
        ("swap-arguments:train:fit.arg1", "fit(y, x,"),
        ("change-constant:build_model:default=0", "rate: float=0.0"),
        ("change-constant:build_model:Dense.arg1=0", "Dense(0,"),
        ("change-constant:build_model:Dense.arg1=-64", "Dense(-64,"),
        ("change-constant:build_model:Dense.arg1=65", "Dense(65,"),
        ("change-constant:build_model:Dense.arg1=640", "Dense(640,"),
        ("change-constant:build_model:Dense.arg1=6", "Dense(6,"),
        ("change-constant:train:fit.epochs=0", "epochs=0"),
        ("change-string:build_model:Dense.activation=linear", "activation='linear'"),
        ("change-string:build_model:compile.arg1=sgd", "compile('sgd'"),
        ("change-string:build_model:compile.loss=mean_squared_error", "mean_squared_error"),
        ("negate-condition:build_model:size_1", "if not size > 1"),
        ("swap-operator:build_model:if.Gt=GtE", "if size >= 1"),
        ("return-none:build_model:return", "return None"),
        ("return-argument:train:return", "return model\n"),
        ("return-dict:train:return", ".history"),
        ("no-fit:train:fit", "keras.callbacks.History()"),
        ("swap-data:train:data", "x, y = val_data"),
        ("shuffle-labels:train:data", "permutation(train_data[1])"),
        ("less-data:train:data", "len(a) // 20"),
    ],
)
def test_operator_makes_its_fault(name: str, words: str | None, made: dict[str, Mutant]) -> None:
    """Each operator changes what its name says, and the id says where."""
    mutant = made[f"t:{name}"]
    if words is None:
        assert "compile" not in mutant.source
    else:
        assert words in mutant.source


def test_mutants_are_programs_that_differ(made: dict[str, Mutant]) -> None:
    """Each mutant compiles, and no two are the same program, nor the original."""
    texts = Counter(ast.unparse(ast.parse(mutant.source)) for mutant in made.values())
    assert max(texts.values()) == 1
    assert ast.unparse(ast.parse(PROGRAM)) not in texts


def test_docstrings_annotations_imports_and_verbose_are_left_alone(made: dict[str, Mutant]) -> None:
    """What makes no other program is not mutated."""
    for mutant in made.values():
        assert "verbose" not in mutant.id
        assert "import keras" in mutant.source
        assert '"""A model."""' in mutant.source
        assert "tuple[int, int]" in mutant.source
        assert "size: int" in mutant.source


def test_ids_do_not_depend_on_lines_or_comments(made: dict[str, Mutant]) -> None:
    """An explanation stays with its mutant when comments come and docstrings go."""
    moved = "# A comment.\n\n" + PROGRAM.replace('    """Build it."""\n', "    # Build.\n")
    assert [mutant.id for mutant in mutants("t", moved)] == list(made)


def test_equal_places_are_numbered() -> None:
    """Two mutants never have the same id."""
    found = mutants("t", "def f(a):\n    return g(a, size=2) + g(a, size=2)\n")
    ids = [mutant.id for mutant in found]
    assert "t:drop-argument:f:g.size" in ids
    assert "t:drop-argument:f:g.size#2" in ids
    assert len(set(ids)) == len(ids)


@pytest.mark.slow
@pytest.mark.parametrize("task", rubric.tasks(), ids=lambda task: task.id)
def test_each_reference_has_mutants(task: rubric.Task) -> None:
    """Every reference can be mutated, in at least 40 ways, with ids of its own."""
    found = mutants(task.id, task.reference.read_text(encoding="utf-8"))
    assert len(found) >= 40
    assert len({mutant.id for mutant in found}) == len(found)
    assert all(mutant.id.startswith(f"{task.id}:") for mutant in found)


def test_a_smaller_sample_is_part_of_a_larger_one(made: dict[str, Mutant]) -> None:
    """A sample that grows repeats no work."""
    everything = list(made.values())
    few, more = command.sample(everything, 5), command.sample(everything, 20)
    assert len(few) == 5
    assert {m.id for m in few} <= {m.id for m in more}
    assert command.sample(everything, None) == everything


def verdict(status: str, *checks: tuple[str, str]) -> TaskVerdict:
    """Returns a verdict of custom_layer, with outcomes and messages of its checks."""
    given = checks or ((status if status in ("passed", "error") else "failed", "a message"),)
    found = tuple(CheckResult("custom_layer::computes", "", o, 0, 1, m) for o, m in given)
    return TaskVerdict("custom_layer", "customization", status, found)


SLOW = ("error", "train did not finish within 60 s and was stopped.")


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (verdict("passed"), "survived"),
        (verdict("failed"), "killed"),
        (verdict("error", ("error", "Your code raised NameError")), "killed"),
        (verdict("error", ("passed", ""), SLOW, ("skipped", "")), "timeout"),
        (verdict("error", ("failed", "Expected 1. Found 2."), SLOW), "killed"),
        (verdict("error", ("error", "The task's time limit of 9 s was used up before this.")), "timeout"),
        (verdict("grader_error"), "grader_error"),
    ],
    ids=["passed", "failed", "raised", "slow", "failed-and-slow", "used-up", "grader-error"],
)  # fmt: skip
def test_outcome(found: TaskVerdict, wanted: str) -> None:
    """A mutant is killed by a verdict, not by a limit, nor by a grader that broke."""
    assert command.outcome_of(found) == wanted


def test_the_engine_says_what_the_command_reads() -> None:
    """The words for work that ran out of time are those of the engine."""
    engine = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("judge", "runner")
        for path in sorted((rubric.KIT / "graders" / folder).glob("*.py"))
    )
    for words in ("did not finish within", "was used up before this", "could not evaluate your"):
        assert words in engine


class FakeRunner:
    """Says the same of every submission, and counts."""

    def __init__(self, status: str):
        self.status, self.count = status, 0

    def grade_task(self, request: object) -> TaskVerdict:
        """Grades nothing."""
        self.count += 1
        return verdict(self.status)


def test_results_hold_until_something_changes(tmp_path: Path) -> None:
    """What has been graded is not graded again, unless the mutant, the checks or the engine differ."""
    task = rubric.find("custom_layer")
    session = command.Session(task, tmp_path)
    first, second = session.mutants[:2]
    runner = FakeRunner("failed")
    for mutant in (first, second):
        session.keep(mutant, command.grade_mutant(runner, task, mutant))  # type: ignore[arg-type]
    again = command.Session(task, tmp_path)
    assert {m.id for m in again.waiting(again.mutants, False)} == {m.id for m in again.mutants[2:]}
    again.results[first.id]["engine"] = "another"
    again.results[second.id]["checks"] = "others"
    assert [m.id for m in again.waiting([first, second], False)] == [first.id, second.id]
    assert [m.id for m in again.waiting([first, second], True)] == [second.id]
    assert records.about("mutants", task.id, tmp_path) == {"mutants": len(session.mutants)}


def test_what_ran_out_of_time_is_tried_again(tmp_path: Path) -> None:
    """A slow day settles nothing."""
    session = command.Session(rubric.find("custom_layer"), tmp_path)
    first = session.mutants[0]
    stamp = records.stamp(first.source, session.task)
    session.keep(first, {"outcome": "timeout", "seconds": 120.0, **stamp})
    assert session.waiting([first], True) == [first]


def test_a_result_of_no_mutant_is_dropped(tmp_path: Path) -> None:
    """A reference that changed leaves no results of mutants that it no longer has."""
    records.write("mutants", "custom_layer", {"custom_layer:gone": {}}, tmp_path)
    assert command.Session(rubric.find("custom_layer"), tmp_path).results == {}


def explanations(tmp_path: Path, text: str) -> list[survivors.Explanation]:
    """Reads explanations from text."""
    path = tmp_path / "survivors.toml"
    path.write_text(text, encoding="utf-8")
    return survivors.load(path)


def test_summary_tells_explained_from_open(tmp_path: Path) -> None:
    """Survivors count as what people found them to be; the rest is open."""
    found = explanations(
        tmp_path,
        """
        ["t:a"]
        change = "1 -> 2"
        verdict = "equivalent"
        why = "The same."
        ["t:b*"]
        verdict = "acceptable"
        why = "Right work."
        ["t:b2"]
        verdict = "weak"
        why = "A check lacks it."
        """,
    )
    outcomes = {
        "t:a": ("survived", "1 -> 2"),
        "t:a#2": ("survived", "1 -> 2"),
        "t:b1": ("survived", "x"),
        "t:b2": ("survived", "x"),
        "t:c": ("killed", "x"),
        "t:d": ("timeout", "x"),
    }
    results = {name: {"outcome": o, "change": c} for name, (o, c) in outcomes.items()}
    count, still_open = command.summary(results, found)
    assert count == {
        "equivalent": 1, "acceptable": 1, "weak": 1, "unexplained": 1, "killed": 1, "timeout": 1,
    }  # fmt: skip
    assert still_open == ["t:a#2", "t:b2", "t:d"]
    assert command.kill_rate(count) == pytest.approx(1 / 4)


def test_an_explanation_does_not_pass_over_to_another_change(tmp_path: Path) -> None:
    """An id that now belongs to another fault needs a new explanation."""
    found = explanations(
        tmp_path, '["t:a"]\nchange = "1 -> 2"\nverdict = "equivalent"\nwhy = "The same."\n'
    )
    assert survivors.explain(found, "t:a", "1 -> 2") is not None
    assert survivors.explain(found, "t:a", "1 -> 3") is None


@pytest.mark.parametrize(
    "text",
    ['["t:a"]\nverdict = "fine"\nwhy = "x"', '["t:a"]\nverdict = "weak"', "not toml",
     '["t:a"]\nverdict = "weak"\nwhy = "x"\nreason = "y"'],
)  # fmt: skip
def test_a_broken_explanation_is_said_in_one_line(text: str, tmp_path: Path) -> None:
    """An entry without a verdict or a reason is an error, not an excuse."""
    with pytest.raises(survivors.BrokenExplanation) as raised:
        explanations(tmp_path, text)
    assert "survivors.toml" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["--jobs", "0"], ["--sample", "0"], ["--show", "custom_layer:x"]]
)
def test_wrong_usage_is_one_line_and_2(
    arguments: list[str], capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    """Wrong usage never ends in a traceback."""
    assert command.main(arguments, tmp_path) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_list_grades_nothing(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    """`--list` prints each mutant with its result."""
    assert command.main(["custom_layer", "--list"], tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(command.Session(rubric.find("custom_layer"), tmp_path).mutants)
    assert all(line.startswith("-") for line in lines)


@pytest.mark.system
def test_the_first_failure_ends_a_grading() -> None:
    """A layer without its bias dies at `computes`; what would come after it is spared."""
    task = rubric.find("custom_layer")
    [mutant] = [
        m
        for m in command.Session(task).mutants
        if m.change == "ops.matmul(x, self.w) + self.b -> ops.matmul(x, self.w)"
    ]
    seen: list[str] = []

    def listen(name: str, event: Event) -> None:
        if isinstance(event, ResultReady):
            seen.append(event.result.id)
        command.stop_where_killed(name, event)

    with Runner(Settings(threads=1), listen) as runner:
        result = command.grade_mutant(runner, task, mutant)
        assert (result["outcome"], result["check"]) == ("killed", "computes")
        assert seen[-1] == "custom_layer::computes" and len(seen) < len(task.checks)
        # The same warm process grades on.
        again = command.grade_mutant(runner, task, mutant)
        assert (again["outcome"], again["check"]) == ("killed", "computes")

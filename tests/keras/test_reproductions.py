"""Lines that show a fault: pasted into Python they show it, and on right work they show none."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import types
from typing import Any

import numpy as np
import pytest

from graders import rubric
from graders.checking import CheckFailed
from graders.checks.customization import custom_layer, penalized_loss
from graders.checks.optimization import lr_batch_sweep
from graders.toolkit import reproductions as paste
from tests.corpus import Case, cases
from tests.keras.run_here import Submission

CHECKS: dict[str, Any] = {
    "custom_layer": custom_layer,
    "penalized_loss": penalized_loss,
    "lr_batch_sweep": lr_batch_sweep,
}
WITH_PROBES = {
    "custom_layer": [check.name for check in rubric.find("custom_layer").checks],
    "penalized_loss": [
        *("values", "from_logits", "reductions", "label_shapes", "gradient", "extremes", "config")
    ],
    "lr_batch_sweep": ["best_row"],
}
# A fault that few lines cannot show, or that stops the lines as it stops the check.
WITHOUT = {
    # An error is its own demonstration.
    *(f"custom_layer/wrong/{name}" for name in ("names_only", "fixed_batch", "no_get_config")),
    *(f"custom_layer/wrong/{name}" for name in ("no_kwargs", "config_with_layer_objects")),
    *(f"custom_layer/wrong/{name}" for name in ("not_a_layer", "returns_nothing")),
    *(f"custom_layer/wrong/{name}" for name in ("activation_as_string", "config_without_units")),
    *(f"penalized_loss/wrong/{name}" for name in ("no_kwargs", "function_not_class")),
    # What is asked for is to write it oneself.
    *(f"custom_layer/wrong/{name}" for name in ("borrows_dense", "subclass_of_dense")),
}


def module(text: str) -> types.ModuleType:
    """Returns a module that was made of a text."""
    made = types.ModuleType("submission")
    exec(compile(text, "submission.py", "exec"), made.__dict__)
    return made


def fault(task: str, made: types.ModuleType) -> CheckFailed | None:
    """Returns what the first check with a probe reports of a submission, `None` if all pass."""
    submission = Submission(**{k: v for k, v in vars(made).items() if not k.startswith("__")})
    for name in WITH_PROBES[task]:
        check = getattr(CHECKS[task], name)
        rng = np.random.default_rng(0)
        given = {"submission": submission, "rng": rng, "evidence": {}}
        wanted = check.__code__.co_varnames[: check.__code__.co_argcount]
        try:
            check(**{argument: given[argument] for argument in wanted})
        except CheckFailed as failure:
            return failure
    return None


def printed(lines: str, made: types.ModuleType) -> tuple[str, str]:
    """Runs lines as if pasted, the submission's folder at hand; returns what was expected and came."""
    import sys

    sys.modules["submission"] = made
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            space: dict[str, Any] = {}
            for row in lines.split("\n"):
                # One line at a time, as a prompt takes them.
                exec(compile(row, "<pasted>", "single"), space)
    finally:
        del sys.modules["submission"]
    expected, came = out.getvalue().rstrip("\n").split("\n")
    return expected.removeprefix("expected: "), came.removeprefix("came: ")


def shows_fault(expected: str, came: str) -> bool:
    """Returns whether what came is something else than what was expected."""
    least = re.fullmatch(r"a finite number of at least (\d+)", expected)
    if least or expected == "finite numbers":
        values = np.asarray(eval(came, {"nan": np.nan, "inf": np.inf, "None": np.nan}), "float64")
        low = float(least[1]) if least else -np.inf
        return not (np.isfinite(values).all() and (values >= low).all())
    try:
        wanted, got = ast.literal_eval(expected), ast.literal_eval(came)
    except (ValueError, SyntaxError):
        return expected != came
    if isinstance(wanted, dict | str | bool) or got is None:
        return wanted != got
    return paste.differ(wanted, got)


WRONG = [
    case
    for task in WITH_PROBES
    for case in cases(task)
    if not case.right and set(case.fails) & set(WITH_PROBES[task])
]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.name)
def test_the_lines_are_true(case: Case) -> None:
    """Three lines; on the wrong submission they show the fault, on the reference none."""
    made = module(case.path.read_text(encoding="utf-8"))
    try:
        failure = fault(case.task, made)
    except Exception:
        assert case.name in WITHOUT
        return
    assert failure is not None
    if case.name in WITHOUT:
        assert failure.reproduce == ""
        return
    rows = failure.reproduce.split("\n")
    assert len(rows) == 3, failure
    expected, came = printed(failure.reproduce, made)
    assert shows_fault(expected, came), failure.reproduce
    # What the grader says that came is what comes.
    _, told, noted = rows[2].rpartition("  # ")
    if told and not noted.endswith("…"):
        assert not shows_fault(noted, came) or noted == came
    reference = module(rubric.find(case.task).reference.read_text(encoding="utf-8"))
    assert not shows_fault(*printed(failure.reproduce, reference)), failure.reproduce


def test_lines_are_what_python_takes() -> None:
    """Imports as needed, three lines, and what came as a comment of one line."""
    found = paste.lines("f", "x = np.ones(2)", 1.0, "f(x)", "a\nb\r\x0bc" + "d" * 500)
    assert found.startswith("from submission import f; import numpy as np; x = np.ones(2)\n")
    assert len(found.split("\n")) == 3 and len(found.splitlines()) == 3
    compile(found, "<pasted>", "exec")
    assert paste.lines("f", "", 1, "f()", 2).startswith("from submission import f\n")


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ("build_model((8, 8, 1), 10)", True),
        ("build_model((8, 8, 1), 10, 'float32')", True),
        ("build_model((8, 8, 1), 10, …)", False),
        ("build_model((8, 8, 1), 10, weights)", False),
        ("keras.build_model(3)", False),
    ],
)
def test_shapes_are_shown_where_the_call_can_be_typed(call: str, shown: bool) -> None:
    """A call that stands for another one is no code."""
    assert bool(paste.of_shape(call, "output_shape", (None, 10), (None, 7))) is shown
    assert paste.of_shape(call, "input_shape", (None, 10), None) == ""


def test_what_goes_wrong_while_a_fault_is_shown_is_no_fault() -> None:
    """The message stays, without lines."""

    @paste.tried
    def fails() -> str:
        raise ValueError

    assert fails() == ""


def test_a_call_is_typed_as_python_takes_it() -> None:
    """Arguments by place and by name, one called `name` too."""
    assert paste.call("f") == "f()"
    assert paste.call("f", 0.3, name="a", reduction=None) == "f(0.3, name='a', reduction=None)"


def test_values_and_gradients_are_expressions_that_run() -> None:
    """What is typed gives what the grader compares: rounded numbers, and a gradient or `None`."""
    space: dict[str, Any] = {"np": np, "x": np.array([1.23456, -0.00001], "float32")}
    assert eval(paste.values("x"), space) == paste.rounded(space["x"]) == [1.2346, 0.0]
    exec(paste.taped("x", "x * x", "x"), space)
    gradient = eval(paste.unless_none("g.numpy().tolist()"), space)
    np.testing.assert_allclose(gradient, [2 * 1.23456, -0.00002], rtol=1e-5)
    exec(paste.taped("x", "tf.stop_gradient(x)", "x"), space)
    assert eval(paste.unless_none("g.numpy().tolist()"), space) is None


def test_what_is_typed_is_what_was_measured() -> None:
    """The array of the pasted line is the one that the grader gave."""
    found = paste.as_pasted(np.array([[1 / 3, 2 / 3]]))
    assert found.dtype == "float32"
    np.testing.assert_array_equal(eval(paste.array(found), {"np": np}), found)

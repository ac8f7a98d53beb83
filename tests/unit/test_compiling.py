"""Metrics as the third argument of `compile`, where Keras expects weights of losses."""

from __future__ import annotations

import pytest

from graders.judge.compiling import explained, third_argument

SOURCE = 'def build_model():\n    model.compile("adam", "mse", {})\n'
RAISED = (
    "Your code raised ValueError: dtype='string' is not a valid dtype for Keras type promotion.\n"
    '  File "cnn.py", line 9, in train\n    return model.fit(x, y)\n'
)


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ('["accuracy"]', 'write metrics=["accuracy"]'),
        ('"accuracy"', "write metrics=[…]"),
        ("[\n        'accuracy']", "write metrics=[ 'accuracy']"),
    ],
)
@pytest.mark.parametrize(
    "error",
    [
        RAISED,
        "Your code raised ValueError: `loss_weights` must match the number of losses, got 1.\nline",
        "Your code raised TypeError: Failed to convert elements of <Mean> to Tensor.\nline",
    ],
)
def test_the_third_argument_is_explained(error: str, given: str, advice: str) -> None:
    """After the error's own line, and before the student's lines."""
    first, told, *rest = explained(error, SOURCE.format(given)).split("\n")
    assert first == error.partition("\n")[0]
    assert "The third argument of compile is loss_weights, and here it is `" in told
    assert advice in told
    assert "\n".join(rest) == error.partition("\n")[2]


@pytest.mark.parametrize(
    "source",
    [
        'model.compile("adam", "mse", metrics=["accuracy"])',
        'model.compile(*given, "mse", ["accuracy"])',
        're.compile("a", 0)',
        "def (",
        "(" * 5000,
        "\0",
        "",
    ],
)
def test_other_calls_are_left_alone(source: str) -> None:
    """Without a third argument in its place, nothing is added."""
    assert third_argument(source) == ""
    assert explained(RAISED, source) == RAISED


def test_other_errors_are_left_alone() -> None:
    """An error of another kind has another cause, whatever compile gets."""
    error = "Your code raised NameError: name 'x' is not defined"
    assert explained(error, SOURCE.format('["accuracy"]')) == error


def test_a_long_argument_is_cut() -> None:
    """A list of many metrics is shown by its beginning."""
    told = explained(RAISED, SOURCE.format(str([f"metric{i}" for i in range(50)])))
    assert "`['metric0', 'metric1', " in told
    assert len(told) < len(RAISED) + 400

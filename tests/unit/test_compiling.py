"""What a raised error tells about `compile`: weights of losses, and labels taken for numbers."""

from __future__ import annotations

import pytest

from graders.judge.compiling import explained, of_labels, third_argument

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


SUBTRACTED = (
    "Your code raised InvalidArgumentError: Incompatible shapes: {} (in {})\n"
    '  File "cnn.py", line 9, in train\n    return model.fit(x, y)\n'
)


@pytest.mark.parametrize(
    ("shapes", "operation", "loss"),
    [
        ("[32] vs. [32,8]", "compile_loss/mse/sub", "mse"),
        (
            "[32] vs. [32,8]",
            "gradient_tape/compile_loss/mse/sub/BroadcastGradientArgs",
            "mse",
        ),
        ("[64,8] vs. [64]", "compile_loss/mean_squared_error/sub", "mean_squared_error"),
        ("[7] vs. [7,8]", "compile_loss/huber/sub", "huber"),
    ],
)
def test_labels_that_are_taken_for_numbers(shapes: str, operation: str, loss: str) -> None:
    """The message tells what the loss does, after the error's own line."""
    error = SUBTRACTED.format(shapes, operation)
    first, told, *rest = of_labels(error).split("\n")
    assert first == error.partition("\n")[0]
    assert told.startswith(
        f"The loss {loss} subtracts labels from outputs as if these were numbers"
    )
    assert "its output has 8." in told
    assert "\n".join(rest) == error.partition("\n")[2]


@pytest.mark.parametrize(
    ("shapes", "operation"),
    [
        # Other shapes, another operation, another loss.
        ("[32,4] vs. [32,8]", "compile_loss/mse/sub"),
        ("[32] vs. [32,8]", "functional/dense/Add"),
        ("[32] vs. [32,8]", "compile_loss/categorical_crossentropy/mul"),
        ("[32] vs. [32,8]", "compile_loss/my_own/sub"),
    ],
)
def test_other_shapes_are_left_alone(shapes: str, operation: str) -> None:
    """What has another cause is not explained."""
    error = SUBTRACTED.format(shapes, operation)
    assert of_labels(error) == error

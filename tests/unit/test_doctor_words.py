"""What `doctor` tells of a script that raised something."""

from __future__ import annotations

import pytest

from graders.diagnosis.claims import Note, Raised
from graders.doctor import words
from graders.sandbox.errors import traced_message

WAY = """in user code:

    File "/tmp/script-1/a.py", line 21, in work  *
        return Own()(a)
    File "/somewhere/traceback_utils.py", line 122, in error_handler  **
        raise e.with_traceback(filtered_tb) from None
"""


def raised(**changes: str) -> Raised:
    """Returns an error of a script."""
    fields = {"kind": "raised", "type": "ValueError", "message": "no", "missing": "", "path": ""}
    return Raised(line=4, **(fields | changes))


def note(kind: str, old: str) -> Note:
    """Returns a note of what was replaced."""
    return Note(kind, old, "the kit's", 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (WAY + "\n    TypeError: Input 'y' is a string.\n", "Input 'y' is a string."),
        (WAY + "\n    KeyError: 'a'\n", "'a'"),
        (WAY + "\n    a.Own_Trouble: two\n    lines\n", "two\nlines"),
        (WAY + f"\n    ValueError: {WAY}\n    OSError: deep\n", "deep"),
        ("in user code:\n    odd: 1", "1"),
        ("in user code:", "in user code:"),
        ("shapes: (1, 2)\nat the end", "shapes: (1, 2)\nat the end"),
    ],
)
def test_a_traced_function_s_error_is_the_true_one(text: str, told: str) -> None:
    """Whatever its type; other texts stay as they are."""
    assert traced_message(text) == told


def test_a_layer_s_error_in_a_traced_function() -> None:
    """What Keras says of the call is left out."""
    text = WAY + (
        "\n    ValueError: Exception encountered when calling Own.call().\n    \n"
        "    \x1b[1mDimensions must be equal.\x1b[0m\n    \n    Arguments received by Own.call():"
    )
    told = words.raised(raised(message=traced_message(text)), True, " in line 4", "")
    assert told == "The script raised ValueError in line 4: Dimensions must be equal."


@pytest.mark.parametrize(
    ("where", "place"),
    [(" in line 4", "Line 4"), (" in code cell 2, line 3", "Code cell 2, line 3"),
     ("", "The script")],
)  # fmt: skip
def test_what_is_not_there(where: str, place: str) -> None:
    """The line, or the cell, comes first."""
    told = words.raised(raised(path="data/a.csv"), False, where, "")
    assert told.startswith(f"{place} wants the file data/a.csv, which is not there. Files are")
    told = words.raised(raised(missing="nobodys.part"), False, where, "")
    assert told.startswith(f"{place} imports the package nobodys, which is not there. A script")
    told = words.raised(raised(missing="numpy.nothing"), False, where, "")
    assert told.startswith(f"{place} imports numpy.nothing, and the numpy that is installed here")


def test_replaced_data_may_be_the_cause() -> None:
    """If there are some, and nothing was trained."""
    notes = tuple(note("data", f"keras.datasets.{name}") for name in ("mnist", "imdb", "mnist"))
    told = words.raised(raised(), False, " in line 4", "", notes)
    assert told == (
        "The script raised ValueError in line 4, before anything was trained: no. The data of "
        "keras.datasets.mnist and keras.datasets.imdb were replaced by the kit's own, which may "
        "be the cause."
    )
    for seen, kind in ((True, "data"), (False, "weights"), (False, "keras2")):
        assert "replaced" not in words.raised(raised(), seen, "", "", (note(kind, "a"),))

"""Hints for what is wrong with code of any task, whichever check found it."""

from __future__ import annotations

import re
from typing import Any

from graders.boundary.names import Kind
from graders.checking import At, Uses

# How Keras names the layer that raised.
_LAYER = re.compile(r"Exception encountered when calling (\w+)\.call\(\)")
# What the losses for whole numbers raise where a model has fewer outputs than there are classes.
_LABEL = "outside the valid range"
# By the kind of a `SubmissionError`.
OF_ERRORS: dict[str, tuple[str, ...]] = {
    "raised": (
        "Read the message from its end: the last line of your own that it names is where to look.",
        "Call that function yourself, with small data, and print the shapes and types of what goes "
        "into that line.",
    ),
    "timeout": (
        "What takes long: a loop that does not end, or work that is done more often than needed?",
        "Count the steps: epochs times examples by batch size. Try one epoch, and measure it.",
    ),
    "memory": (
        "model.summary() shows how many weights each layer has: which of them has the most?",
        "A Dense layer after a Flatten has a weight for each pair of numbers: pool before it.",
    ),
    "died": (
        "Which line was the last that ran? Prints before and after the suspects tell it.",
        "What ends a process: os._exit, an error in compiled code, and arrays larger than memory.",
    ),
    "exit": ("Search your file for exit, quit and sys.exit.",),
    "protocol": (
        "Which part of your code changes what Python, Keras or TensorFlow do by themselves?",
    ),
}
# By the kind of what a sandbox reports, where the check fails.
OF_KINDS: dict[str, tuple[str, ...]] = {
    Kind.MISSING: ("Compare the names in your file with those of the stub, letter by letter.",),
    Kind.SIGNATURE: (
        "Compare the arguments with those of the stub: their names, and their order.",
    ),
    Kind.SUBCLASSED: (
        "Which class does your model have? print(type(model)) tells.",
        "Give what you compute in call to keras.Model(inputs, outputs), from a keras.Input.",
    ),
    Kind.UNBUILT: (
        "Does the model know the shape of its input before it sees data?",
        "The first line of a Sequential model is usually keras.Input(shape).",
    ),
    Kind.RETURNED: (
        "What does the function return on each way through it? A function without `return` returns "
        "None.",
    ),
    Kind.TOO_LARGE: (
        "model.summary() shows how many weights each layer has: which of them has the most?",
        "A Dense layer after a Flatten has a weight for each pair of numbers: pool before it.",
    ),
    Kind.BASE_CLASS: ("Compare the line `class …` with that of the stub.",),
    Kind.ARGUMENTS: (
        "Which arguments does the base class take? Where do those go that are not yours?",
        "def __init__(self, …, **kwargs), and super().__init__(**kwargs) as its first line.",
    ),
    Kind.NO_RESULT: ("Does the method end in `return` on each way through it?",),
    Kind.NO_COPY: (
        "A copy is made by calling __init__ with what get_config returned: do the names match?",
        "Each value of the config is a number, a string, a list, a dictionary or None.",
    ),
}
NOT_COMPILED = (
    "Between the last layer and `return`, what makes a model ready for fit?",
    "model.compile(optimizer=…, loss=…, metrics=[…]) takes all that a training needs.",
)
HISTORY = (
    "What does the function return, and which fit made it?",
    "model.fit(x, y, epochs=…, validation_data=val_data) returns the History.",
)
GIVEN_VALUES = (
    "Which values does the first layer get in your training, and which with new data?",
    "keras.layers.Rescaling, Normalization and the like do as layers what the data need.",
)
PARTS = ("Which data does fit learn from, and which are only to look at?",)


def place_of(message: str, about: Any) -> Any:
    """Returns what an error is about: what raised it, or the loss or layer that Keras names.

    Args:
        message: String, the error's message.
        about: What raised it, see `graders.checking.fail`.
    """
    if "(in compile_loss/" in message or "gradient_tape/compile_loss/" in message:
        # It shows in the loss that the model was made for another number of classes.
        made = Uses("build_model") if _LABEL in message else None
        return made, At(Uses("compile", last=True), "loss"), about
    layer = _LAYER.search(message)
    return (Uses(layer[1], alone=True), about) if layer else about


def for_error(kind: str, of_check: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Returns the hints for a submission that raised, died or took too much.

    Args:
        kind: String, the kind of the error.
        of_check: Tuple of strings, the check's own, which follow where the code raised an error.
    """
    found = OF_ERRORS.get(kind, ())
    return (*found, *of_check) if kind == "raised" else found

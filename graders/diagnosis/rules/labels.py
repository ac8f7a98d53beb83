"""Labels of another kind, or of another shape, than the outputs."""

from __future__ import annotations

from graders.diagnosis.facts import RECURRENT, Facts, Layer
from graders.diagnosis.findings import Finding, found, number
from graders.diagnosis.rules.kinds import (
    BINARY,
    BOUNDS,
    CATEGORICAL,
    DISTANCES,
    HINGES,
    SPARSE,
    is_class,
    known_loss,
    line_of,
)


def text_labels(facts: Facts) -> Finding | None:
    """Labels that are words, or numbers in quotes, cannot be compared with outputs."""
    if facts.labels_are != "text":
        return None
    return found(
        "text_labels",
        "labels that are numbers",
        f"labels of the type {facts.labels.dtype if facts.labels else ''}: text, not numbers",
        "Turn them into integers from 0 up (keras.layers.StringLookup, or a dict), or, if they are "
        "numbers in quotes, use y.astype(int).",
        line=facts.fit.line,
        argument="y",
        doc="losses",
    )


def one_unit_for_classes(facts: Facts) -> Finding | None:
    """One output cannot tell several classes apart."""
    compiled, kind = known_loss(facts), facts.labels_are
    if compiled is None or kind != "integers" or facts.units != 1 or facts.classes < 3:
        return None
    if compiled.loss in DISTANCES and facts.activation not in BOUNDS:
        return None
    return found(
        "one_unit_for_classes",
        f"one output for each of the {facts.classes} classes",
        f"a last layer of 1 unit with labels from {number(facts.labels.low)} to "  # type: ignore[union-attr]
        f"{number(facts.labels.high)}",  # type: ignore[union-attr]
        f'Use Dense({facts.classes}, activation="softmax") with '
        'loss="sparse_categorical_crossentropy".',
        line=line_of(facts.last),
        argument="units",
        doc="probabilistic",
    )


def categorical_on_one_unit(facts: Facts) -> Finding | None:
    """Over one class, categorical cross-entropy has nothing to compare."""
    compiled = known_loss(facts)
    if compiled is None or compiled.loss not in (*CATEGORICAL, *SPARSE) or facts.units != 1:
        return None
    return found(
        "categorical_on_one_unit",
        f"one output for each class with the loss {compiled.loss}",
        "a last layer of 1 unit: the probability of the only class is always 1",
        "For two classes use one sigmoid unit with binary_crossentropy; for several, one unit for "
        "each class with softmax.",
        line=compiled.loss_line or compiled.line,
        argument="loss",
        doc="probabilistic",
    )


def integer_labels(facts: Facts) -> Finding | None:
    """`categorical_crossentropy` compares with one-hot rows."""
    compiled = known_loss(facts)
    if compiled is None or compiled.loss not in CATEGORICAL or facts.labels is None:
        return None
    if facts.labels_are not in ("integers", "binary") or (facts.units or 0) < 2:
        return None
    return found(
        "integer_labels",
        "one-hot labels for the loss categorical_crossentropy",
        f"labels of the shape {facts.labels.shape}: one integer for each example",
        'Use loss="sparse_categorical_crossentropy" (SparseCategoricalCrossentropy), or '
        "keras.utils.to_categorical on the labels.",
        line=compiled.loss_line or compiled.line,
        argument="loss",
        doc="probabilistic",
    )


def one_hot_labels(facts: Facts) -> Finding | None:
    """`sparse_categorical_crossentropy` takes integers."""
    compiled = known_loss(facts)
    if compiled is None or compiled.loss not in SPARSE or facts.labels_are != "one_hot":
        return None
    if facts.output is not None and facts.labels and len(facts.labels.shape) < len(facts.output):
        return None
    return found(
        "one_hot_labels",
        "integer labels for the loss sparse_categorical_crossentropy",
        f"one-hot labels of the shape {facts.labels.shape if facts.labels else ''}",
        'Use loss="categorical_crossentropy", or give the integers: y.argmax(axis=-1).',
        line=compiled.loss_line or compiled.line,
        argument="loss",
        doc="probabilistic",
    )


def labels_out_of_range(facts: Facts) -> Finding | None:
    """Integer labels name outputs, counted from 0."""
    compiled, y = known_loss(facts), facts.labels
    if compiled is None or compiled.loss not in SPARSE or y is None or y.sample is None:
        return None
    units = facts.units
    if units is None or facts.labels_are not in ("integers", "binary", "values") or not y.integers:
        return None
    if y.low >= 0 and y.high < units:
        return None
    return found(
        "labels_out_of_range",
        f"labels from 0 to {units - 1} for {units} outputs",
        f"labels from {number(y.low)} to {number(y.high)}: the loss becomes nan, or an error",
        "Count the classes from 0 (y - 1), or give the last layer more units.",
        line=line_of(facts.last),
        argument="units",
        doc="probabilistic",
    )


def outputs_for_labels(facts: Facts) -> Finding | None:
    """One output for each column of the labels."""
    compiled, y, units = known_loss(facts), facts.labels, facts.units
    if compiled is None or y is None or units is None or facts.output is None:
        return None
    if compiled.loss in SPARSE or facts.labels_are in ("text", "none"):
        return None
    wide = y.shape[-1] if len(y.shape) > 1 else 1
    if wide == units or (
        compiled.loss in CATEGORICAL and facts.labels_are in ("integers", "binary")
    ):
        return None
    if compiled.loss in DISTANCES and wide == 1 and len(y.shape) >= len(facts.output) > 2:
        return None
    if len(facts.output) > 2 and len(y.shape) == len(facts.output) and wide != 1:
        return None
    # Keras takes a last axis of 1 off: there is one output for each label of a row.
    pairs = zip(facts.output[1:-1], y.shape[1:], strict=False)
    one_less = len(y.shape) == len(facts.output) - 1 > 1
    if units == 1 and one_less and all(side in (None, length) for side, length in pairs):
        return None
    classes = facts.classes or wide
    several = units > 1 and wide == 1 and is_class(facts)
    return found(
        "outputs_for_labels",
        f"as many outputs as the labels have columns ({wide})",
        f"{units} outputs and labels of the shape {y.shape}"
        + ("; Keras compares each output with the same label" if wide == 1 else ""),
        (
            f"For {classes} classes: {max(units, classes)} units with softmax and "
            'loss="sparse_categorical_crossentropy"'
            + ("; or 1 unit with sigmoid and binary_crossentropy." if classes == 2 else ".")
            if several
            else f"Give the last layer {wide} unit{'s' if wide > 1 else ''}, or look at how the "
            "labels are made."
        ),
        line=line_of(facts.last),
        argument="units",
        doc="losses",
    )


def steps_for_labels(facts: Facts) -> Finding | None:
    """One label for an example, and an output for each of its steps or pixels."""
    y, out, compiled = facts.labels, facts.output, known_loss(facts)
    if y is None or out is None or compiled is None or facts.labels_are in ("text", "none"):
        return None
    label, between = y.shape[1:], out[1:-1]
    rows = compiled.loss not in SPARSE or facts.labels_are == "one_hot"
    one = label in ((), (1,)) or (rows and label == out[-1:])
    known = (*SPARSE, *CATEGORICAL, *BINARY, *DISTANCES, *HINGES)
    if not one or compiled.loss not in known or y.low == y.high:
        return None
    if not between or _one_step(facts, between):
        return None
    steps = _gives_steps(facts)
    every = not label and rows and facts.labels_are != "one_hot"
    compared = (
        "Keras compares each of them with the labels of all examples of its batch"
        if every
        else "there is one label for all of them"
    )
    return found(
        "steps_for_labels",
        f"one output for each example, as there is one label (shape {y.shape})",
        f"outputs of the shape {out}: "
        + (
            f"{steps.inner or steps.kind} with return_sequences=True gives one for each step, and "
            if steps is not None
            else "Dense works on the last axis alone, and "
        )
        + compared,
        "Leave return_sequences=True out of the last recurrent layer."
        if steps is not None
        else "Put Flatten or a global pooling before the Dense layers; after an LSTM or GRU, leave "
        "return_sequences=True out of the last one.",
        line=line_of(steps if steps is not None else facts.last),
        argument="return_sequences" if steps is not None else "",
        doc="lstm" if steps is not None else "flatten",
    )


def _one_step(facts: Facts, between: tuple[int | None, ...]) -> bool:
    """Returns whether all places of an output are one: of an open size, the inputs tell it."""
    given = facts.inputs[0].shape[1:] if facts.inputs else ()
    sizes = [
        given[i] if side is None and i < len(given) else side for i, side in enumerate(between)
    ]
    return all(size in (1, None) for size in sizes)


def _gives_steps(facts: Facts) -> Layer | None:
    """Returns the recurrent layer whose steps are those of the output; `None` if there is none."""
    recurrent = [layer for layer in facts.layers if layer.kind in RECURRENT]
    if not recurrent or not recurrent[-1].config.get("return_sequences"):
        return None
    last, out = recurrent[-1], facts.output or ()
    same = last.output is not None and len(last.output) == len(out) == 3
    return last if same and last.output and last.output[1] == out[1] else None

"""What happens to the data on their way through the layers."""

from __future__ import annotations

import math

from graders.diagnosis.facts import (
    ACTIVATION_LAYERS,
    CONVOLUTIONS,
    NORMALIZERS,
    RECURRENT,
    Facts,
    Layer,
)
from graders.diagnosis.findings import Finding, found, number
from graders.diagnosis.rules.training import learned

# Layers that do no more than a weighted sum.
LINEAR = (
    *("Dense", "Add", "Concatenate", "Average", "AveragePooling1D", "AveragePooling2D"),
    *("GlobalAveragePooling1D", "GlobalAveragePooling2D", "Rescaling", "Normalization"),
    *("BatchNormalization", "ZeroPadding1D", "ZeroPadding2D"),
)
# From so many layers of sigmoid on, hardly a gradient reaches the first.
SIGMOIDS, TANHS = 3, 6
SQUASHING = ("sigmoid", "hard_sigmoid")
LINEAR_WITHOUT = (
    *("Dropout", "Flatten", "Reshape", "ActivityRegularization", "InputLayer", "Permute"),
)


def wrong_axis(facts: Facts) -> Finding | None:
    """BatchNormalization keeps a mean for each channel, the last axis of Keras's data.

    A softmax at the end is over the classes, which are the last axis, too.
    """
    for layer in facts.layers:
        axis = layer.config.get("axis", -1)
        last = (-1, len(layer.input or ()) - 1)
        ends = layer.kind == "Softmax" and layer in facts.tail and layer.input is not None
        if ends and isinstance(axis, int) and axis not in last:
            return found(
                "wrong_axis",
                "softmax over the classes (axis=-1)",
                f"axis={axis} on data of the shape {layer.input}: the probabilities of one class "
                f"sum to 1 over all {'places or steps' if axis else 'examples of a batch'}",
                "Leave axis out: the classes are the last axis.",
                line=layer.line,
                argument="axis",
                doc="activations",
            )
        if layer.kind != "BatchNormalization" or layer.input is None:
            continue
        axis = layer.config.get("axis", -1)
        axis = axis[0] if isinstance(axis, tuple) and axis else axis
        rank = len(layer.input)
        first = any(part.config.get("data_format") == "channels_first" for part in facts.layers)
        if rank >= 4 and axis not in (-1, rank - 1) and not first:
            return found(
                "wrong_axis",
                "BatchNormalization over the channels (axis=-1)",
                f"axis={axis} on data of the shape {layer.input}: one mean for each row of pixels",
                "Leave axis out: Keras keeps the channels last.",
                line=layer.line,
                argument="axis",
                doc="batch",
            )
    return None


def dropout_on_outputs(facts: Facts) -> Finding | None:
    """Dropout after the last layer deletes answers."""
    for layer in facts.tail:
        if layer.has_kernel:
            return None
        if layer.kind == "Dropout" and layer.config.get("rate", 0):
            return found(
                "dropout_on_outputs",
                "Dropout between hidden layers",
                f"Dropout({layer.config.get('rate')}) between the last layer with weights and the "
                "loss: in training it sets classes to 0 at random",
                "Take this Dropout out, or put it before the last Dense layer.",
                line=layer.line,
                doc="dropout",
            )
    return None


def too_much_dropout(facts: Facts) -> Finding | None:
    """Dropout's rate is the share that goes."""
    for layer in facts.layers:
        rate = layer.config.get("rate")
        if layer.kind.endswith("Dropout") and isinstance(rate, int | float) and rate >= 0.8:
            return found(
                "too_much_dropout",
                "a rate of at most about 0.5",
                f"Dropout({rate}): the rate is the share that is dropped, not the share that stays",
                "Use 0.2 to 0.5.",
                line=layer.line,
                argument="rate",
                doc="dropout",
                sure=rate >= 0.9,
            )
    return None


def _runs(facts: Facts, kinds: tuple[str, ...]) -> list[Layer]:
    """Returns the hidden layers with these activations on the longest way without a branch."""
    longest: list[Layer] = []
    for layer in facts.layers:
        run = [
            step
            for step in _way(facts, layer)
            if step.activation in kinds and step.kind not in RECURRENT and step not in facts.tail
        ]
        longest = run if len(run) > len(longest) else longest
    return longest


def _way(facts: Facts, layer: Layer) -> list[Layer]:
    """Returns a layer and those after it, as far as the way of the data has no branch."""
    found: list[Layer] = [layer]
    while (after := facts.after_alone(found[-1])) is not None and after not in found:
        found.append(after)
    return found


def _reader(facts: Facts, layer: Layer) -> Layer | None:
    """Returns what alone reads a layer, past what changes no value; `None` if there is a branch."""
    return next((step for step in _way(facts, layer)[1:] if step.kind not in LINEAR_WITHOUT), None)


def stacked_sigmoids(facts: Facts) -> Finding | None:
    """Each sigmoid passes on at most a quarter of a gradient."""
    sigmoids = _runs(facts, SQUASHING)
    tanhs = _runs(facts, ("tanh",))
    if len(sigmoids) < SIGMOIDS and len(tanhs) < TANHS:
        return None
    stack, name = (sigmoids, "sigmoid") if len(sigmoids) >= SIGMOIDS else (tanhs, "tanh")
    if any(layer.kind in NORMALIZERS for layer in facts.layers[1:]):
        return None
    ratio = _fading(facts, stack)
    return found(
        "stacked_sigmoids",
        "hidden layers that pass gradients on (relu)",
        f"{len(stack)} hidden layers of {name} in a row"
        + (
            f": {stack[0].name} gets {number(ratio)} of the gradient of {stack[-1].name}"
            if ratio
            else ""
        ),
        'Use activation="relu" in hidden layers.',
        line=stack[0].line,
        argument="activation",
        doc="activations",
        sure=name == "sigmoid" or learned(facts) is False,
    )


def _fading(facts: Facts, stack: list[Layer]) -> float | None:
    first, last = (facts.gradients.get(layer.name) for layer in (stack[0], stack[-1]))
    return first / last if first is not None and last and first < 0.5 * last else None


def no_activation(facts: Facts) -> Finding | None:
    """Layers without an activation between them are one linear layer."""
    pair = _collapsing(facts)
    if pair is None:
        return None
    first, second = pair
    others = [
        layer for layer in facts.layers if layer not in facts.tail[:1] and layer is not facts.last
    ]
    bare = not any(
        layer.activation != "linear" or layer.kind in (*ACTIVATION_LAYERS, *RECURRENT)
        for layer in others
    )
    all_linear = bare and all(
        layer.kind in (*LINEAR, *LINEAR_WITHOUT, *CONVOLUTIONS) for layer in others
    )
    return found(
        "no_activation",
        "a nonlinear activation between layers",
        f"{first.kind} without an activation, followed by {second.kind}: together they can do no "
        "more than one of them" + (", and the whole model is linear" if all_linear else ""),
        f'Use activation="relu" in {first.name}.',
        line=first.line,
        argument="activation",
        doc="activations",
        # With an activation elsewhere, a layer of no use does no harm.
        sure=bare,
    )


def _collapsing(facts: Facts) -> tuple[Layer, Layer] | None:
    """Finds two layers in a row that do no more than one."""
    for first in facts.layers:
        second = _reader(facts, first)
        if first.activation != "linear" or first.kind not in ("Dense", *CONVOLUTIONS):
            continue
        if second is None or second.kind not in ("Dense", *CONVOLUTIONS) or not first.trainable:
            continue
        if first.output is None or second.input is None:
            continue
        if math.prod(s or 1 for s in first.output[1:]) != math.prod(
            s or 1 for s in second.input[1:]
        ):
            continue
        # A narrow layer without an activation has a purpose: it compresses.
        if first.kind == "Dense" and _narrow(first, second):
            continue
        if first.kind in CONVOLUTIONS and set(_sides(first)) == {1}:
            continue
        return first, second
    return None


def _narrow(first: Layer, second: Layer) -> bool:
    given = first.input[-1] if first.input else None
    units, made = first.units or 0, second.units or 0
    return given is not None and units < min(given, made)


def _sides(layer: Layer) -> tuple[int, ...]:
    size = layer.config.get("kernel_size", ())
    return size if isinstance(size, tuple) else (size,)


def linear_convolutions(facts: Facts) -> Finding | None:
    """Max pooling bends a little; a convolution still wants an activation."""
    bare = []
    for layer in facts.layers:
        pool = _reader(facts, layer)
        if layer.kind not in CONVOLUTIONS or layer.activation != "linear" or pool is None:
            continue
        after = _reader(facts, pool)
        if pool.kind.startswith(("MaxPool", "AveragePool")) and after is not None:
            bare += [layer] if after.has_kernel else []
    if len(bare) < 2:
        return None
    return found(
        "linear_convolutions",
        "a nonlinear activation after each convolution",
        f"{len(bare)} convolutions without one",
        'Use activation="relu" in them.',
        line=bare[0].line,
        argument="activation",
        doc="activations",
        # Max pooling bends a little, too.
        sure=learned(facts) is False,
    )


def unbounded_recurrence(facts: Facts) -> Finding | None:
    """ReLU in an LSTM or GRU feeds on itself at each step."""
    for layer in facts.layers:
        kind = layer.inner or layer.kind
        if kind not in ("LSTM", "GRU", "SimpleRNN"):
            continue
        if layer.activation in ("relu", "linear", "elu", "leaky_relu"):
            steps = layer.input[1] if layer.input and len(layer.input) > 1 else None
            return found(
                "unbounded_recurrence",
                f"tanh as the activation of {kind}",
                f"{layer.activation}, which has no upper bound"
                + (f" and is applied {steps} times in a row" if steps else "")
                + ": states grow without limit, and gradients with them",
                "Leave the argument activation out.",
                line=layer.line,
                argument="activation",
                doc="lstm",
                sure=(steps or 0) >= 20 or _exploded(facts),
            )
    return None


def _exploded(facts: Facts) -> bool:
    losses = facts.trained.losses if facts.trained else ()
    return any(not math.isfinite(value) for value in losses)


def dead_units(facts: Facts) -> Finding | None:
    """A ReLU unit that is 0 for every example gets no gradient any more."""
    for state, when in ((facts.after, "after the training"), (facts.before, "before it")):
        for layer in facts.layers:
            seen = state.get(layer.name)
            if seen is None or not layer.trainable or layer.kind in RECURRENT:
                continue
            if layer.activation in ("relu", "relu6") and seen.dead >= 0.95:
                return found(
                    "dead_units",
                    "hidden units that answer to the data",
                    f"{layer.name}, of whose units {seen.dead:.0%} give 0 for every example {when}",
                    "Lower the learning rate, scale the inputs, or use leaky_relu.",
                    line=layer.line,
                    doc="activations",
                    sure=layer not in facts.tail and learned(facts) is not True,
                )
    return None


def constant_output(facts: Facts) -> Finding | None:
    """A model that answers alike to every example has learned nothing of the inputs."""
    last = facts.tail[0] if facts.tail else None
    seen = facts.after.get(last.name) if last is not None else None
    if (
        seen is None
        or not facts.inputs
        or facts.inputs[0].shape[0] < 4
        or (facts.units == 1 and facts.activation == "softmax")
    ):
        return None
    if seen.alike > 1e-4 or facts.trained is None or facts.trained.steps < 20:
        return None
    return found(
        "constant_output",
        "outputs that depend on the inputs",
        (
            f"outputs that differ by {number(seen.alike)} at most between"
            if seen.alike
            else "the same output for all"
        )
        + f" {facts.inputs[0].shape[0]} examples after the training",
        "Look at the ranges of the layers: inputs far from unit size, dead ReLUs and saturated "
        "sigmoids pass nothing on.",
        line=facts.fit.line,
        doc="training",
        # A training that was cut may come to it yet.
        sure=not facts.trained.cut or seen.alike < 1e-7,
    )

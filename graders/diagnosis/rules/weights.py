"""Weights that training does not move, and data that no weight meets."""

from __future__ import annotations

from graders.diagnosis.facts import Facts, Layer
from graders.diagnosis.findings import Finding, found, plain
from graders.diagnosis.rules.training import learned


def _layer_of(facts: Facts, path: str) -> Layer | None:
    """Returns the layer that a weight belongs to, by the weight's path."""
    parts = path.split("/")[:-1]
    by_name = {layer.name: layer for layer in facts.layers}
    return next((by_name[part] for part in reversed(parts) if part in by_name), None)


def no_gradient(facts: Facts) -> Finding | None:
    """A weight that the loss does not depend on stays as it is."""
    paths = facts.trained.unreached if facts.trained else ()
    if not paths:
        return None
    layers = [layer for path in paths if (layer := _layer_of(facts, path)) is not None]
    first = layers[0] if layers else None
    named = dict.fromkeys(layer.name for layer in layers)
    names = plain(list(named)[:4]) if named else plain(paths[:4])
    return found(
        "no_gradient",
        "a gradient for each weight that is to be trained",
        f"none for {len(paths)} weight{'s' if len(paths) > 1 else ''} of {names}: nothing leads "
        "from there to the loss but a copy at most (a NumPy array, tf.constant, argmax, round, a "
        "cast to int, stop_gradient), which passes no gradient on",
        "Compute with the weight itself in call, use operations that have a gradient, and see that "
        "each output has a loss.",
        line=first.line if first is not None else facts.fit.line,
        doc="custom_layers",
        # With several outputs, one may have no loss on purpose.
        sure=facts.output is not None,
    )


def frozen_at_random(facts: Facts) -> Finding | None:
    """What does not train, and was not loaded, is noise that stays."""
    if facts.stand_in_weights or facts.fit.how != "fit" or not facts.frozen_at_random:
        return None
    frozen = [layer for layer in facts.layers if layer.name in facts.frozen_at_random]
    if not frozen:
        return None
    names = plain([layer.name for layer in frozen][:4])
    several = len(frozen) > 1
    return found(
        "frozen_at_random",
        "frozen layers with weights that were trained before",
        f"{names}{' and others' if len(frozen) > 4 else ''}, frozen (trainable=False) with the "
        f"random weights that {'they were' if several else 'it was'} made with",
        "Load the trained weights first, or leave trainable at True.",
        line=frozen[0].line,
        argument="trainable",
        doc="transfer",
        sure=learned(facts) is False,
    )


def unread_input(facts: Facts) -> Finding | None:
    """What no layer reads cannot help."""
    if not facts.unread:
        return None
    part = facts.unread[0]
    several = len(facts.inputs) > 1
    if part.columns:
        count = len(part.columns)
        shown = plain(part.columns[:6]) + (" and others" if count > 6 else "")
        return found(
            "unread_input",
            "a model that reads all that it is given",
            f"column{'s' if count > 1 else ''} {shown}"
            + (f" of the input {part.name}" if several else " of the inputs")
            + ", counted from 0, which the output does not depend on",
            "Look at where the inputs are cut into parts (x[:, a:b] leaves b out), or leave the "
            "column out of the data.",
            line=facts.fit.line,
            argument="x",
            doc="functional",
            sure=False,
        )
    return found(
        "unread_input",
        "a model whose output depends on each of its inputs",
        f"the input {_named(facts, part.name)}, which the output does not depend on"
        + (": no layer leads from it to the output" if part.sure else ", whatever the weights"),
        "Join its branch with the others (keras.layers.Concatenate), and see that each layer is "
        "called on what the layer before it gives.",
        line=facts.fit.line,
        argument="x",
        doc="functional",
        sure=part.sure,
    )


def _named(facts: Facts, name: str) -> str:
    """Returns what an input is called: by its place, if it has no name of its own."""
    places = [part.name for part in facts.inputs]
    if places == [f"x{i}" for i in range(len(places))]:
        return f"number {places.index(name) + 1} of {len(places)}"
    return name

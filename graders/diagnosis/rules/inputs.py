"""What the inputs are when they reach the first weights."""

from __future__ import annotations

import numpy as np

from graders.diagnosis.facts import CONVOLUTIONS, NORMALIZERS, Facts, Layer
from graders.diagnosis.findings import Finding, found, number
from graders.diagnosis.rules.training import answers_alike, learned

# Inputs above this are raw pixels or raw columns; below the other, somebody divided twice.
RAW, FAINT = 20.0, 0.02
# The share of steps at the end that are padding, in how many of the rows, over how many steps.
PADDED, OF_ROWS, LONG = 0.3, 0.8, 20


def missing_values(facts: Facts) -> Finding | None:
    """One NaN in the data makes every weight NaN."""
    for part in (*facts.inputs, *([facts.labels] if facts.labels else [])):
        if part.missing:
            which = "labels" if part is facts.labels else "inputs"
            return found(
                "missing_values",
                "finite numbers to train on",
                f"{part.missing:,} numbers in the {which} that are NaN or infinite: the loss and "
                "all weights become NaN at the first of them",
                "Fill them in or leave those rows out (np.nan_to_num, np.isfinite), and look for a "
                "division by 0.",
                line=facts.fit.line,
                argument="y" if part is facts.labels else "x",
                doc="training",
            )
    return None


def _first_with_kernel(facts: Facts) -> tuple[list[Layer], Layer | None]:
    before: list[Layer] = []
    for layer in facts.layers:
        if (
            layer.has_kernel
            or layer.kind == "Embedding"
            or (layer.parameters > 0 and layer.kind not in NORMALIZERS)
        ):
            return before, layer
        before.append(layer)
    return before, None


def _prepared(before: list[Layer]) -> bool:
    known = ("Dropout", "Flatten", "Reshape", "Permute", "Masking", "GaussianNoise", "InputLayer")
    return any(
        layer.kind in NORMALIZERS
        or (layer.kind not in known and not layer.kind.startswith(("ZeroPadding", "Random")))
        for layer in before
    )


def unscaled_inputs(facts: Facts) -> Finding | None:
    """Inputs in the hundreds drive every unit to its end."""
    before, first = _first_with_kernel(facts)
    if first is None or first.kind == "Embedding" or not facts.inputs or _prepared(before):
        return None
    if not first.has_kernel and facts.inputs[0].integers:
        # A layer of the script's own may look numbers of words up.
        return None
    if len(facts.inputs) > 1 and any(
        layer.kind == "Embedding" or layer.kind in NORMALIZERS for layer in facts.layers
    ):
        # Which input goes there is not known.
        return None
    largest = max(part.largest for part in facts.inputs)
    if largest <= RAW:
        return None
    pixels = first.kind in CONVOLUTIONS or facts.inputs[0].dtype == "uint8" or largest == 255
    image = pixels and largest > 100
    frozen = not first.trainable
    if frozen:
        return None
    return found(
        "unscaled_inputs",
        "inputs of about unit size",
        f"values up to {number(largest)}"
        + (
            f" that reach the first {first.kind} layer as they are"
            if first.readers is not None
            else ", and no layer that scales them"
        ),
        "Put keras.layers.Rescaling(1/255) first, or divide by 255."
        if image
        else "Put an adapted keras.layers.Normalization() first, or use StandardScaler.",
        line=facts.fit.line,
        argument="x",
        doc="rescaling" if image else "normalization",
        # Many a model learns in spite of it: what was seen of the training decides.
        sure=learned(facts) is False,
    )


def scaled_away(facts: Facts) -> Finding | None:
    """Divided by 255 twice, a picture is next to nothing."""
    _, first = _first_with_kernel(facts)
    if first is None or first.kind == "Embedding" or not facts.inputs:
        return None
    arriving = facts.inputs[0].largest
    given = arriving
    for layer in facts.layers:
        if layer is first:
            break
        seen = facts.before.get(layer.name)
        if seen is not None:
            arriving = max(abs(seen.low), abs(seen.high))
    if not 0 < arriving < FAINT or len(facts.inputs) > 1:
        return None
    scaled = arriving < given / 50
    return found(
        "scaled_away",
        "inputs of about unit size",
        f"values of at most {number(arriving)} that reach the first {first.kind} layer"
        + (f", of data up to {number(given)}" if scaled else ""),
        "Look for a second division (by 255, in the data and in a Rescaling layer).",
        line=first.line if scaled else facts.fit.line,
        argument="" if scaled else "x",
        doc="rescaling",
    )


def embedding_of_values(facts: Facts) -> Finding | None:
    """An Embedding looks rows up, by whole numbers."""
    first = next((layer for layer in facts.layers if layer.kind != "InputLayer"), None)
    if first is None or first.kind != "Embedding" or len(facts.inputs) != 1:
        return None
    given = facts.inputs[0]
    if given.sample is None:
        return None
    size = first.config.get("input_dim")
    if not given.integers:
        return found(
            "embedding_of_values",
            "whole numbers (numbers of words) for an Embedding",
            f"values from {number(given.low)} to {number(given.high)}, which it cuts to whole "
            "numbers: nearly all of them look up the same row",
            "Use Dense or LSTM on values as they are, or give it numbers of words.",
            line=first.line,
            doc="embedding",
        )
    if isinstance(size, int) and (given.high >= size or given.low < 0):
        return found(
            "embedding_of_values",
            f"numbers from 0 to {size - 1} for Embedding(input_dim={size})",
            f"numbers from {number(given.low)} to {number(given.high)}",
            "input_dim is the largest number plus 1.",
            line=first.line,
            argument="input_dim",
            doc="embedding",
        )
    return None


def brightness_of_fractions(facts: Facts) -> Finding | None:
    """RandomBrightness adds a share of 255, unless it is told the range of the pixels."""
    high = max((part.high for part in facts.inputs), default=0.0)
    before: list[str] = []
    for layer in facts.layers:
        bounds = layer.config.get("value_range")
        if layer.kind == "RandomBrightness" and bounds is not None and tuple(bounds) == (0, 255):
            scaled = any(kind in ("Rescaling", "Normalization") for kind in before)
            if scaled or not 0 < high <= 1.5:
                return None
            return found(
                "brightness_of_fractions",
                "RandomBrightness(…, value_range=(0, 1)) for pixels from 0 to 1",
                f"its default, value_range=(0, 255), and inputs up to {number(high)}: it adds up "
                "to a share of 255, which leaves white or black",
                "Pass value_range=(0, 1).",
                line=layer.line,
                argument="value_range",
                doc="augmentation",
            )
        before.append(layer.kind)
    return None


def unmasked_padding(facts: Facts) -> Finding | None:
    """What a recurrent layer read before a long padding, it has forgotten at its end."""
    first = next((layer for layer in facts.layers if layer.kind != "InputLayer"), None)
    if first is None or first.kind != "Embedding" or len(facts.inputs) != 1:
        return None
    reader, sample = facts.after_alone(first), facts.inputs[0].sample
    if first.config.get("mask_zero") is not False or reader is None or sample is None:
        return None
    if reader.kind not in ("LSTM", "GRU", "SimpleRNN") or reader.config.get("return_sequences"):
        return None
    if np.ndim(sample) != 2 or sample.shape[1] < LONG:
        return None
    last = (np.asarray(sample) != 0)[:, ::-1].argmax(axis=1) / sample.shape[1]
    padded = float((last >= PADDED).mean())
    if padded < OF_ROWS or (learned(facts) is True and not answers_alike(facts, 1e-4)):
        return None
    return found(
        "unmasked_padding",
        f"a padding that {reader.name} does not read",
        f"rows that end in zeros ({last.mean():.0%} of the steps, on average): {reader.name} gives "
        "its state after the last of them, in which little is left of the words before",
        'Write Embedding(..., mask_zero=True), or pad in front (padding="pre").',
        line=first.line,
        doc="masking",
        sure=learned(facts) is False or answers_alike(facts, 1e-4),
    )

"""Whether the live model and the one that the grader rebuilt are the same.

Both are asked the same before any training. Of what is trainable and of the optimizer, the live
model's own settings are used everywhere, so these cannot differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.checking import Uses, fail
from graders.toolkit import hints

# Of the outputs' own size: mixed precision rounds, and two processes sum in different orders.
TOLERANCE = 0.02
CHANGED = (
    "Look for what is changed on a layer after it was made (its `call`, say): a saved model would "
    "not have it. Use Keras's own layers, and give them what they need as arguments"
)
NEVER_ADDED = (
    "Look for a regularizer that is set on a layer that was already built "
    "(`layer.kernel_regularizer = …`): the layer's config shows it, and the loss never has it. "
    "Pass it as an argument when you make the layer"
)
STILL_ADDED = (
    "Look for a regularizer that is taken from a layer that was already built "
    "(`layer.kernel_regularizer = None`), or changed there: what it was built with stays in the "
    "loss. Make the layer without it"
)


def check_same_model(model: Any) -> None:
    """Fails if the live model answers challenge inputs differently than the rebuilt one.

    Outputs in inference are compared, and those in training where they do not vary. What a model
    did not give is not compared: other checks find why.

    Args:
        model: The judge's `BuiltModel`, not trained yet.

    Raises:
        CheckFailed: With the difference.
    """
    live, rebuilt = model.live, model.live.of_rebuilt(model.keras)
    pairs = {"in inference": (live.inference, rebuilt.inference)}
    if not _rounds(model.keras):
        pairs["in training"] = live.training, rebuilt.training
    for when, (found, described) in pairs.items():
        difference = _difference(found, described)
        if difference:
            fail(
                f"a model from `{model.function}` that computes what the configs of its layers "
                "describe",
                f"outputs {when} {difference}",
                CHANGED,
                hints.SAME_MODEL,
            )


def check_same_penalty(model: Any) -> None:
    """Fails if the live model adds another penalty to its loss than the rebuilt one.

    Args:
        model: The judge's `BuiltModel`, not trained yet.

    Raises:
        CheckFailed: With both penalties.
    """
    found, described = model.live.penalty, model.live.of_rebuilt(model.keras).penalty
    if found is None or described is None:
        return
    if abs(found - described) > TOLERANCE * max(abs(found), abs(described)) + 1e-7:
        fail(
            f"a model from `{model.function}` whose loss has the penalties that its layers' "
            "regularizers describe",
            f"{found:.3g} added to the loss of the fresh model, where these describe "
            f"{described:.3g}",
            NEVER_ADDED if found < described else STILL_ADDED,
            hints.SAME_MODEL,
            about=(Uses("kernel_regularizer", model.function, last=True), model.function),
        )


def _rounds(model: Any) -> bool:
    """Returns whether a layer computes in 16 bits.

    In training, BatchNormalization on a few examples blows up what such a layer rounds off.
    """
    return any("16" in str(layer.compute_dtype) for layer in model._flatten_layers())


def _difference(found: np.ndarray | None, described: np.ndarray | None) -> str:
    """Tells how a live model's outputs differ from the rebuilt one's; empty if they do not."""
    if found is None or described is None or not np.isfinite(described).all():
        return ""
    if found.shape != described.shape:
        return f"of shape {found.shape}, where these give {described.shape}"
    if not np.isfinite(found).all():
        return "that are NaN or infinite, where these give numbers"
    off = float(np.abs(found - described).max(initial=0))
    scale = max(float(np.abs(described).max(initial=0)), 1e-3)
    return f"that are up to {off:.2g} off from what these give" if off > TOLERANCE * scale else ""

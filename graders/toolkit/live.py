"""Whether the live model and the one that the grader rebuilt are the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.checking import fail
from graders.toolkit.outputs import predict

# Of the outputs' own size: mixed precision rounds, and two processes sum in different orders.
TOLERANCE = 0.02
SAYS_MORE = (
    "Look for an attribute of a layer that is set after the layer was built (as "
    "`layer.kernel_regularizer = …`): Keras keeps it in the config and does not use it. Pass it to "
    "the layer when you make it"
)


def _same(found: np.ndarray, rebuilt: np.ndarray) -> bool:
    if found.shape != rebuilt.shape or not np.isfinite(rebuilt).all():
        return True  # other checks find that
    scale = max(float(np.abs(rebuilt).max()), 1e-3)
    return bool(np.abs(found - rebuilt).max() <= TOLERANCE * scale)


def check_same_model(model: Any) -> None:
    """Fails if the live model answers challenge inputs differently than the rebuilt one.

    Compared once for each model, in inference and, where the outputs do not vary, in training. Of
    what is trainable and of the optimizer the live model's own settings are used everywhere, so
    these cannot differ.

    Args:
        model: A model of the submission, with `keras` (rebuilt) and `live`.

    Raises:
        CheckFailed: With the difference.
    """
    live = model.live
    for found, training in ((live.inference, False), (live.training, True)):
        if found is None:
            continue
        kept = model.keras.get_weights()
        outputs = predict(model.keras, live.inputs(model.keras), training=training)
        model.keras.set_weights(kept)
        if not _same(found, outputs):
            off = float(np.abs(found - outputs).max())
            fail(
                f"a model from `{model.function}` that computes what its config describes",
                f"outputs {'in training' if training else 'in inference'} that are up to {off:.2g} "
                "off from those of the model that its config describes",
                SAYS_MORE,
            )


def check_same_penalty(model: Any) -> None:
    """Fails if the live model adds another penalty to its loss than the rebuilt one.

    Args:
        model: A model of the submission, with `keras` (rebuilt) and `live`.

    Raises:
        CheckFailed: With both penalties.
    """
    found = model.live.penalty
    if found is None:
        return
    predict(model.keras, model.live.inputs(model.keras))
    described = float(sum(float(np.sum(np.asarray(loss))) for loss in model.keras.losses))
    if abs(found - described) > TOLERANCE * max(found, described) + 1e-7:
        fail(
            f"a model from `{model.function}` whose loss has the penalties of its config",
            f"that the model itself adds {found:.3g} to its loss, and that its config describes "
            f"{described:.3g}",
            SAYS_MORE,
        )

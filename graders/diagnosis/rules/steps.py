"""Training steps that do less than their author thinks."""

from __future__ import annotations

from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Finding, found, plain


def no_step(facts: Facts) -> Finding | None:
    """A training after which every weight is as it was made no step."""
    trained, own = facts.trained, facts.fit.own_step
    if trained is None or trained.moved is not False or trained.steps < 2:
        return None
    if trained.unreached or (facts.compiled is not None and facts.compiled.rate == 0):
        return None
    return found(
        "no_step",
        "weights that change in training",
        f"every weight as it was before, after {trained.steps} steps",
        "Look at train_step: compute the gradients inside a GradientTape, and hand them to "
        "self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))."
        if own
        else "Look at what the loss depends on: no step changes a weight.",
        line=own or facts.fit.line,
        doc="custom_train_step" if own else "fit",
    )


def not_recompiled(facts: Facts) -> Finding | None:
    """Keras makes the training function once after `compile`, for the weights of that moment."""
    stale = facts.fit.stale
    if not stale:
        return None
    names = dict.fromkeys(path.rpartition("/")[0] or path for path in stale)
    return found(
        "not_recompiled",
        "a compile after trainable was changed",
        f"that trainable of {plain(list(names)[:3])}{' and others' if len(names) > 3 else ''} was "
        "changed after the model had been trained, and the model was not compiled again: fit goes "
        "on with the weights that it trained before",
        "Call model.compile(…) after changing trainable, before the next fit.",
        line=facts.fit.line,
        doc="transfer",
    )


def not_in_training_mode(facts: Facts) -> Finding | None:
    """Dropout and BatchNormalization do nothing of their own where training is not True."""
    layers = facts.trained.inactive if facts.trained else ()
    if not layers or not facts.fit.own_step:
        return None
    return found(
        "not_in_training_mode",
        "a train_step that calls the model with training=True",
        f"that {plain(list(layers)[:4])}{' and others' if len(layers) > 4 else ''} never ran in "
        "training mode: Dropout drops nothing, BatchNormalization uses the averages that it began "
        "with",
        "Write y_pred = self(x, training=True) in train_step.",
        line=facts.fit.own_step,
        doc="custom_train_step",
    )

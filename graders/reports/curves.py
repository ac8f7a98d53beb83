"""Reads learning curves: names what a training suffers from, and what to try.

Rules on the evidence alone, the same each time. A remark never costs a point: it is there for
whoever looks at a plot and wonders what it shows.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable
from typing import Any

from graders.reports import evidence as reading
from graders.reports.evidence import Curve, Evidence, History

# Accuracy this close to guessing is guessing.
NEAR = 0.05
# Two parts of the data that differ by this much in accuracy differ for a reason.
APART = 0.15
# A loss that loses this share of itself in an epoch is falling.
FALLING = 0.025
# A layer with this share of units that are zero for every example has little left to learn with;
# from the second on no gradient passes, which explains a model that has learned nothing.
SILENT, SHUT = 0.9, 0.99
# A rate up to this is one of those in use; with it a high loss that falls is a penalty.
ORDINARY_RATE = 0.01


@dataclasses.dataclass(frozen=True)
class Remark:
    """What the curves show.

    Attributes:
        symptom: String, a short name: `"overfitting"`, `"at_chance"` …
        sees: String, a sentence on what can be seen.
        tries: String, a sentence on what to try.
    """

    symptom: str
    sees: str
    tries: str

    @property
    def name(self) -> str:
        """String, the symptom in words."""
        return self.symptom.replace("_", " ")


@dataclasses.dataclass(frozen=True)
class _Case:
    """One training, as the rules see it."""

    history: History | None
    figures: dict[str, Any]
    threshold: float | None
    infinite: bool
    empty: bool

    def _last(self, part: str) -> float | None:
        # The grader's own figure counts for more than what the History tells.
        found = reading.share(self.figures.get(f"{part}_accuracy"))
        curve = self.history.curve("accuracy") if self.history else None
        if found is None and curve:
            series = [v for v in getattr(curve, part) if math.isfinite(v)]
            found = series[-1] if series else None
        return found

    @property
    def train(self) -> float | None:
        return self._last("train")

    @property
    def validation(self) -> float | None:
        return self._last("validation")

    @property
    def chance(self) -> float | None:
        return reading.share(self.figures.get("chance"))

    @property
    def loss(self) -> Curve | None:
        return self.history.curve("loss") if self.history else None

    @property
    def rate(self) -> float | None:
        return reading.number(self.figures.get("learning_rate"))

    @property
    def at_chance(self) -> bool:
        if self.train is None or self.chance is None:
            return False
        # What was learned by heart from labels without rhyme carries over to nothing.
        above = sorted((self.train - self.chance, (self.validation or 0) - self.chance))
        return above[0] <= NEAR + 1e-9 and above[1] <= 2 * NEAR


def percent(value: float) -> str:
    """Returns a share as people read it: `52.3%`."""
    return f"{100 * value:.1f}%"


def _untrained(case: _Case) -> Remark | None:
    if not case.empty:
        return None
    return Remark(
        "no_training",
        "The History has no epoch: the model was not trained.",
        "Give fit a number of epochs above 0.",
    )


def _diverging(case: _Case) -> Remark | None:
    rate = f" (it is {case.rate:g})" if case.rate is not None else ""
    tries = (
        f"Make the learning rate ten times smaller{rate}. If it stays so: scale the inputs, and "
        "look for a logarithm or a division in a loss of your own."
    )
    loss = case.loss
    broken = loss is not None and any(math.isnan(v) for v in (*loss.train, *loss.validation))
    if case.infinite or broken:
        sees = "The loss becomes NaN or infinite: each step overshoots further than the one before."
        return Remark("diverging", sees, tries)
    if loss is None or not loss.train:
        return None
    first, last, most = loss.train[0], loss.train[-1], max(loss.train)
    if len(loss.train) > 1 and last > 1.5 * max(first, 0.1):
        sees = f"The training loss rises, from {first:.2f} to {last:.2f}."
        return Remark("diverging", sees, tries)
    ordinary = case.rate is not None and case.rate <= ORDINARY_RATE
    falls = all(later <= before for before, later in itertools.pairwise(loss.train))
    if ordinary and falls:
        return None
    if case.at_chance and case.chance and most > 4 * math.log(1 / case.chance):
        sees = (
            f"The loss jumps to {most:.3g}, where guessing would give "
            f"{math.log(1 / case.chance):.2f}: the first steps were far too large."
        )
        return Remark("diverging", sees, tries)
    return None


def _mismatch(case: _Case) -> Remark | None:
    loss = str(case.figures.get("loss", ""))
    if loss.startswith(("mean_", "huber", "log_cosh", "poisson", "cosine")):
        return Remark(
            "loss_mismatch",
            f"The loss is {loss}: it takes label ids for quantities, as if class 8 were twice "
            "class 4.",
            "Use a cross-entropy that matches the output: probabilities, or logits with "
            "from_logits=True.",
        )
    claimed = case.figures.get("from_logits")
    logits = case.figures.get("output") == "logits"
    if logits and "crossentropy" in loss and claimed is False and not case.infinite:
        return Remark(
            "loss_mismatch",
            f"The model gives logits, and {loss} takes them for probabilities.",
            "End the model with softmax (sigmoid for one unit), or give the loss from_logits=True.",
        )
    return None


def _silent(case: _Case) -> Remark | None:
    silent = reading.share(case.figures.get("silent_units"))
    if silent is None or silent < (SHUT if case.at_chance else SILENT) or case.infinite:
        return None
    return Remark(
        "dying_relus",
        f"In one layer {percent(silent)} of the ReLU units are zero for every example: no "
        "gradient passes through them any more.",
        "Lower the learning rate, keep the inputs near 0 to 1, or use a leaky ReLU. Kernels that "
        "begin as zeros, or biases far below it, do this too.",
    )


def _other_data(case: _Case) -> Remark | None:
    curve = case.history.curve("accuracy") if case.history else None
    if curve is None:
        return None
    for part, series in (("validation", curve.validation), ("training", curve.train)):
        claimed = [v for v in series if math.isfinite(v)]
        own = case.validation if part == "validation" else case.train
        if claimed and own is not None and claimed[-1] >= own + 0.2:
            return Remark(
                "other_data",
                f"The History says {percent(claimed[-1])} on the {part} data; with the data as "
                f"they were given, the model gets {percent(own)}.",
                "Look at what fit is given: every example, x and y in the same order, nothing "
                "scaled outside the model (scaling belongs into it, as a layer). With "
                "BatchNormalization, some more epochs may be all that it needs.",
            )
    return None


def _ended_early(case: _Case) -> bool:
    """Returns whether one epoch was all, with steps that are neither idle nor far too large."""
    usual = case.rate is None or 1e-5 <= case.rate < 0.1
    return (
        usual
        and case.figures.get("moved") is not False
        and case.history is not None
        and case.history.epochs == 1
    )


def _at_chance(case: _Case) -> Remark | None:
    if not case.at_chance:
        return None
    assert case.train is not None and case.chance is not None
    if _ended_early(case):
        return Remark(
            "too_short",
            f"After one epoch the accuracy is {percent(case.train)} on the training data, where "
            f"guessing gives {percent(case.chance)}: too early to tell what the model can learn.",
            "Train for more epochs; if that takes too long, try a higher learning rate.",
        )
    sees = (
        f"The accuracy on the training data is {percent(case.train)}; guessing gives "
        f"{percent(case.chance)}. The model has learned nothing yet."
    )
    tries = (
        "Check that x and y still belong together (shuffled apart?), that gradients reach every "
        "layer, and try Adam with a learning rate of 0.001. Very strong Dropout or L2 does this "
        "too. Some models, recurrent ones above all, stay at chance for several epochs before "
        "they find out."
    )
    if case.figures.get("moved") is False:
        tries = (
            "No weight has changed at all: is anything trainable, is the learning rate above 0, "
            "and does fit train this very model?"
        )
    elif case.rate is not None and case.rate < 1e-5:
        tries = f"The learning rate is {case.rate:g}: with steps this small nothing moves."
    elif case.rate is not None and case.rate >= 0.1:
        tries = f"The learning rate is {case.rate:g}: try one that is ten to a hundred times less."
    return Remark("at_chance", sees, tries)


def _swapped(case: _Case) -> Remark | None:
    if case.train is None or case.validation is None or case.validation < case.train + APART:
        return None
    return Remark(
        "better_on_validation",
        f"The accuracy is {percent(case.validation)} on the validation data and "
        f"{percent(case.train)} on the training data: odd, unless regularisation is very strong.",
        "Look at the call of fit: are train_data and val_data swapped? If not, use less Dropout.",
    )


def _still_learning(history: History | None) -> bool:
    """Returns whether the loss was still on its way down, or the accuracy up, at the end."""
    loss = history.curve("loss") if history else None
    series = [v for v in (loss.train if loss else ()) if math.isfinite(v)]
    if len(series) < 2:
        return True
    steps = min(2, len(series) - 1)
    fell = series[-1 - steps] - series[-1]
    if fell > FALLING * steps * abs(series[-1 - steps]):
        return True
    # Near guessing a loss hardly falls while the accuracy climbs.
    accuracy = history.curve("accuracy") if history else None
    rose = [v for v in (accuracy.train if accuracy else ()) if math.isfinite(v)]
    return fell > 0 and len(rose) > steps and rose[-1] - rose[-1 - steps] > NEAR


def _underfitting(case: _Case) -> Remark | None:
    train, validation = case.train, case.validation
    if train is None or case.at_chance:
        return None
    wanted = case.threshold
    if wanted is None:
        # Of two classes, guessing gets half.
        wanted = max(0.6, (case.chance or 0) + 0.3)
    if train >= wanted + NEAR or train - (validation if validation is not None else train) >= APART:
        return None
    sees = f"The accuracy is low on the training data too ({percent(train)})"
    if _still_learning(case.history):
        epochs = case.history.epochs if case.history else 0
        count = f" after {epochs} epoch{'s' if epochs != 1 else ''}" if epochs else ""
        return Remark(
            "too_short",
            f"{sees}, and it was still learning when the training ended{count}.",
            "Train for more epochs; if that takes too long, try a higher learning rate.",
        )
    if case.chance is not None and train <= case.chance + 3 * NEAR:
        return Remark(
            "plateau",
            f"{sees}, hardly above guessing, and the loss lies on a plateau.",
            "Try another learning rate (three times more, three times less), then a larger model.",
        )
    return Remark(
        "underfitting",
        f"{sees}, and the loss no longer falls: the model is too small or held back.",
        "Use more units or filters, or another layer; use less Dropout or L2; or try another "
        "learning rate.",
    )


def _overfitting(case: _Case) -> Remark | None:
    train, validation = case.train, case.validation
    tries = "Regularise (Dropout, L2, augmentation), use fewer weights or more data"
    # Where a task fixes the epochs, an earlier end is no remedy.
    if case.figures.get("fixed_epochs") is not True:
        tries += ", or stop at the epoch where the validation loss was lowest"
    tries += "."
    series = [v for v in (case.loss.validation if case.loss else ()) if math.isfinite(v)]
    rises = ""
    if len(series) > 2:
        least = min(series)
        at = series.index(least)
        if series[-1] > 1.15 * least and series[-1] - least > 0.1 and at < len(series) - 1:
            rises = (
                f"the validation loss rises from {least:.2f} in epoch {at + 1} to "
                f"{series[-1]:.2f} at the end"
            )
    if train is not None and validation is not None and train - validation >= APART:
        sees = (
            f"The accuracy is {percent(train)} on the training data and {percent(validation)} on "
            "the validation data"
        )
        return Remark("overfitting", f"{sees}{'; ' + rises if rises else ''}.", tries)
    if rises and train is not None and (case.threshold is None or train > case.threshold):
        return Remark("overfitting", f"{rises[:1].upper()}{rises[1:]}.", tries)
    return None


def _unstable(case: _Case) -> Remark | None:
    series = [v for v in (case.loss.validation if case.loss else ()) if math.isfinite(v)]
    jumps = sum(
        later > 1.5 * before and later - before > 0.15
        for before, later in itertools.pairwise(series)
    )
    if jumps < 2:
        return None
    return Remark(
        "unstable",
        f"The validation loss jumps up {jumps} times within {len(series)} epochs.",
        "Lower the learning rate, or let it decay; a larger batch makes steps steadier.",
    )


# The first that fits is the likeliest cause; those after it are often its consequences.
_RULES: tuple[Callable[[_Case], Remark | None], ...] = (
    _untrained,
    _mismatch,
    _swapped,
    _other_data,
    _diverging,
    _silent,
    _at_chance,
    _underfitting,
    _overfitting,
    _unstable,
)
# These explain all the rest.
_FINAL = frozenset(
    ("no_training", "loss_mismatch", "better_on_validation", "other_data", "diverging", "at_chance")
)


def _infinite(evidence: Evidence) -> bool:
    table = evidence.get("training")
    if not isinstance(table, dict):
        return False
    losses = [table.get(f"{part}_loss") for part in ("train", "validation")]
    return any(isinstance(v, float) and not math.isfinite(v) for v in losses)


def read(evidence: Evidence, most: int = 2) -> list[Remark]:
    """Reads the curves of a task's main training.

    A baseline that is there to overfit, and a second training, are shown but not judged; if
    the main training never came, a remark still tells whether the first one diverged.

    Args:
        evidence: Dict, a task's evidence.
        most: Integer, the most remarks.

    Returns:
        List of `Remark`, the likeliest cause first; empty if nothing stands out.
    """
    histories = reading.histories(evidence)
    history = next((h for h in histories if not h.name), None)
    figures = reading.training(evidence)
    claimed = evidence.get("history")
    empty = isinstance(claimed, dict) and not any(claimed.values())
    if history is None and not figures and not empty:
        found = _diverging(_Case(histories[0], {}, None, False, False)) if histories else None
        return [found] if found is not None else []
    found_measure = reading.measured(evidence)
    case = _Case(
        history,
        figures,
        found_measure.threshold if found_measure else None,
        _infinite(evidence),
        empty,
    )
    remarks: list[Remark] = []
    for rule in _RULES:
        remark = rule(case)
        if remark is not None:
            remarks.append(remark)
            if remark.symptom in _FINAL:
                break
    return remarks[:most]

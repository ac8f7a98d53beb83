"""Weights of classes in the loss."""

from __future__ import annotations

import numpy as np

from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Finding, found, number
from graders.diagnosis.neighbours import targets

# How much more often one class comes than another, and how much more it weighs, for a mistake.
FACTOR = 2.0
# Of a sample that is smaller, the frequencies are not sure.
ENOUGH = 100


def weights_of_common_classes(facts: Facts) -> Finding | None:
    """Class weights make up for rare examples; the other way round, these count even less."""
    given = dict(facts.fit.class_weight)
    counts, sure = _counts(facts)
    known = [label for label in counts if label in given]
    if len(known) < 2:
        return None
    common, rare = max(known, key=counts.__getitem__), min(known, key=counts.__getitem__)
    if counts[common] < FACTOR * counts[rare] or given[common] < FACTOR * given[rare]:
        return None
    total = sum(counts.values())
    usual = {
        label: float(f"{total / (len(counts) * counts[label]):.3g}") for label in (common, rare)
    }
    return found(
        "weights_of_common_classes",
        "class weights that are larger for the rarer classes",
        f"the weight {number(given[common])} for class {common} ({counts[common]} of {total} "
        f"examples), and {number(given[rare])} for class {rare} ({counts[rare]}), which counts "
        "even less than it would without",
        f"Turn them round: all examples / (classes * examples of the class) gives "
        f"{number(usual[common])} and {number(usual[rare])}.",
        line=facts.fit.line,
        argument="class_weight",
        doc="fit",
        sure=sure,
    )


def _counts(facts: Facts) -> tuple[dict[int, int], bool]:
    """Returns how many examples each class has, and whether that is sure."""
    labels = facts.labels
    if labels is None or facts.labels_are not in ("integers", "binary", "one_hot"):
        return {}, False
    if labels.values and facts.labels_are != "one_hot":
        return {int(value): count for value, count in labels.values}, True
    y = targets(facts, labels)
    if y is None:
        return {}, False
    values, counts = np.unique(y, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True)), len(y) >= ENOUGH

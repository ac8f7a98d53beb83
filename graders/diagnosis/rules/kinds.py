"""What the rules share: which losses and activations are of which kind."""

from __future__ import annotations

from graders.diagnosis.facts import Compiled, Facts, Layer

CATEGORICAL = ("categorical_crossentropy", "categorical_focal_crossentropy")
SPARSE = ("sparse_categorical_crossentropy",)
BINARY = ("binary_crossentropy", "binary_focal_crossentropy")
CROSSENTROPIES = (*CATEGORICAL, *SPARSE, *BINARY)
HINGES = ("hinge", "squared_hinge", "categorical_hinge")
DISTANCES = (
    *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error"),
    *("mean_squared_logarithmic_error", "huber", "log_cosh"),
)
BOUNDS = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
}
RECTIFIED = ("relu", "relu6")
ACCURACIES = ("accuracy", "acc", "binary_accuracy")


def line_of(layer: Layer | None) -> int:
    """Returns the line that made a layer, 0 if it is not known."""
    return layer.line if layer is not None else 0


def known_loss(facts: Facts) -> Compiled | None:
    """Returns how the model was compiled, if the loss is one of Keras's."""
    compiled = facts.compiled
    return compiled if compiled is not None and compiled.loss and not compiled.own_loss else None


def is_class(facts: Facts) -> bool:
    """Returns whether each example has one class."""
    return facts.labels_are in ("binary", "integers", "one_hot")

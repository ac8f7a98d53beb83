"""The cross-entropy minus a multiple of the prediction's entropy, in NumPy, with known mistakes."""

from __future__ import annotations

import dataclasses

import numpy as np

from graders.toolkit.closed_forms import crossentropy, diagnose, entropy, near, softmax

Case = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Batch:
    """Labels and predictions, and what the task's loss is for them.

    Attributes:
        y: Integer array `(n,)`, the labels.
        z: Float32 array `(n, classes)`, logits.
        p: Float32 array `(n, classes)`, the probabilities that belong to the logits.
    """

    y: np.ndarray
    z: np.ndarray
    p: np.ndarray

    @classmethod
    def draw(cls, rng: np.random.Generator, n: int = 9, classes: int = 5) -> Batch:
        """Draws logits and labels."""
        # No probability so small that a floor under the logarithm would show.
        z = rng.uniform(-1.2, 1.2, size=(n, classes)).astype("float32")
        return cls(rng.integers(0, classes, n), z, softmax(z).astype("float32"))

    def softened(self) -> Batch:
        """Returns the batch that results if the probabilities are taken for logits."""
        return Batch(self.y, self.p, softmax(self.p).astype("float32"))

    def singles(self, logits: bool = False) -> list[Case]:
        """Returns the examples one at a time: how a batch is reduced then makes no difference."""
        given = self.z if logits else self.p
        return [{"y": self.y[i : i + 1], "p": given[i : i + 1]} for i in range(len(self.y))]

    def case(self, logits: bool) -> Case:
        """Returns the labels with the logits, or with the probabilities."""
        return {"y": self.y, "p": self.z if logits else self.p}

    def loss(self, penalty: float) -> np.ndarray:
        """Returns the loss of each example."""
        return crossentropy(self.y, self.p) - penalty * entropy(self.p)

    def mistakes(self, penalty: float) -> dict[str, np.ndarray]:
        """Returns the values that known mistakes give for each example."""
        first, second = crossentropy(self.y, self.p), penalty * entropy(self.p)
        return {
            "the entropy added instead of subtracted: that rewards confidence": first + second,
            "the penalty alone, without the cross-entropy": -second,
            "an entropy in bits (logarithm to base 2) instead of the natural logarithm": (
                first - second / np.log(2)
            ),
            "the mean over the classes of -p log p instead of the sum": (
                first - second / self.p.shape[1]
            ),
            "the entropy of softmax(probabilities): one softmax too many": (
                first - penalty * entropy(softmax(self.p))
            ),
            "an entropy of which only the true class's term is there": (
                first - penalty * np.exp(-first) * first
            ),
            "the cross-entropy with the wrong sign": -first - second,
            "both terms with the wrong sign": -first + second,
        }

    def explain(self, found: np.ndarray, penalty: float) -> str:
        """Names the mistake that gives the values found, or another penalty that does."""
        mistakes = self.mistakes(penalty)
        if not any(near(found, values) for values in mistakes.values()):
            # Some of the mistakes are the same as another penalty: their own names tell more.
            first, second = crossentropy(self.y, self.p), entropy(self.p)
            used = float(((first - found) / second).mean())
            words = f"cross-entropy minus {round(used, 3) + 0.0:.3g} * entropy"
            mistakes[words] = first - used * second
        return diagnose(found, self.loss(penalty), mistakes)

    def gradients(self, penalty: float, logits: bool) -> tuple[np.ndarray, np.ndarray]:
        """Returns the gradients of the cross-entropy and of the penalty, see `flat`."""
        p, hot = self.p.astype("float64"), np.eye(self.p.shape[1])[self.y]
        if logits:
            return flat(p - hot), flat(penalty * p * (np.log(p) + entropy(p)[:, None]))
        return flat(-hot / p), flat(penalty * (np.log(p) + 1))


def flat(gradient: np.ndarray) -> np.ndarray:
    """Returns a gradient along the plane of predictions whose sum stays the same.

    Probabilities sum to 1: what a gradient is across that plane is anybody's choice, for some
    losses normalise first.
    """
    return gradient - gradient.mean(axis=-1, keepdims=True)


# Labels and logits, smallest first, of which one shows a fault.
SMALL = tuple(
    Batch(np.array(y), np.array(z, "float32"), softmax(np.array(z)).astype("float32"))
    for y, z in (
        ([0], [[0.0, 0.0]]),
        ([0], [[1.0, 0.0]]),
        ([1], [[2.0, 0.0, 1.0]]),
        ([0, 1], [[1.0, 0.0], [1.0, 0.0]]),
        ([0, 2, 1], [[1.0, 0.0, 0.5], [0.0, 2.0, 1.0], [0.3, 0.2, 0.1]]),
    )
)


@dataclasses.dataclass(frozen=True)
class Extreme:
    """A prediction with probabilities of 0 and 1.

    Attributes:
        p: List of floats, the probabilities.
        z: List of floats, logits that give them.
        y: Integer, the label.
        loss: Float, for a penalty of 0.5; `None` for any large value.
    """

    p: list[float]
    z: list[float]
    y: int
    loss: float | None

    def case(self, logits: bool) -> Case:
        """Returns the label and the prediction as a batch of one."""
        given = self.z if logits else self.p
        return {"y": np.array([self.y]), "p": np.array([given], "float32")}


EXTREMES = (
    Extreme([1.0, 0.0, 0.0, 0.0], [300, 0, 0, 0], 0, 0.0),
    Extreme([0.0, 1.0, 0.0, 0.0], [-300, 300, -300, -300], 0, None),
    Extreme([0.5, 0.5, 0.0, 0.0], [200, 200, -200, -200], 0, 0.5 * float(np.log(2))),
    Extreme([0.0, 0.0, 0.0, 1.0], [-500, 0, -200, 500], 3, 0.0),
)

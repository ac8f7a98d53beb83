"""From which lines of the student's file a model comes: claims, shown and never scored.

What does not fit is left out: a line that is not known costs nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

from graders.boundary.events import MAX_LINE
from graders.boundary.operations import MOST, operations
from graders.checking import At

# A rebuilt layer keeps its line under this name; Keras looks at no attribute that it does not know.
KEPT = "_line_in_file"


def line(claim: Any) -> int | None:
    """Parses the number of a line.

    Args:
        claim: Anything.

    Returns:
        Integer from 1, `None` for everything else.
    """
    return claim if type(claim) is int and 0 < claim <= MAX_LINE else None


def line_of(layer: Any) -> int | None:
    """Returns the line that made a rebuilt layer, as claimed; `None` if it is not known.

    Args:
        layer: A layer or operation of a rebuilt model, or a call of one in its graph (with `op`).
    """
    found = getattr(getattr(layer, "op", layer), "__dict__", {})
    return found.get(KEPT)


@dataclasses.dataclass(frozen=True)
class Lines:
    """The lines that a model comes from, as claimed.

    Attributes:
        layers: Tuple of pairs, the class of each layer or operation and the line that made it.
        compiled: Integer, the line of its last `compile`; each of these is `None` if not known.
        fitted: Integer, that of its last `fit`.
        loss: Integer, the line that made its loss, if that is an object.
        optimizer: Integer, the line that made its optimizer.
        asked: Integer, the line of the function that the grader called which led to that `compile`:
            another one, if the student's function has a helper for it.
    """

    layers: tuple[tuple[str, int | None], ...] = ()
    compiled: int | None = None
    fitted: int | None = None
    loss: int | None = None
    optimizer: int | None = None
    asked: int | None = None

    @classmethod
    def from_claim(cls, claim: Any) -> Lines:
        """Parses what a sandbox noted. What does not fit is left out.

        Args:
            claim: Anything.
        """
        claim = claim if isinstance(claim, dict) else {}
        layers = claim.get("layers")
        rows = layers if isinstance(layers, list) and len(layers) <= MOST else []
        if not all(
            isinstance(row, list) and len(row) == 2 and isinstance(row[0], str) for row in rows
        ):
            rows = []
        names = ("compiled", "fitted", "loss", "optimizer", "asked")
        return cls(
            tuple((kind[:200], line(number)) for kind, number in rows),
            *(line(claim.get(name)) for name in names),
        )

    def of_loss(self) -> tuple[Any, ...]:
        """Returns where the loss stands: see `graders.checking.fail`."""
        return self.loss, At(self.compiled, "loss")

    def of_optimizer(self) -> tuple[Any, ...]:
        """Returns where the optimizer stands: see `graders.checking.fail`."""
        return self.optimizer, At(self.compiled, "optimizer")

    def of_rate(self) -> tuple[Any, ...]:
        """Returns where the learning rate is chosen: see `graders.checking.fail`."""
        helped = self.asked if self.asked != self.compiled else None
        return helped, At(self.of_optimizer(), "learning_rate")

    def attach(self, model: Any) -> None:
        """Has the layers of a rebuilt model keep their lines, see `line_of`.

        Args:
            model: A rebuilt Keras model. If its layers are others than those of the claim, nobody
                can tell which line belongs to which.
        """
        with contextlib.suppress(AttributeError, TypeError):
            found = operations(model)
            if [type(layer).__name__ for layer in found] == [kind for kind, _ in self.layers]:
                for layer, (_, number) in zip(found, self.layers, strict=True):
                    layer.__dict__[KEPT] = number


NO_LINES = Lines()

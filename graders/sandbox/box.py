"""What probes get beside the student's module."""

from __future__ import annotations

import contextlib
import inspect
import math
import numbers
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from graders.boundary.names import Kind
from graders.boundary.sizes import MAX_EPOCHS
from graders.boundary.wire import Channel
from graders.sandbox import losses, objects
from graders.sandbox.errors import WrongAnswer, type_name
from graders.sandbox.factory import WatchedFactory
from graders.sandbox.recorder import Recorder
from graders.sandbox.snapshots import snapshot
from graders.sandbox.watching import Watch


class Box:
    """What probes get beside the student's module: objects kept between requests, and snapshots."""

    def __init__(self, channel: Channel):
        self._channel = channel
        self._kept: list[Any] = []
        self.data: dict[str, Any] = {}
        self.student: Any = None
        self.script: Any = None
        self.filename = self.source = ""
        self.built: set[str] = set()
        self.recorder = Recorder(self.progress)
        # The instruments for objects and losses of the submission, for probes.
        self.objects = objects
        self.losses = losses

    def keep(self, value: Any) -> int:
        """Keeps an object for later requests.

        Args:
            value: Any object.

        Returns:
            Integer, its handle.
        """
        self._kept.append(value)
        return len(self._kept) - 1

    def __getitem__(self, handle: int) -> Any:
        return self._kept[handle]

    def progress(self, epoch: Any, epochs: Any, loss: Any = None, accuracy: Any = None) -> None:
        """Reports how far a training is: shown, never scored.

        Args:
            epoch: Integer, the epoch that begins. Anything else is not reported.
            epochs: Integer, how many there are. Anything else is not reported.
            loss: Number, that of the last epoch. Anything else is left out.
            accuracy: Number, that of the last epoch. Anything else is left out.
        """
        found = [int(n) if isinstance(n, numbers.Integral) else -1 for n in (epoch, epochs)]
        if all(0 <= number <= MAX_EPOCHS for number in found):
            self._channel.send_progress(*found, *map(_figure, (loss, accuracy)))

    def function(self, name: str, arguments: int | None = None) -> Callable[..., Any]:
        """Looks up a function or class of the submission.

        Args:
            name: String.
            arguments: Integer, how many positional arguments it will be given; `None` for any.

        Returns:
            The callable.

        Raises:
            WrongAnswer: If it is missing or takes other arguments.
        """
        found = getattr(self.student, name, None)
        if found is None:
            raise WrongAnswer(Kind.MISSING, f"{self.filename} defines no `{name}`.")
        if not callable(found):
            raise WrongAnswer(
                Kind.MISSING, f"`{name}` in {self.filename} is {type_name(found)}, not a function."
            )
        if arguments is not None:
            try:
                signature = inspect.signature(found)
            except (ValueError, TypeError):
                return found
            try:
                signature.bind(*[None] * arguments)
            except TypeError:
                raise WrongAnswer(
                    Kind.SIGNATURE,
                    f"`{name}{signature}` cannot be called with {arguments} arguments.",
                ) from None
        return found

    def make(self, name: str, base: type, /, *args: Any, **options: Any) -> Any:
        """Makes an object of a class of the submission: see `graders.sandbox.objects.make`."""
        return objects.make(self.function(name), base, *args, **options)

    def factory(self, weights: Sequence[np.ndarray], examples: np.ndarray) -> WatchedFactory:
        """Returns a factory of models that note what they see."""
        return WatchedFactory(weights, examples)

    def watching(
        self, builder: str = "", arguments: tuple[str, ...] = ()
    ) -> AbstractContextManager[Watch]:
        """Watches the models of a builder: see `Recorder.watching`."""
        if builder:
            self.function(builder, len(arguments))
        return self.recorder.watching(self.student, builder, arguments)

    def snapshot(self, model: Any, input_shape: Any = None) -> dict[str, Any]:
        """Describes a model in plain data: see `graders.sandbox.snapshots.snapshot`."""
        return snapshot(model, input_shape)


def _figure(value: Any) -> float:
    """Returns a number as a float, NaN for anything else; what a metric reports may be anything."""
    with contextlib.suppress(Exception):
        return float(value)
    return math.nan

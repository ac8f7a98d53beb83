"""What a sandbox noted of trainings, parsed into dataclasses: the one place where claims get types.

Claims come from beside the student's code: they can cost points, and earn none.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graders.rebuilt.lines import line
from graders.rebuilt.snapshot import Snapshot

MOST = 5000


@dataclasses.dataclass(frozen=True)
class Fingerprint:
    """What tells one data set from another.

    Attributes:
        examples: Integer.
        inputs: Float, the sum of all inputs.
        labels: Float, the sum of all labels.
    """

    examples: int
    inputs: float
    labels: float

    @classmethod
    def of(cls, data: tuple[np.ndarray, np.ndarray]) -> Fingerprint:
        """Computes the fingerprint of a pair `(x, y)`."""
        x, y = data
        return cls(len(x), float(x.sum(dtype="float64")), float(y.sum(dtype="float64")))

    def same_inputs(self, other: Fingerprint) -> bool:
        """Returns whether the inputs are the same, whatever the labels are."""
        return self.examples == other.examples and math.isclose(
            self.inputs, other.inputs, rel_tol=1e-6
        )


@dataclasses.dataclass(frozen=True)
class Fit:
    """One call of `fit`, as claimed.

    Attributes:
        asked: Integer, the epochs that it was asked for.
        done: Integer, the epochs that it ran.
        steps: Integer, the steps that it took.
        rate: Float, the learning rate of its first epoch; `None` if not known.
        last_rate: Float, that of its last epoch; `None` if not known.
        adapts: Boolean, whether a callback lowers the rate by what the training reaches.
        start: String, a digest of the weights that it started from; empty if not noted.
        data: `Fingerprint` of what it got; `None` if that was no pair of arrays.
        kept: Boolean, whether the model still has the weights of its last epoch.
        seconds: Float, how long it took.
        epochs: Tuple of pairs of floats, the seconds of each epoch without and with validation;
            empty if not noted.
    """

    asked: int
    done: int
    steps: int = 0
    rate: float | None = None
    start: str = ""
    data: Fingerprint | None = None
    kept: bool = True
    seconds: float = 0.0
    epochs: tuple[tuple[float, float], ...] = ()
    last_rate: float | None = None
    adapts: bool = False


@dataclasses.dataclass(frozen=True)
class Run:
    """One training of several that are compared, as claimed.

    Attributes:
        label: String, which one it is, as a phrase that ends a sentence: `"under float32"`.
        fits: Tuple of `Fit`, in the order of the calls.
        starts: Frozenset of strings, digests of the weights that any training started from.
        examples: Integer, how many examples `train_on_batch` got; 0 if it was not called.
        sizes: Tuple of tuples, the shapes of the weights.
        iterations: Integer, the steps that the optimizer counts; `None` if not known.
        built_rate: Float, the learning rate that the model was compiled with; `None` if not known.
    """

    label: str
    fits: tuple[Fit, ...] = ()
    starts: frozenset[str] = frozenset()
    examples: int = 0
    sizes: tuple[tuple[int, ...], ...] = ()
    iterations: int | None = None
    built_rate: float | None = None

    @classmethod
    def from_claim(
        cls,
        label: str,
        claim: Any,
        before: Snapshot | None = None,
        after: Snapshot | None = None,
    ) -> Run:
        """Checks the types of what a sandbox noted of a training.

        Args:
            label: String, which training it is; the grader's own words.
            claim: Plain data: a dict with `fits`, `starts` and `examples`. Further keys are left
                alone.
            before: `Snapshot` of the model before it.
            after: `Snapshot` of the model after it.

        Returns:
            A `Run`.

        Raises:
            ValueError: If it is not what a recorder notes.
        """
        claim = _a(dict, claim)
        starts = [_digest(item) for item in _list(claim, "starts")]
        steps = _of_optimizer(after, "iterations")
        return cls(
            label,
            tuple(_fit(_a(dict, item)) for item in _list(claim, "fits")),
            frozenset(starts),
            _count(claim, "examples"),
            tuple(weight.shape for weight in after.weights) if after else (),
            None if steps is None else int(steps),
            _of_optimizer(before, "learning_rate"),
        )

    @property
    def done(self) -> int:
        """Integer, the epochs that all fits ran together."""
        return sum(fit.done for fit in self.fits)

    @property
    def only_fits(self) -> bool:
        """Boolean, whether nothing but the fits trained it, by the steps of its optimizer."""
        return self.iterations is not None and self.iterations <= sum(f.steps for f in self.fits)

    def asked_since(self, starts: frozenset[str]) -> int:
        """Counts the epochs asked for since the model last stood at one of these starts.

        What came before (a fit that traces the model, say) was taken back.
        """
        count = 0
        for fit in self.fits:
            count = fit.asked + (0 if fit.start in starts else count)
        return count


@dataclasses.dataclass(frozen=True)
class Values:
    """What values a data set holds.

    Attributes:
        mean: Float.
        spread: Float, their standard deviation.
        largest: Float.
    """

    mean: float
    spread: float
    largest: float


@dataclasses.dataclass(frozen=True)
class Change:
    """How the values that a `fit` got differ from those that the training was given, as claimed.

    Attributes:
        given: `Values` that the training was given.
        found: `Values` that the fit got.
    """

    # Of batches of a data set mean and spread are known roughly.
    SAME = 0.1

    given: Values
    found: Values

    @classmethod
    def from_claim(cls, claim: Any) -> Change:
        """Parses a `graders.sandbox.fits.Change`.

        Args:
            claim: Plain data: two lists of a mean, a standard deviation and the largest value.

        Raises:
            ValueError: If it is nothing of the kind.
        """
        given, found = (Values(*_three(item)) for item in _a(list, claim))
        return cls(given, found)

    @property
    def factor(self) -> float | None:
        """Float, what the values were multiplied by; `None` if that is not all that was done."""
        if self.given.mean == 0 or self.given.spread <= 0:
            return None
        by_mean = self.found.mean / self.given.mean
        by_spread = self.found.spread / self.given.spread
        scaled = by_mean > 0 and math.isclose(by_mean, by_spread, rel_tol=self.SAME)
        return by_mean if scaled else None


def _three(value: Any) -> tuple[float, float, float]:
    mean, spread, largest = _a(list, value)
    return _finite(mean), _finite(spread), _finite(largest)


def _a(kind: Any, value: Any) -> Any:
    # True is an int for Python, and no count.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{type(value).__name__} in the wrong place")
    return value


def _list(claim: dict[str, Any], key: str) -> list[Any]:
    found = _a(list, claim.get(key))
    if len(found) > MOST:
        raise ValueError(f"too many {key}")
    return found


def _count(claim: dict[str, Any], key: str) -> int:
    found = _a(int, claim.get(key))
    if not 0 <= found < 2**53:
        raise ValueError(f"{key} that cannot be")
    return found


def _finite(value: Any) -> float:
    found = _a(int | float, value)
    # float() raises another error for a whole number of hundreds of digits.
    if not -1e300 < found < 1e300:
        raise ValueError("a number that is not finite")
    return float(found)


def _digest(value: Any) -> str:
    if not 0 < len(_a(str, value)) <= 128:
        raise ValueError("no digest")
    return value


def _fit(claim: dict[str, Any]) -> Fit:
    rate, data = claim.get("rate"), claim.get("data")
    if data is not None:
        examples, inputs, labels = _a(list, data)
        data = Fingerprint(
            _count({"examples": examples}, "examples"), _finite(inputs), _finite(labels)
        )
    return Fit(
        _count(claim, "asked"),
        _count(claim, "done"),
        _count(claim, "steps"),
        None if rate is None else _finite(rate),
        _digest(claim["start"]) if claim.get("start") else "",
        data,
        _a(bool, claim.get("kept")),
        _finite(claim.get("seconds")),
        tuple(_pair(item) for item in _list(claim, "epochs")),
        None if claim.get("last_rate") is None else _finite(claim["last_rate"]),
        claim.get("adapts") is True,
    )


def _pair(value: Any) -> tuple[float, float]:
    alone, whole = _a(list, value)
    return _finite(alone), _finite(whole)


def _of_optimizer(snapshot: Snapshot | None, key: str) -> Any:
    """Returns what an optimizer is claimed to have, `None` if that is no finite number."""
    found = ((snapshot and snapshot.optimizer) or {}).get(key)
    try:
        return None if found is None else _finite(found)
    except ValueError:
        return None


@dataclasses.dataclass(frozen=True)
class WatchedModel:
    """A model that a watched builder of the submission returned, and that was trained.

    Attributes:
        arguments: Dict of plain data, what the builder was given, by the argument's name.
        inferred: Boolean, whether the model was asked for predictions.
        claim: Dict, what was noted of its training, see `run`.
        snapshot: `Snapshot` of the model afterwards.
    """

    arguments: dict[str, Any]
    inferred: bool
    claim: dict[str, Any]
    snapshot: Snapshot

    def run(self, label: str) -> Run:
        """Returns its training as a `Run` of that label."""
        return Run.from_claim(label, self.claim, None, self.snapshot)


@dataclasses.dataclass(frozen=True)
class Watched:
    """What happened while a function of the submission ran under the recorder, as claimed.

    Attributes:
        returned: String, the type of what it returned.
        value: Plain data, what it returned, if that is a dict, a list or a tuple.
        seconds: Float, how long it took.
        policy_before: String, the global dtype policy before it.
        policy_after: String, the global dtype policy after it.
        data_unchanged: Boolean, whether the arrays that it was given are what they were.
        models: Tuple of `WatchedModel`, the trained ones, in the order of their builds.
        fitted: Integer, the line of the last `fit`; `None` if it is not known.
    """

    returned: str
    value: Any
    seconds: float
    policy_before: str
    policy_after: str
    data_unchanged: bool
    models: tuple[WatchedModel, ...]
    fitted: int | None = None

    @classmethod
    def from_claim(cls, claim: Any) -> Watched:
        """Parses the answer of `graders.sandbox.recorder.Watch`.

        Args:
            claim: Plain data.

        Raises:
            ValueError: If it is nothing of the kind.
        """
        claim = _a(dict, claim)
        before, after = _a(list, claim.get("policies"))
        models = []
        for item in _list(claim, "models"):
            noted = _a(dict, item)
            model = WatchedModel(
                _a(dict, noted.get("arguments")),
                _a(bool, noted.get("inferred")),
                {key: noted.get(key) for key in ("fits", "starts", "examples")},
                Snapshot.from_claim(noted.get("snapshot")),
            )
            model.run("")  # what does not fit is found here
            models.append(model)
        return cls(
            _a(str, claim.get("returned"))[:200],
            claim.get("value"),
            _finite(claim.get("seconds")),
            _a(str, before)[:200],
            _a(str, after)[:200],
            _a(bool, claim.get("data_unchanged")),
            tuple(models),
            line(claim.get("fitted")),
        )


@dataclasses.dataclass(frozen=True)
class FactoryModel:
    """A model of `graders.sandbox.factory` that was trained, as claimed.

    Attributes:
        asked: Float, the learning rate that its factory was asked for.
        seen: Integer array, the examples of its training steps in their order, by their places in
            the training data; -1 for one that is not among them.
        sizes: Integer array, the size of the batch of each step.
        rates: Float array, the optimizer's learning rate at each step.
        state_at: Integer array, rising from 0: after how many examples its weights were noted.
        kernels: Float array, its kernel at each of these.
        biases: Float array, its bias at each of these.
    """

    asked: float
    seen: np.ndarray
    sizes: np.ndarray
    rates: np.ndarray
    state_at: np.ndarray
    kernels: np.ndarray
    biases: np.ndarray

    @classmethod
    def from_claim(cls, claim: Any, weights: Sequence[np.ndarray], examples: int) -> FactoryModel:
        """Checks the types, the sizes and the ranges of what a model noted.

        Args:
            claim: Plain data.
            weights: The kernel and the bias that the models start from.
            examples: Integer, the number of training examples.

        Raises:
            ValueError: If it is not what such a model notes.
        """
        claim = _a(dict, claim)
        kernel, bias = (weight.shape for weight in weights)
        found = cls(
            _finite(claim.get("asked")),
            _array(claim, "seen", "int64"),
            _array(claim, "sizes", "int64"),
            _array(claim, "rates", "float64"),
            _array(claim, "state_at", "int64"),
            _array(claim, "kernels", "float32", kernel),
            _array(claim, "biases", "float32", bias),
        )
        seen, sizes, state_at = found.seen, found.sizes, found.state_at
        steps = len(seen) and len(sizes) == len(found.rates)
        states = len(state_at) and len(state_at) == len(found.kernels) == len(found.biases)
        if not (steps and states):
            raise ValueError("notes of different lengths")
        if not (seen >= -1).all() or not (seen < examples).all():
            raise ValueError("examples that do not exist")
        # Each of them first: the sum of huge numbers may come round to the right one.
        within = (sizes >= 0).all() and (sizes <= len(seen)).all()
        if not within or sizes.sum() != len(seen):
            raise ValueError("batches that do not make up what was seen")
        if not np.isfinite(found.rates).all():
            raise ValueError("a learning rate that is not finite")
        if state_at[0] != 0 or (np.diff(state_at) <= 0).any() or state_at[-1] > len(seen):
            raise ValueError("weights that were noted at no such time")
        return found

    @property
    def rate(self) -> float:
        """Float, the learning rate of its first step."""
        return float(self.rates[0])

    @property
    def size(self) -> int:
        """Integer, the size of its largest batch."""
        return int(self.sizes.max())

    @property
    def batches(self) -> list[np.ndarray]:
        """List of integer arrays, the examples of each step."""
        return np.split(self.seen, np.cumsum(self.sizes)[:-1])

    def weights_after(self, examples: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Returns kernel and bias after so many examples, `None` if they were not noted then."""
        places = np.flatnonzero(self.state_at == examples)
        return (self.kernels[places[0]], self.biases[places[0]]) if len(places) else None


@dataclasses.dataclass(frozen=True)
class FactoryModels:
    """The models that a factory of the grader's made, as claimed.

    Attributes:
        trained: Tuple of `FactoryModel`, in the order of their builds.
        untrained: Integer, how many more were built.
        built: Integer, the line that asked for the last one; `None` if it is not known.
    """

    trained: tuple[FactoryModel, ...]
    untrained: int
    built: int | None = None

    @classmethod
    def from_claim(cls, claim: Any, weights: Sequence[np.ndarray], examples: int) -> FactoryModels:
        """Parses the answer of a `WatchedFactory`: see `FactoryModel.from_claim`."""
        claim = _a(dict, claim)
        trained = [
            FactoryModel.from_claim(item, weights, examples) for item in _list(claim, "builds")
        ]
        return cls(tuple(trained), _count(claim, "untrained"), line(claim.get("built")))


def _array(claim: dict[str, Any], key: str, dtype: str, each: tuple[int, ...] = ()) -> np.ndarray:
    """Returns an array of a dtype whose rows have the shape `each`."""
    found = _a(np.ndarray, claim.get(key))
    if found.dtype.name != dtype or found.ndim != 1 + len(each) or found.shape[1:] != each:
        raise ValueError(f"{key} of another kind")
    return found

"""What a rule finds, and how it is worded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from graders.diagnosis.facts import Facts

GUIDE = "https://keras.io/"
PAGES = {
    "activations": GUIDE + "api/layers/activations/",
    "probabilistic": GUIDE + "api/losses/probabilistic_losses/",
    "regression": GUIDE + "api/losses/regression_losses/",
    "losses": GUIDE + "api/losses/",
    "metrics": GUIDE + "api/metrics/accuracy_metrics/",
    "compile": GUIDE + "api/models/model_training_apis/#compile-method",
    "fit": GUIDE + "api/models/model_training_apis/#fit-method",
    "optimizers": GUIDE + "api/optimizers/",
    "schedules": GUIDE + "api/optimizers/learning_rate_schedules/",
    "rescaling": GUIDE + "api/layers/preprocessing_layers/image_preprocessing/rescaling/",
    "normalization": GUIDE + "api/layers/preprocessing_layers/numerical/normalization/",
    "batch": GUIDE + "api/layers/normalization_layers/batch_normalization/",
    "dropout": GUIDE + "api/layers/regularization_layers/dropout/",
    "regularizers": GUIDE + "api/layers/regularizers/",
    "embedding": GUIDE + "api/layers/core_layers/embedding/",
    "dense": GUIDE + "api/layers/core_layers/dense/",
    "flatten": GUIDE + "api/layers/reshaping_layers/flatten/",
    "initializers": GUIDE + "api/layers/initializers/",
    "masking": GUIDE + "guides/understanding_masking_and_padding/",
    "lstm": GUIDE + "api/layers/recurrent_layers/lstm/",
    "transfer": GUIDE + "guides/transfer_learning/",
    "early_stopping": GUIDE + "api/callbacks/early_stopping/",
    "plateaus": GUIDE + "api/callbacks/reduce_lr_on_plateau/",
    "custom_layers": GUIDE + "guides/making_new_layers_and_models_via_subclassing/",
    "functional": GUIDE + "guides/functional_api/",
    "custom_train_step": GUIDE + "guides/custom_train_step_in_tensorflow/",
    "augmentation": GUIDE + "api/layers/preprocessing_layers/image_augmentation/random_brightness/",
    "training": GUIDE + "guides/training_with_built_in_methods/",
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """One fault, or one remark.

    Attributes:
        id: String, the name of the rule.
        message: String, full sentences: what was expected, what was found, what to look at.
        line: Integer, of the file; 0 if not known.
        argument: String, the argument of the call in that line which is meant; empty if none is.
        doc: String, an address.
        sure: Boolean; what is not sure is a remark.
        tried: String, what a repair reached; empty if none was tried.
    """

    id: str
    message: str
    line: int = 0
    argument: str = ""
    doc: str = ""
    sure: bool = True
    tried: str = ""


@dataclasses.dataclass(frozen=True)
class Repair:
    """A change of the training that takes a suspect away.

    Attributes:
        words: String, a phrase that begins a sentence: `"with the inputs divided by 255"`.
        activation: String, what the output's activation becomes; `None` to leave it.
        units: Integer, what the output's size becomes; `None` to leave it.
        loss: String, what the loss becomes; `None` to leave it.
        rate: Float, what the learning rate becomes; `None` to leave it.
        scale: Float, what the inputs are multiplied by; `None` to leave them.
        standardize: Boolean, whether inputs are brought to mean 0 and spread 1.
        hidden: Mapping from layers' names to activations that they get.
        dropped: Tuple of strings, Dropout layers that get another rate.
        dropout: Float, that rate; 0 takes them out.
        epochs: Integer, how many more times the epochs are run.
        thawed: Boolean, whether all layers become trainable.
        penalty: Float, what L1 and L2 are multiplied by; `None` to leave them.
        optimizer: String, what the optimizer becomes; `None` to leave it.
    """

    words: str
    activation: str | None = None
    units: int | None = None
    loss: str | None = None
    rate: float | None = None
    scale: float | None = None
    standardize: bool = False
    hidden: Mapping[str, str] = dataclasses.field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    dropout: float = 0.0
    epochs: int = 1
    thawed: bool = False
    penalty: float | None = None
    optimizer: str | None = None

    def and_also(self, other: Repair) -> Repair:
        """Returns both repairs in one; where they change the same, the other one counts.

        Args:
            other: `Repair`.
        """
        usual = Repair("")
        changed = {
            field.name: getattr(other, field.name)
            for field in dataclasses.fields(other)
            if getattr(other, field.name) != getattr(usual, field.name)
        }
        words = f"{self.words} and {other.words.removeprefix('with ')}"
        hidden = {**self.hidden, **other.hidden}
        return dataclasses.replace(self, **changed | {"words": words, "hidden": hidden})


@dataclasses.dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        find: Function from `Facts` to a `Finding`, `None` if it does not apply.
        explains: Tuple of strings, the rules whose findings this one explains away.
        source: String, a paper or a page that gives the reason.
    """

    find: Callable[[Facts], Finding | None]
    explains: tuple[str, ...] = ()
    source: str = ""

    @property
    def id(self) -> str:
        """String, the function's name."""
        return self.find.__name__


def found(
    identity: str,
    expected: str,
    seen: str,
    look_at: str,
    *,
    line: int = 0,
    argument: str = "",
    doc: str = "",
    sure: bool = True,
) -> Finding:
    """Makes a finding.

    Args:
        identity: String, the rule's name.
        expected: String, the rest of a sentence after "Expected".
        seen: String, the rest of a sentence after "Found".
        look_at: String, full sentences.
        line: Integer.
        argument: String, see `Finding`.
        doc: String, a key of `PAGES`.
        sure: Boolean.
    """
    message = f"Expected {expected}. Found {seen}. {look_at}"
    return Finding(identity, message, line, argument, PAGES.get(doc, doc), sure)


def number(value: float) -> str:
    """Returns a number as a message shows it."""
    return f"{value:.3g}"


def plain(value: Any) -> str:
    """Returns a list of words with commas and an `and`."""
    words = [str(word) for word in value]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]

"""What a training left behind, as the judge knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graders.boundary.names import FitFault
from graders.checking import At, Changes, CheckFailed, Uses
from graders.judge import advice
from graders.rebuilt.claims import Change, Run
from graders.rebuilt.snapshot import Snapshot

_METRICS = "Expected metrics on the validation data in the History that `{}` returns."
_AS_A_LAYER = "What the data need must be part of the model, as a layer."
# What may be wrong with the fits of a training, in the order of telling.
FAULTS = {
    FitFault.UNFITTED: (
        "Expected `{}` to return the History of its own `fit`.",
        "Found one that no fit in it made: of an earlier training, or filled by hand. "
        "Write `return model.fit(…)`.",
    ),
    FitFault.SPLIT: (
        _METRICS,
        "Found a fit with validation_split, which holds back a part of train_data and never looks "
        "at val_data. Pass validation_data=val_data instead.",
    ),
    FitFault.EXCHANGED: (
        "Expected `{}` to learn from train_data, and to validate on val_data.",
        "Found the one in place of the other. Look at which of them `fit` gets as x and y, and "
        "which as validation_data.",
    ),
    FitFault.VALIDATED_ON_TRAIN: (
        _METRICS,
        "Found a fit that was given training data as validation_data: they tell nothing of new "
        "images or sequences. Pass validation_data=val_data instead.",
    ),
    FitFault.CHANGED_TRAINING: (
        "Expected `{}` to fit the model on the values of train_data.",
        "Found a fit on others (scaled, or preprocessed once more), which no new data will have. "
        f"{_AS_A_LAYER}",
    ),
    FitFault.CHANGED_VALIDATION: (
        _METRICS,
        "Found a fit that validates on other values than those of val_data (scaled, or "
        f"preprocessed once more). {_AS_A_LAYER}",
    ),
    FitFault.LEARNED_VALIDATION: (
        "Expected `{}` to learn from train_data alone.",
        "Found a fit on examples of val_data, too, which then tell nothing of new data. "
        "Give them to fit as validation_data only.",
    ),
}
# The argument of `fit` that each is about.
OF_FIT = {
    FitFault.SPLIT: "validation_split",
    FitFault.EXCHANGED: "x",
    FitFault.VALIDATED_ON_TRAIN: "validation_data",
    FitFault.CHANGED_TRAINING: "x",
    FitFault.CHANGED_VALIDATION: "validation_data",
    FitFault.LEARNED_VALIDATION: "x",
}
# The same, where the values of a data set were multiplied by a number.
SCALED = {
    FitFault.CHANGED_TRAINING: ("a fit on values", "train_data"),
    FitFault.CHANGED_VALIDATION: ("a fit that validates on values", "val_data"),
}


def _scaled(fault: FitFault, change: Change) -> str:
    """Tells by what number the values of a data set were multiplied; empty if by none."""
    factor = change.factor
    if factor is None:
        return ""
    fit, data = SCALED[fault]
    largest, given = f"{change.found.largest:.3g}", f"{change.given.largest:.3g}"
    if factor > 1:
        return (
            f"Found {fit} about {factor:.3g} times larger: up to {largest}, where {data} has "
            f"values up to {given}. {_AS_A_LAYER}"
        )
    again = (
        "The data are scaled already: leave the second scaling out."
        if change.given.largest <= 1
        else _AS_A_LAYER
    )
    return (
        f"Found {fit} about {1 / factor:.3g} times smaller: only values up to {largest} reach the "
        f"first layer, where {data} has values up to {given}. {again}"
    )


class Training:
    """What a training left behind.

    Attributes:
        function: String, the function that trained.
        before: `Snapshot` of the model as it was given.
        after: `Snapshot` of the same model afterwards.
        history: Dict of lists of floats, as claimed: to be shown, not scored. `None` if the
            function did not return a `History`.
        returned: String, the type of what it returned.
        data_unchanged: Boolean, whether the arrays that it was given are what they were.
        faults: List of strings, what was wrong with its fits (keys of `FAULTS`), as claimed.
        rate: Float, the largest learning rate at the start or end of an epoch, as claimed.
        run: `graders.rebuilt.claims.Run`, what was noted of its fits, as claimed.
        changes: Dict from the faults that are about changed values to how these were changed
            (`graders.rebuilt.claims.Change`), as claimed.
    """

    def __init__(
        self,
        function: str,
        before: Snapshot,
        after: Snapshot,
        history: dict[str, list[float]] | None,
        returned: str,
        data_unchanged: bool,
        faults: list[str],
        rate: float,
        run: Run,
        changes: Mapping[str, Change] | None = None,
    ):
        self.faults, self.rate, self.run, self.changes = faults, rate, run, dict(changes or {})
        self.function, self.before, self.after = function, before, after
        self.history, self.returned, self.data_unchanged = history, returned, data_unchanged

    @property
    def _fitted(self) -> tuple[Any, ...]:
        # It may have been another model's, with the same layers.
        return self.after.lines.fitted, Uses("fit", self.function, last=True)

    @property
    def about(self) -> tuple[Any, ...]:
        """What a message on it is about, see `graders.checking.fail`: its last `fit`."""
        return *self._fitted, self.function

    def _require_no(self, fault: FitFault) -> None:
        if fault in self.faults:
            expected, found = FAULTS[fault]
            if fault in SCALED and fault in self.changes:
                found = _scaled(fault, self.changes[fault]) or found
            own = advice.GIVEN_VALUES if fault in SCALED else advice.PARTS
            own = advice.HISTORY if fault == FitFault.UNFITTED else own
            about: Any = At(self._fitted, OF_FIT.get(fault, ""))
            if fault in SCALED:
                about = (Changes(self.function), about)
            elif fault == FitFault.LEARNED_VALIDATION:
                about = (Uses("concatenate", self.function), about)
            raise CheckFailed(expected.format(self.function) + " " + found, own, about)

    def require_given_values(self) -> None:
        """Fails if a fit trained the model on other values than those of the training data.

        Raises:
            CheckFailed: With how the values were changed.
        """
        self._require_no(FitFault.CHANGED_TRAINING)

    def require_history(self) -> None:
        """Fails unless a `History` with validation metrics came back and the data are intact.

        Raises:
            CheckFailed: With what was expected and found.
        """
        if self.history is None:
            raise CheckFailed(
                f"Expected `{self.function}` to return the keras.callbacks.History that `fit` "
                f"returns. Found {self.returned}. Write `return model.fit(…)`, or keep its result "
                "and return it.",
                advice.HISTORY,
                # `return history.history`, most often.
                None
                if self.returned == "NoneType"
                else (Uses("history", self.function, last=True), *self.about),
            )
        if not any(key.startswith("val_") for key in self.history):
            raise CheckFailed(
                f"Expected metrics on the validation data (`val_…`) in the History that "
                f"`{self.function}` returns. Found {', '.join(self.history) or 'no metric'}. "
                "Pass validation_data=val_data to `fit`.",
                advice.HISTORY,
            )
        for fault in FAULTS:
            self._require_no(fault)
        if not self.data_unchanged:
            raise CheckFailed(
                f"Expected `{self.function}` to leave the arrays that it was given as they are. "
                "Found them changed. Look for an operation in place (`x /= 255`, "
                "`np.random.shuffle(x)`), and work on a copy.",
                ("Which operation writes into its argument? `x = x / 255` makes a new array.",),
                (Changes(self.function, in_place=True), self.about),
            )

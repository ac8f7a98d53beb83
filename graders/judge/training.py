"""What a training left behind, as the judge knows it."""

from __future__ import annotations

from graders.boundary.names import FitFault
from graders.checking import CheckFailed
from graders.rebuilt.claims import Run
from graders.rebuilt.snapshot import Snapshot

_METRICS = "Expected metrics on the validation data in the History that `{}` returns."
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
    FitFault.CHANGED_VALIDATION: (
        _METRICS,
        "Found a fit that validates on other values than those of val_data (scaled, or "
        "preprocessed once more). What the data need must be part of the model, as a layer.",
    ),
    FitFault.CHANGED_TRAINING: (
        "Expected `{}` to fit the model on the values of train_data.",
        "Found a fit on others (scaled, or preprocessed once more), which no new data will have. "
        "What the data need must be part of the model, as a layer.",
    ),
    FitFault.LEARNED_VALIDATION: (
        "Expected `{}` to learn from train_data alone.",
        "Found a fit on examples of val_data, too, which then tell nothing of new data. "
        "Give them to fit as validation_data only.",
    ),
}


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
    ):
        self.faults, self.rate, self.run = faults, rate, run
        self.function, self.before, self.after = function, before, after
        self.history, self.returned, self.data_unchanged = history, returned, data_unchanged

    def require_history(self) -> None:
        """Fails unless a `History` with validation metrics came back and the data are intact.

        Raises:
            CheckFailed: With what was expected and found.
        """
        if self.history is None:
            raise CheckFailed(
                f"Expected `{self.function}` to return the keras.callbacks.History that `fit` "
                f"returns. Found {self.returned}. Write `return model.fit(…)`, or keep its result "
                "and return it."
            )
        if not any(key.startswith("val_") for key in self.history):
            raise CheckFailed(
                f"Expected metrics on the validation data (`val_…`) in the History that "
                f"`{self.function}` returns. Found {', '.join(self.history) or 'no metric'}. "
                "Pass validation_data=val_data to `fit`."
            )
        for fault, (expected, found) in FAULTS.items():
            if fault in self.faults:
                raise CheckFailed(expected.format(self.function) + " " + found)
        if not self.data_unchanged:
            raise CheckFailed(
                f"Expected `{self.function}` to leave the arrays that it was given as they are. "
                "Found them changed. Look for an operation in place (`x /= 255`, "
                "`np.random.shuffle(x)`), and work on a copy."
            )

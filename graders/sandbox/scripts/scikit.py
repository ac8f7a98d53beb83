"""What `keras.wrappers.scikit_learn` had: a function that builds a model, as an estimator."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np


class _Estimator:
    """An estimator around a function that returns a compiled model.

    Args:
        build_fn: Function.
        **options: Arguments of the function, and of `fit`.
    """

    def __init__(self, build_fn: Any = None, **options: Any):
        self.build_fn, self.sk_params = build_fn, options

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"build_fn": self.build_fn, **self.sk_params}

    def set_params(self, **options: Any) -> Any:
        self.build_fn = options.pop("build_fn", self.build_fn)
        self.sk_params.update(options)
        return self

    def __sklearn_tags__(self) -> Any:
        from sklearn.base import BaseEstimator

        return BaseEstimator().__sklearn_tags__()

    def _options(self, call: Any) -> dict[str, Any]:
        known = inspect.signature(call).parameters
        return {key: value for key, value in self.sk_params.items() if key in known}

    def fit(self, x: Any, y: Any, **options: Any) -> Any:
        self.model = self.build_fn(**self._options(self.build_fn))
        self.history = self.model.fit(x, y, **{**self._options(self.model.fit), **options})
        return self.history

    def score(self, x: Any, y: Any, **_: Any) -> float:
        found = self.model.evaluate(x, y, verbose=0)
        return float(found[-1] if isinstance(found, list) else found)

    def predict_proba(self, x: Any, **_: Any) -> Any:
        return self.model.predict(x)


class KerasClassifier(_Estimator):
    """Predicts classes."""

    _estimator_type = "classifier"

    def predict(self, x: Any, **_: Any) -> Any:
        found = self.model.predict(x)
        return found.argmax(-1) if found.shape[-1] > 1 else (found > 0.5).astype(int)


class KerasRegressor(_Estimator):
    """Predicts values."""

    _estimator_type = "regressor"

    def predict(self, x: Any, **_: Any) -> Any:
        return np.squeeze(self.model.predict(x))

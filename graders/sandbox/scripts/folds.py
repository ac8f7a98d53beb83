"""Whether a model is tested on what an earlier fit of the same line trained it on: shared folds."""

from __future__ import annotations

import contextlib
import dataclasses
import weakref
from typing import Any

import numpy as np

from graders.sandbox.notes import digest_of_all
from graders.sandbox.scripts import data

# Rows that are looked at, of what a model is trained on and of what it is tested on.
TRAINING_ROWS, TESTED_ROWS, BYTES = 50_000, 2000, 256 * 2**20
# Fewer tested rows tell nothing.
LEAST_ROWS = 10
# What is compared where each fold is scaled by itself: rows trained on, rows tested on, columns.
COMPARED, OF_TESTED, COLUMNS = 5000, 500, 1000
# A row that comes so much nearer to one than to all others is the same, on another scale.
NEARER = 0.2


@dataclasses.dataclass
class _Trainings:
    """What one line trained one model on, fit by fit.

    Attributes:
        rows: List of sets, a number for each row.
        dtypes: List of the inputs' types.
        tables: List of arrays `(rows, columns)`, the rows as numbers, scaled by themselves.
        weights: String, a digest of the weights that the last fit left; empty while it runs.
    """

    rows: list[set[int]] = dataclasses.field(default_factory=list)
    dtypes: list[Any] = dataclasses.field(default_factory=list)
    tables: list[np.ndarray] = dataclasses.field(default_factory=list)
    weights: str = ""


class Folds:
    """Notes which rows each model was trained on, and finds them where it is tested.

    Attributes:
        met: Dict from the line of a fit to the largest share of tested rows that an earlier fit of
            that line had trained the same model on, and the last one had not.
    """

    def __init__(self) -> None:
        self._known: weakref.WeakKeyDictionary[Any, dict[int, _Trainings]] = (
            weakref.WeakKeyDictionary()
        )
        self._last: tuple[Any, int] = (lambda: None, 0)
        self.met: dict[int, float] = {}

    def begins(self, model: Any, line: int, x: Any) -> None:
        """Notes what a fit trains on. A model whose weights were put back begins anew.

        Args:
            model: A Keras model.
            line: Integer, of the call.
            x: Its inputs, as arrays.
        """
        self._last = (weakref.ref(model), line)
        with contextlib.suppress(Exception):
            lines = self._known.setdefault(model, {})
            known = lines.setdefault(line, _Trainings())
            if known.rows and known.weights != digest_of_all(model):
                known = lines[line] = _Trainings()
            parts = list(data.named(x, "x").values())
            known.dtypes = [part.dtype for part in parts]
            known.rows.append(set(data.keys(parts, _most(parts))))
            known.tables.append(_scaled(parts))

    def ends(self, model: Any, line: int) -> None:
        """Notes the weights that a fit left."""
        with contextlib.suppress(Exception):
            self._known[model][line].weights = digest_of_all(model)

    def tested(self, model: Any, x: Any) -> None:
        """Looks for rows that a model is tested on among those that it was trained on before.

        Args:
            model: A Keras model.
            x: Its inputs.
        """
        last, line = self._last
        with contextlib.suppress(Exception):
            known = self._known[model][line] if last() is model else _Trainings()
            parts = list(data.named(x, "x").values())
            if len(known.rows) < 2 or len(parts) != len(known.dtypes):
                return
            parts = [p.astype(t, copy=False) for p, t in zip(parts, known.dtypes, strict=True)]
            keys = data.keys(parts, TESTED_ROWS)
            *earlier, now = known.rows
            before = set().union(*earlier)
            if len(keys) < LEAST_ROWS or sum(key in now for key in keys) > 0.02 * len(keys):
                return
            share = sum(key in before for key in keys) / len(keys)
            if share < 0.5:
                share = max(share, _share_nearer(_scaled(parts)[:OF_TESTED], known.tables))
            self.met[line] = max(share, self.met.get(line, 0.0))


def _most(parts: list[Any]) -> int:
    return min(TRAINING_ROWS, BYTES // max(1, data.bytes_of_row(parts)))


def _scaled(parts: list[Any]) -> np.ndarray:
    """Returns rows as numbers whose columns have the mean 0 and the deviation 1; or no rows."""
    flat = [np.asarray(part[:COMPARED]).reshape(min(len(part), COMPARED), -1) for part in parts]
    if sum(part.shape[1] for part in flat) > COLUMNS:
        return np.zeros((0, 1), "float32")
    rows = np.concatenate(flat, axis=1).astype("float32")
    spread = rows.std(axis=0)
    return (rows - rows.mean(axis=0)) / np.where(spread > 0, spread, 1)


def _share_nearer(rows: np.ndarray, tables: list[np.ndarray]) -> float:
    """Returns the share of rows that lie far nearer to one of earlier tables than to the last."""
    *earlier, now = tables
    if min(len(table) for table in (rows, *tables)) < LEAST_ROWS:
        return 0.0
    before = np.min([_nearest(rows, table) for table in earlier[-4:]], axis=0)
    return float((before < NEARER * _nearest(rows, now)).mean())


def _nearest(rows: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Returns the distance of each row to the nearest one of a table."""
    squares = (rows**2).sum(axis=1)[:, None] + (table**2).sum(axis=1) - 2 * rows @ table.T
    return np.sqrt(np.maximum(squares.min(axis=1), 0))

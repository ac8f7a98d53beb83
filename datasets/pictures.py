"""Pictures for trial runs: what the data look like, and how a training went.

They appear in a window or in the notebook, or, where there is no display, as PNG files beside the
program that runs.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from datasets import Dataset

# What one training gave: a History, or its dict.
History = Any
SHOWN = 12


def _pyplot() -> Any:
    # Here, since data are needed far more often than pictures of them.
    from datasets import saving

    saving.ready()
    return saving.plt


def examples(data: Dataset, count: int = SHOWN) -> None:
    """Show the first training examples with their labels.

    Args:
        data: `Dataset` of images, sequences, or images with a second input.
        count: Integer, how many.
    """
    plt = _pyplot()
    x, y = data.train
    images = x["image"] if isinstance(x, dict) else x
    count = min(count, len(y))
    columns = min(count, 6)
    figure, places = plt.subplots(
        math.ceil(count / columns), columns, num="examples", squeeze=False, clear=True,
        figsize=(1.7 * columns, 1.9 * math.ceil(count / columns)),
    )  # fmt: skip
    for place in places.flat:
        place.axis("off")
    for place, example, label in zip(places.flat, images[:count], y[:count], strict=False):
        if example.ndim == 3:
            # Images come in [0, 1] or in [0, 255].
            place.imshow(example / max(1.0, float(np.max(images))), cmap="gray", vmin=0, vmax=1)
        else:
            place.plot(example)
        place.set_title(f"label {label}", fontsize=9)
    figure.tight_layout()
    plt.show()


def _of(history: History) -> dict[str, list[float]]:
    found: Any = getattr(history, "history", history)
    return dict(found)


def curves(*histories: History, **named: History) -> None:
    """Show how losses and metrics went, epoch by epoch; dashed on the validation data.

    Args:
        *histories: What `fit` returned, or a dict like its `history`: lists of a value per epoch.
        **named: Likewise, each with the name that the legend gives it; a dict with other keys can
            be handed over as `**{"rate 0.1": ...}`.
    """
    plt = _pyplot()
    runs = {**{str(i) if i else "": run for i, run in enumerate(histories)}, **named}
    found = {name: _of(run) for name, run in runs.items()}
    noted = dict.fromkeys(key.removeprefix("val_") for run in found.values() for key in run)
    # What a schedule did is no result.
    kinds = [kind for kind in noted if kind not in ("learning_rate", "lr")]
    figure, places = plt.subplots(
        1, max(1, len(kinds)), num="curves", squeeze=False, clear=True,
        figsize=(4.8 * max(1, len(kinds)), 3.4),
    )  # fmt: skip
    for place, kind in zip(places.flat, kinds, strict=True):
        for index, (name, run) in enumerate(found.items()):
            for key, style, part in ((kind, "-", "training"), (f"val_{kind}", "--", "validation")):
                if key in run:
                    epochs = range(1, len(run[key]) + 1)
                    label = f"{name}, {part}" if name else part
                    place.plot(epochs, run[key], style, color=f"C{index % 10}", label=label)
        place.set_xlabel("epoch")
        place.locator_params(axis="x", integer=True)
        place.set_title(kind.replace("_", " "))
        place.legend(fontsize=8)
    figure.tight_layout()
    plt.show()


def bars(results: Mapping[str, Mapping[str, float]]) -> None:
    """Show what was measured of several candidates, side by side.

    Args:
        results: Mapping from a name to a mapping from what was measured to a number.
    """
    plt = _pyplot()
    kinds = list(dict.fromkeys(kind for row in results.values() for kind in row))
    figure, places = plt.subplots(
        1, max(1, len(kinds)), num="bars", squeeze=False, clear=True,
        figsize=(4.8 * max(1, len(kinds)), 3.4),
    )  # fmt: skip
    for place, kind in zip(places.flat, kinds, strict=False):
        found = {name: row[kind] for name, row in results.items() if kind in row}
        drawn = place.bar(list(found), list(found.values()), color=[f"C{i}" for i in range(10)])
        place.bar_label(drawn, fmt="%.3g")
        place.margins(y=0.1)
        place.set_title(kind.replace("_", " "))
    figure.tight_layout()
    plt.show()

"""Learning rates at which optimizers hardly ever learn, kind by kind.

A learning rate and a class of an optimizer are claims: they explain a training that failed, and
fail nothing by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

# Where each kind usually diverges, and below which it hardly moves; the others adapt their steps.
TOO_HIGH = {"SGD": 1.0, "Adagrad": 5.0, "Adadelta": 20.0, "Ftrl": 10.0}
TOO_HIGH_ADAPTIVE = 0.1
TOO_LOW = {"SGD": 1e-4, "Adagrad": 1e-4, "Adadelta": 1e-3, "Ftrl": 1e-4}
TOO_LOW_ADAPTIVE = 1.5e-5
# A learning rate that fell to such a part of itself ends a training.
ENDED = 100.0
KNOWN = (*TOO_HIGH, "Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Lion", "Adafactor", "Lamb")


def too_high(name: str) -> float:
    """Returns the learning rate from which on an optimizer usually diverges.

    Args:
        name: String, its class.
    """
    return TOO_HIGH.get(name, TOO_HIGH_ADAPTIVE)


def too_low(name: str) -> float:
    """Returns the learning rate up to which an optimizer hardly moves a weight.

    Args:
        name: String, its class.
    """
    return TOO_LOW.get(name, TOO_LOW_ADAPTIVE)


def usual_rate(name: str) -> float:
    """Returns the learning rate that an optimizer usually learns with.

    Args:
        name: String, its class.
    """
    return 0.01 if name == "SGD" else 0.001


def unusual(optimizer: Mapping[str, Any] | None) -> str:
    """Returns what to look at where a learning rate explains why nothing was learned.

    Args:
        optimizer: Mapping, what a snapshot tells of the model's optimizer; `None` if nothing.

    Returns:
        String, one sentence without its full stop; empty if the learning rate is not unusual.
    """
    name, rate = (optimizer or {}).get("class_name"), (optimizer or {}).get("learning_rate")
    if name not in KNOWN or not isinstance(rate, int | float) or isinstance(rate, bool):
        return ""
    if not math.isfinite(rate) or too_low(name) < rate < too_high(name):
        return ""
    return (
        f"Look at the learning rate: it is {rate:.3g}, and {name} usually learns with "
        f"{usual_rate(name):g}"
    )


def ended(run: Any) -> tuple[float, float] | None:
    """Returns the first and the last learning rate of a training whose schedule all but ended it.

    Args:
        run: `graders.rebuilt.claims.Run`.

    Returns:
        Pair of floats; `None` if the rate did not fall so far, or is not known.
    """
    fits = [fit for fit in run.fits if fit.rate and fit.last_rate is not None]
    if not fits or fits[-1].last_rate >= fits[0].rate / ENDED:
        return None
    return fits[0].rate, fits[-1].last_rate

"""Where a bound belongs, given what right work and shortcuts were measured to reach.

By Student's t prediction interval (Hahn, Meeker 1991, "Statistical Intervals", chapter 4), one more
grading of the reference falls short of the bound with a chance below 1e-4.
"""

from __future__ import annotations

import math
import statistics
from typing import Any

CHANCE = 1e-4
# Where the bound sits between the shortcuts' upper end (0) and the reference's lower end (1):
# nearer to the shortcuts, since right work is more varied than one reference.
PLACE = 0.1
# Where no shortcut is to be kept out, how many times the room that the reference needs is left to
# work that is trained less, or less evenly, than it.
LONELY_ROOM = 3
# How many draws of the reference stand for a data set that has no committed calibration, and how
# much room its bound leaves: too few draws for an interval, and no shortcuts to tell apart.
FIRST_USE_DRAWS = 3
FIRST_USE_ROOM = 0.3


def _reach(values: list[float]) -> tuple[float, float]:
    """Returns mean and standard deviation of the prediction of one more value."""
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return statistics.fmean(values), spread * math.sqrt(1 + 1 / len(values))


def tail(values: list[float], upper: bool) -> float:
    """Returns what one more value exceeds in the bad direction with a chance of `CHANCE`.

    Args:
        values: List of floats.
        upper: Boolean, whether high values are the bad ones.
    """
    from scipy import stats

    mean, spread = _reach(values)
    reach = float(stats.t.ppf(1 - CHANCE, max(len(values) - 1, 1))) * spread
    return mean + reach if upper else mean - reach


def chance(values: list[float], bound: float, upper: bool) -> float:
    """Returns the chance that one more value is on the wrong side of a bound."""
    from scipy import stats

    mean, spread = _reach(values)
    distance = (bound - mean) if upper else (mean - bound)
    if spread == 0:
        return 0.0 if distance >= 0 else 1.0
    return float(stats.t.sf(distance / spread, len(values) - 1))


def figures(values: list[float]) -> dict[str, Any]:
    """Returns a distribution as plain data: `n`, `mean`, `sd`, `min`, `max`, `values`."""
    return {
        "n": len(values),
        "mean": round(statistics.fmean(values), 4),
        "sd": round(statistics.stdev(values), 4) if len(values) > 1 else 0.0,
        "min": round(min(values), 4),
        "max": round(max(values), 4),
        "values": values,
    }


def between(reference: list[float], rivals: dict[str, list[float]], upper: bool) -> dict[str, Any]:
    """Places a bound between the reference and the shortcuts.

    Args:
        reference: List of floats, the reference's values.
        rivals: Dict of lists of floats, the shortcuts' values.
        upper: Boolean, whether values must stay below the bound rather than above.

    Returns:
        A dict: the bound, how it was found, and the distributions.
    """
    safe = tail(reference, upper)
    # A shortcut that lands on the right side in this measure is caught by another one.
    worse = {
        name: values
        for name, values in rivals.items()
        if len(values) > 1 and (min(values) > safe if upper else max(values) < safe)
    }
    if worse:
        ends = [min(v) if upper else max(v) for v in worse.values()]
        edge = min(ends) if upper else max(ends)
        bound = edge + PLACE * (safe - edge)
    else:
        bound = safe + LONELY_ROOM * (safe - statistics.fmean(reference))
        edge = bound
    bound = round(bound, 3)
    return {
        "bound": bound,
        "upper": upper,
        "chance_right_work_fails": float(f"{chance(reference, bound, upper):.1e}"),
        "margin_over_best_shortcut": round(abs(bound - edge), 4) if worse else None,
        "reference": figures(reference),
        "shortcuts": {name: figures(values) for name, values in rivals.items() if values},
        "kept_out": sorted(worse),
    }


def on_first_use(reference: list[float], upper: bool) -> float:
    """Places a lenient bound after a few draws of the reference alone.

    Args:
        reference: List of floats, the reference's values.
        upper: Boolean, whether values must stay below the bound rather than above.

    Returns:
        Float: the worst of the values, and `FIRST_USE_ROOM` of its size (or of 0.1) beyond.
    """
    worst = max(reference) if upper else min(reference)
    room = FIRST_USE_ROOM * max(abs(worst), 0.1)
    return round(worst + room if upper else worst - room, 3)

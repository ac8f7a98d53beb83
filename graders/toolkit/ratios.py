"""Whether the seconds per epoch of several trainings have the ratios of those that were noted.

A busy machine slows an epoch and the student's clock alike, so a clock agrees with the recorder on
ratios, however noisy they are. Made-up seconds do not. A clock may be read in many ways, some of
them wrong (`graders.toolkit.durations` names these): what one of them explains was not made up.
What is too short to tell is not judged.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence

import numpy as np

from graders.checking import fail
from graders.rebuilt.claims import Run
from graders.toolkit.durations import Durations

# Reported seconds may be so many times the longest epoch, or that part of the shortest one ...
NEAR = 1.1
# ... and those of a clock that is wrong alike for all trainings (its unit, a divisor) may be off by
# any factors that are no more than so many times apart ...
APART = 1.5
# ... both after so many seconds, the same for each training, for what it may time beside epochs.
BESIDE = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1)
# Shorter epochs are not judged.
SHORTEST = 0.02
# Where all reported seconds are so many times too long or too short, it is the clock, or its unit.
FAR = 10.0
# Trainings that took as long as each other to within this share may well be reported alike.
ALIKE = 0.05
# A figure with no more decimals has been rounded, or typed in.
DECIMALS = 4
# Fits of fewer epochs, as single ones, may have any ratios on a busy machine.
FEW = 3

_CLOCKS = (
    "Look at where the figures come from: a clock is read before and after each of the trainings, "
    "and no figure is made from that of another one, or from what is to be expected"
)
_HINTS = (
    "For which trainings is a clock read? Print what it shows before and after each of them.",
    "A time that nobody expected is a result, too: report what the clock shows.",
)

KINDS = ("alone", "whole", "share")
# A way of reading the clock: what is read, and over which epochs.
Key = tuple[str | int, ...]
MEAN: Key = ("whole", "mean")


def readings(run: Run) -> dict[Key, float]:
    """Lists what a clock may have shown for one epoch of a training.

    Args:
        run: `Run`.

    Returns:
        Dict from the way of reading it to seconds; empty if there is no epoch after the first one,
        or if something else than fits trained the model.
    """
    noted = Durations.of(run)
    if len(noted) < 2 or not run.only_fits:
        return {}
    found: dict[Key, float] = {}
    for kind in KINDS:
        row = getattr(noted, kind)
        later = row[1:]
        found[kind, "least"], found[kind, "most"] = min(later), max(later)
        found[kind, "mean"], found[kind, "median"] = float(np.mean(later)), float(np.median(later))
        found[kind, "all"] = float(np.mean(row))
        begin = 0
        for place, fit in enumerate(run.fits):
            end = begin + len(fit.epochs)
            if end - begin >= FEW:
                found[kind, "fit", place] = float(np.mean(row[max(begin, 1) : end]))
            begin = end
    total = sum(fit.seconds for fit in run.fits)
    found["total", "mean"] = (total - noted.whole[0]) / (len(noted) - 1)
    return found


def _tables(runs: Mapping[str, Sequence[Run]]) -> dict[str, dict[Key, float]]:
    """Returns the readings of each treatment that all of them have.

    Of several trainings of one treatment, counted from the last one, any may have been timed.
    """
    tables = {
        name: {
            (*key, place): value
            for place, run in enumerate(reversed(trained))
            for key, value in readings(run).items()
        }
        for name, trained in runs.items()
    }
    shared = set.intersection(*(set(table) for table in tables.values()))
    return {name: {key: table[key] for key in shared} for name, table in tables.items()}


def _coarse(seconds: float) -> float:
    """Returns how far a reported time may be off: the step of the clocks, and rounding."""
    clocks = [time.get_clock_info(name) for name in ("time", "monotonic", "perf_counter")]
    step = max(clock.resolution for clock in clocks)
    decimals = _decimals(seconds)
    return step + (0.5 * 10.0**-decimals if decimals <= DECIMALS else 0.0)


def _decimals(seconds: float) -> int:
    """Returns how many decimals a number has, as Python writes it."""
    text = repr(seconds)
    return DECIMALS + 1 if "e" in text else len(text.partition(".")[2])


def _some_epochs(
    reported: Mapping[str, float], tables: Mapping[str, Mapping[Key, float]], place: int
) -> bool:
    """Returns whether each of the reported seconds may be a mean over some epochs."""
    for kind in KINDS:
        for beside in BESIDE:
            within = (
                tables[name][kind, "least", place] / NEAR - _coarse(seconds)
                <= seconds - beside
                <= tables[name][kind, "most", place] * NEAR + _coarse(seconds)
                for name, seconds in reported.items()
            )
            if all(within):
                return True
    return False


def _in_ratio(reported: Mapping[str, float], noted: Mapping[str, float]) -> bool:
    """Returns whether reported seconds have the ratios of those that were noted."""
    steps = {name: _coarse(seconds) for name, seconds in reported.items()}
    for beside in BESIDE:
        times = {name: noted[name] + beside for name in reported}
        low = max((reported[name] - steps[name]) / times[name] for name in reported)
        high = min((reported[name] + steps[name]) / times[name] for name in reported)
        if low <= APART * high:
            return True
    return False


def check_ratios(
    reported: Mapping[str, float], runs: Mapping[str, Sequence[Run]], about: object = None
) -> None:
    """Fails if reported seconds per epoch cannot be those of the trainings, by their ratios.

    Args:
        reported: Dict from the name of a treatment to seconds, above 0.
        runs: Dict from the name of a treatment to its trainings.
        about: What a message is about, see `graders.checking.fail`.

    Raises:
        CheckFailed: With the ratio that is farthest off.
    """
    tables = _tables(runs)
    noted = {name: table.get((*MEAN, 0), 0.0) for name, table in tables.items()}
    if min(noted.values()) < SHORTEST:
        return
    times = [seconds / noted[name] for name, seconds in reported.items()]
    if max(times) < 1 / FAR or min(times) > FAR:
        return
    _check_own(reported, tables, about)
    for key in next(iter(tables.values())):
        row = {name: table[key] for name, table in tables.items()}
        if key[1] == "least" and _some_epochs(reported, tables, int(key[-1])):
            return
        if key[1] not in ("least", "most") and min(row.values()) > 0 and _in_ratio(reported, row):
            return
    by_size = sorted(reported, key=lambda name: reported[name] / noted[name])
    one, two = by_size[0], by_size[-1]
    # Told from the slower training of the two, as noted.
    slow, fast = (one, two) if noted[one] >= noted[two] else (two, one)
    times_as_long = noted[slow] / noted[fast]
    fail(
        "seconds per epoch whose ratios are those of the trainings (measured beside your code, an "
        f"epoch under {slow} took {times_as_long:.2g} times as long as one under {fast})",
        f"{reported[slow]:.3g} s under {slow} and {reported[fast]:.3g} s under {fast}: "
        f"{reported[slow] / reported[fast]:.2g} times as long",
        _CLOCKS,
        _HINTS,
        about,
    )


def _check_own(
    reported: Mapping[str, float], tables: Mapping[str, Mapping[Key, float]], about: object
) -> None:
    """Fails if two trainings, one of which took longer, have the same seconds to the last digit."""
    names = list(reported)
    for place, one in enumerate(names):
        for two in names[place + 1 :]:
            seconds = reported[one]
            if (
                reported[two] != seconds
                or _decimals(seconds) <= DECIMALS
                or _coarse(seconds) > 1e-6
            ):
                continue
            pairs = [(tables[one][kind, "mean", 0], tables[two][kind, "mean", 0]) for kind in KINDS]
            if not any(math.isclose(a, b, rel_tol=ALIKE) for a, b in pairs):
                fail(
                    "the seconds per epoch of each training itself",
                    f"{seconds!r} under {one} and under {two}, the same to the last digit",
                    _CLOCKS,
                    _HINTS,
                    about,
                )

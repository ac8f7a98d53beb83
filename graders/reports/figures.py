"""Plots of evidence, each with a text: as inline SVG for the page, as PNG for notebooks.

matplotlib draws; the SVG takes its colours from the page, and is stripped to what a page needs, so
that several plots can share one page and none of them refers to anything outside it.
"""

from __future__ import annotations

import base64
import dataclasses
import io
import math
import re
from collections.abc import Sequence
from typing import Any

from graders.reports import evidence as reading
from graders.reports.curves import percent
from graders.reports.evidence import Confused, Curve, Evidence, History, Measured, Timing

# Colours that differ for colour-blind eyes too, and are seen on a light and on a dark page.
TRAIN, VALIDATION, NEEDED = "#2f83c7", "#d9691e", "#179a6b"
# Becomes the page's own text colour.
_INK = "#010203"
_SIZE = (4.4, 2.9)


@dataclasses.dataclass(frozen=True)
class Figure:
    """A plot.

    Attributes:
        title: String.
        svg: String, an `<svg>` element without scripts or references.
        alt: String, what the plot shows, for those who do not see it.
        columns: Tuple of strings, the head of the plot's figures as a table.
        rows: Tuple of rows of strings.
    """

    title: str
    svg: str
    alt: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def _axes(rows: int = 1, columns: int = 1) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure as Canvas

    # Not pyplot: no backend is chosen and no state is left behind.
    canvas = Canvas(figsize=(columns * _SIZE[0], rows * _SIZE[1]), layout="constrained")
    found = list(canvas.subplots(rows, columns, squeeze=False).flat)
    for axes in found:
        _style(axes)
    return canvas, found


def _style(axes: Any) -> None:
    axes.patch.set_alpha(0)
    axes.spines[["top", "right"]].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(_INK)
    axes.tick_params(colors=_INK, labelsize=9)
    axes.set_axisbelow(True)
    axes.grid(color=_INK, alpha=0.12, linewidth=0.6)


def _labels(axes: Any, x: str, y: str) -> None:
    axes.set_xlabel(x, color=_INK, fontsize=9)
    axes.set_ylabel(y, color=_INK, fontsize=9)


def _percents(axes: Any) -> None:
    from matplotlib.ticker import PercentFormatter

    # Whole ones: a training is not known to a tenth of a percent.
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _svg(canvas: Any, name: str) -> str:
    import matplotlib

    stream = io.StringIO()
    canvas.patch.set_alpha(0)
    # Text as text: read aloud, found by search, in the page's own font. The salt makes two runs
    # write the same.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        canvas.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    found = stream.getvalue()
    found = found[found.index("<svg") :]
    # A style element in the middle of a page would hold for the whole page.
    found = re.sub(r"<(metadata|style)\b.*?</\1>", "", found, flags=re.DOTALL)
    found = found.replace(_INK, "currentColor")
    # Ids are unique within one plot only, and a page has several.
    found = re.sub(r'\bid="', f'id="{name}-', found)
    found = re.sub(r'(xlink:href="#|href="#|url\(#)', rf"\g<1>{name}-", found)
    found = re.sub(r"font: ([^;\"]*?)'[^\"]*\"", r'font: \1sans-serif"', found)
    head, body = found.split(">", 1)
    head = re.sub(r' (?:width|height)="[^"]*"', "", head)
    return f'{head} aria-hidden="true" focusable="false">{body}'.strip()


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _value(value: float, metric: str) -> str:
    if math.isnan(value):
        return "not a number"
    return percent(value) if metric == "accuracy" and 0 <= value <= 1 else f"{value:.3g}"


def _course(name: str, series: Sequence[float], metric: str) -> str:
    finite = [(value, i) for i, value in enumerate(series) if not math.isnan(value)]
    if not finite:
        return f"{name}: no finite value." if series else ""
    least = min(finite) if metric == "loss" else max(finite, key=lambda pair: (pair[0], -pair[1]))
    text = f"{name}: {_value(series[0], metric)}"
    if len(series) > 1:
        text += f" at first, {_value(series[-1], metric)} at the end"
        word = "lowest" if metric == "loss" else "highest"
        shown = [_value(series[i], metric) for i in (0, -1)]
        if _value(least[0], metric) not in shown:
            text += f", {word} in epoch {least[1] + 1} ({_value(least[0], metric)})"
    return text + "."


def gap(found: Measured) -> str:
    """Says how far what was measured is from the threshold."""
    points = 100 * (found.value - found.threshold)
    where = "above" if points >= 0 else "below"
    return f"{abs(points):.1f} points {where} the threshold of {percent(found.threshold)}"


@dataclasses.dataclass(frozen=True)
class Panel:
    """One metric of one training, to be drawn over the epochs.

    Attributes:
        history: `History` that the curve is of.
        curve: `Curve`.
        found: `Measured`, drawn beside the accuracy of what was measured, or `None`.
    """

    history: History
    curve: Curve
    found: Measured | None

    @property
    def title(self) -> str:
        """String, the heading."""
        name, metric = self.history.name, self.curve.metric
        heading = f"{name}: {metric}" if name else metric
        return heading[:1].upper() + heading[1:]


def panels(evidence: Evidence, most: int) -> list[Panel]:
    """Finds the learning curves.

    Args:
        evidence: Dict, a task's evidence.
        most: Integer, the most trainings.

    Returns:
        List of `Panel`, those of the main training first.
    """
    histories, found = reading.histories(evidence), reading.measured(evidence)
    # The model that was measured is the one that was trained last.
    last = next((h for h in histories if "tuning" in h.name), histories[0] if histories else None)
    return [
        Panel(history, curve, found if history is last and curve.metric == "accuracy" else None)
        for history in histories[:most]
        for curve in history.curves
    ]


def _lines(drawn: Curve) -> tuple[tuple[str, tuple[float, ...], str, str, str], ...]:
    return (
        ("training", drawn.train, TRAIN, "-", "o"),
        ("validation", drawn.validation, VALIDATION, "--", "s"),
    )


def _draw(axes: Any, panel: Panel) -> None:
    """Draws a panel; both front ends show what is drawn here."""
    drawn, found = panel.curve, panel.found
    epochs = range(1, drawn.epochs + 1)
    few = drawn.epochs <= 30
    finite = [v for _, series, *_ in _lines(drawn) for v in series if not math.isnan(v)]
    for label, series, colour, style, marker in _lines(drawn):
        if any(not math.isnan(v) for v in series):
            axes.plot(
                epochs[: len(series)], series, style, color=colour, label=label, linewidth=1.6,
                marker=marker if few else "", markersize=3.5,
            )  # fmt: skip
    if drawn.metric == "loss" and finite and min(finite) > 0 and max(finite) > 50 * min(finite):
        axes.set_yscale("log")
        # 0.1 and not a power of ten.
        axes.yaxis.set_major_formatter("{x:g}")
    if drawn.metric == "accuracy":
        _percents(axes)
        if found is not None:
            end = max(1, drawn.epochs)
            axes.axhline(found.threshold, color=NEEDED, linewidth=1.4, linestyle=":")
            axes.plot([end, end], [found.threshold, found.value], color=NEEDED, linewidth=1)
            axes.plot([end], [found.value], "D", color=NEEDED, markersize=6, label="hidden data")
            axes.plot([], [], ":", color=NEEDED, label=f"needed: {percent(found.threshold)}")
        inside = [v for v in finite if 0 <= v <= 1]
        if len(inside) == len(finite):
            shown = [*finite, *((found.value, found.threshold) if found else ())]
            axes.set_ylim(max(-0.02, min(shown, default=0) - 0.08), 1.03)
    if drawn.epochs <= 8:
        axes.set_xticks(range(1, max(1, drawn.epochs) + 1))
    else:
        axes.xaxis.get_major_locator().set_params(integer=True)
    if drawn.epochs <= 1:
        axes.set_xlim(0.5, 1.5)
    _labels(axes, "epoch", drawn.metric)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=False, labelcolor=_INK, loc="best")


def alt(panel: Panel) -> str:
    """Describes what a panel shows, for those who do not see it."""
    drawn, found = panel.curve, panel.found
    parts = [
        f"Line plot of the {drawn.metric} over {_plural(panel.history.epochs, 'epoch')}.",
        _course("Training", drawn.train, drawn.metric),
        _course("Validation", drawn.validation, drawn.metric),
    ]
    broken = sum(math.isnan(v) for v in (*drawn.train, *drawn.validation))
    if broken:
        parts.append(f"{_plural(broken, 'value')} not drawn: NaN or infinite.")
    if drawn.metric == "accuracy":
        ends = [series[-1] for _, series, *_ in _lines(drawn) if series]
        if len(ends) == 2 and not any(math.isnan(v) for v in ends):
            parts.append(f"The gap at the end is {100 * (ends[0] - ends[1]):.1f} points.")
        if found is not None:
            parts.append(
                f"On hidden data the grader measured {percent(found.value)}, {gap(found)}."
            )
    return " ".join(part for part in parts if part)


def curve(name: str, panel: Panel) -> Figure:
    """Draws one metric over the epochs, for the page.

    Args:
        name: String, unique on the page.
        panel: `Panel`.

    Returns:
        A `Figure`.
    """
    canvas, [axes] = _axes()
    _draw(axes, panel)
    drawn = panel.curve
    rows = tuple(
        (
            str(i + 1),
            *(_value(s[i], drawn.metric) if i < len(s) else "–" for _, s, *_ in _lines(drawn)),
        )
        for i in range(min(drawn.epochs, 60))
    )
    columns = ("epoch", "training", "validation")
    return Figure(panel.title, _svg(canvas, name), alt(panel), columns, rows)


def curves_png(found: list[Panel]) -> bytes:
    """Draws learning curves side by side, two in a row, for a notebook.

    Args:
        found: List of `Panel`, at least one.

    Returns:
        Bytes of a PNG.
    """
    columns = min(2, len(found))
    canvas, axes = _axes(math.ceil(len(found) / columns), columns)
    for place, panel in zip(axes, found, strict=False):
        _draw(place, panel)
        # A submission's own words may hold what matplotlib takes for a formula.
        place.set_title(panel.title, fontsize=10, color=_INK, parse_math=False)
    for place in axes[len(found) :]:
        place.set_axis_off()
    stream = io.BytesIO()
    canvas.savefig(stream, format="png", dpi=90, facecolor="white", metadata={"Software": None})
    return stream.getvalue()


def picture(found: Confused) -> str:
    """Returns a small picture as a PNG data URI.

    Args:
        found: `Confused`.

    Returns:
        String, for the `src` of an image.
    """
    import numpy as np
    from PIL import Image

    pixels = np.array(found.picture, dtype="uint8")
    stream = io.BytesIO()
    # matplotlib brings Pillow.
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def gaps(name: str, plain: float, other: float) -> Figure:
    """Draws two gaps between hidden and training loss side by side.

    Args:
        name: String, unique on the page.
        plain: Float, the baseline's.
        other: Float, the regularised model's.

    Returns:
        A `Figure`.
    """
    canvas, [axes] = _axes()
    bars = axes.bar(
        ["baseline", "regularised"], [plain, other], color=[VALIDATION, TRAIN], width=0.55
    )
    axes.bar_label(bars, fmt="%.2f", color=_INK, fontsize=9, padding=2)
    axes.axhline(0, color=_INK, linewidth=0.8)
    axes.margins(y=0.15)
    _labels(axes, "", "hidden loss − training loss")
    compared = f"; that is {other / plain:.0%} of the baseline's" if plain > 1e-6 else ""
    return Figure(
        "Gap between hidden and training loss",
        _svg(canvas, name),
        f"Two bars. The gap is {plain:.2f} for the baseline and {other:.2f} for the regularised "
        f"model{compared}.",
        ("model", "gap"),
        (("baseline", f"{plain:.3f}"), ("regularised", f"{other:.3f}")),
    )


def timings(name: str, found: Sequence[Timing]) -> Figure:
    """Draws time against accuracy.

    Args:
        name: String, unique on the page.
        found: Sequence of `Timing`.

    Returns:
        A `Figure`.
    """
    canvas, [axes] = _axes()
    markers = "osD^vP"
    for i, item in enumerate(found):
        axes.plot(
            [item.seconds], [item.accuracy], markers[i % len(markers)], markersize=8,
            color=(TRAIN, VALIDATION, NEEDED)[i % 3], label=item.name.replace("$", r"\$"),
            linestyle="none",
        )  # fmt: skip
    _percents(axes)
    axes.margins(0.2)
    low, high = axes.get_ylim()
    # Ways to train that do equally well should look like it.
    middle, half = (low + high) / 2, max(high - low, 0.1) / 2
    axes.set_ylim(middle - half, middle + half)
    axes.set_xlim(left=0)
    axes.locator_params(nbins=5)
    _labels(axes, "seconds per epoch", "validation accuracy")
    axes.legend(fontsize=8, frameon=False, labelcolor=_INK, loc="best")
    rows = tuple((t.name, f"{t.seconds:.3g} s", percent(t.accuracy)) for t in found)
    listed = "; ".join(f"{n}: {seconds} per epoch, {accuracy}" for n, seconds, accuracy in rows)
    return Figure(
        "Time and accuracy, as the submission reports them",
        _svg(canvas, name),
        f"Scatter plot of seconds per epoch and validation accuracy. {listed}.",
        ("policy", "seconds per epoch", "accuracy"),
        rows,
    )

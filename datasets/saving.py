"""A backend of Matplotlib for machines without a display: `show` saves what it would show.

Figures are saved as PNG beside the program that runs, and each time the place is printed.
"""

import re
import sys
from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas
from matplotlib.backends.backend_agg import FigureManagerBase as FigureManager

__all__ = ["FigureCanvas", "FigureManager", "ready", "show"]
BACKEND = f"module://{__name__}"


def ready() -> None:
    """Let figures be shown where Matplotlib finds a display or a notebook, and saved elsewhere."""
    if plt.get_backend().lower() == "agg":
        plt.switch_backend(BACKEND)


def show(*, block: bool | None = None) -> None:
    """Save the open figures, print where they are, and close them.

    Args:
        block: Ignored; it is there because `matplotlib.pyplot.show` has it.
    """
    _save_open()


def save_left() -> None:
    """Save the figures that nothing has shown, unless they could have been in a window."""
    if plt.get_backend().lower() in ("agg", BACKEND):
        _save_open()


def _save_open() -> None:
    program = getattr(sys.modules.get("__main__"), "__file__", None)
    stem = Path(program) if program else Path("figure.py")
    for number in plt.get_fignums():
        figure = plt.figure(number)
        label = re.sub(r"\W", "_", str(figure.get_label())) or str(number)
        path = stem.with_name(f"{stem.stem}_{label}.png")
        figure.savefig(path, dpi=110, bbox_inches="tight")
        plt.close(figure)
        here = Path.cwd()
        print(f"Picture: {path.relative_to(here) if path.is_relative_to(here) else path}")

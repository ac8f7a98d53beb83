"""What is told of a script that did not run as its author would have it."""

from __future__ import annotations

import importlib.util
import re

from graders.boundary.names import Kind
from graders.diagnosis.claims import Note, Raised
from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import PAGES, Finding


def too_slow(where: str, seconds: float) -> str:
    """Tells that nothing was trained in time."""
    running = f"; it was running{where}" if where else ""
    return (
        f"The script reached no training within {seconds:.0f} s{running}. Give it more with "
        "--timeout, or a smaller part of the data."
    )


def raised(error: Raised, seen: bool, where: str, code: str, notes: tuple[Note, ...] = ()) -> str:
    """Tells what ended a script.

    Args:
        error: `Raised`.
        seen: Boolean, whether a training was seen before.
        where: String, `" in line 3"`; empty if it is not known.
        code: String, what stands there.
        notes: Tuple of `Note`, what was replaced before.
    """
    place = where.removeprefix(" in ") or "the script"
    place = place[0].upper() + place[1:]
    if error.missing:
        root = error.missing.partition(".")[0]
        if root != error.missing and importlib.util.find_spec(root) is not None:
            return (
                f"{place} imports {error.missing}, and the {root} that is installed here has no "
                "such module. It may have moved: look for its new place in today's documentation "
                f"of {root}."
            )
        return (
            f"{place} imports the package {root}, which is not there. A script may import what is "
            f"installed where the kit is: install {root} there, or load the data without it."
        )
    if error.path:
        return (
            f"{place} wants the file {error.path}, which is not there. Files are found, and "
            "written, in the script's own folder, or below it, and are named in the script as text."
        )
    if error.kind == Kind.EXIT or error.type == "SystemExit":
        if seen:
            return f"The script ended itself{where}."
        return (
            f"The script ended itself{where}. It gets no arguments here: give argparse defaults, "
            "or set the values in the script."
        )
    if error.kind == Kind.GRAPHS:
        return "The script turns eager execution off. Keras 3 does not work without it."
    if error.type == "EOFError":
        return f"The script waits for input(){where}. Set the value in the script."
    if error.kind == Kind.MEMORY:
        return f"The script ran out of memory{where}. Give it a smaller part of the data."
    if error.type in (
        "URLError",
        "gaierror",
        "ConnectionError",
        "HTTPError",
        "Exception",
    ) and re.search(r"URL fetch|urlopen|resolve|connection", error.message, re.IGNORECASE):
        return f"The script wants the network{where}, and has none here. Put the data beside it."
    if error.type == "TclError" or re.search(r"no display|interactive framework", error.message):
        return f"The script wants a display{where}, and has none here. Leave the window out."
    if "sys.argv" in code and error.type == "IndexError":
        return f"The script wants arguments{where}, and gets none here. Set them in the script."
    if error.type == "KeyError" and (old := re.search(r"'(val_)?acc'", error.message)):
        now = f"{old[1] or ''}accuracy"
        return f"A History has no key {old[0]}{where}: after metrics=[\"accuracy\"] it is '{now}'."
    # Keras begins with the name of the layer's method, in colour.
    message = [
        line
        for line in re.sub(r"\x1b\[[0-9;]*m", "", error.message).strip().splitlines()
        if line.strip() and not line.startswith("Exception encountered when calling")
    ]
    first = f": {message[0].strip()[:300]}" if message else ""
    after = "" if seen else ", before anything was trained"
    told = f"The script raised {error.type or 'an error'}{where}{after}{first}"
    return told if seen else _with_replaced(told, notes)


def _with_replaced(told: str, notes: tuple[Note, ...]) -> str:
    """Adds which data were replaced before a script raised something."""
    names = list(dict.fromkeys(note.old for note in notes if note.kind == "data"))
    if not names:
        return told
    end = "" if told.endswith((".", "!", "?")) else "."
    return (
        f"{told}{end} The data of {' and '.join(names)} were replaced by the kit's own, which may "
        "be the cause."
    )


def only_by_hand(source: str) -> bool:
    """Returns whether a script's text shows that it trains without any method of a model's."""
    called = re.search(
        r"\.(fit|compile|train_on_batch|evaluate|test_on_batch|predict)\s*\(|fit_generator|runpy|exec\(",
        source,
    )
    return called is None and re.search(r"\bGradientTape\s*\(", source) is not None


def no_training(source: str) -> str:
    """Tells that a script came to its end, and trained nothing."""
    if "GradientTape" in source or "apply_gradients" in source:
        return (
            "The script trains in a loop of its own (GradientTape). Only what compile, fit, "
            "train_on_batch and evaluate get can be examined."
        )
    return "The script never calls fit: nothing was trained, so that there is nothing to examine."


def ended(error: Exception) -> str:
    """Tells how the process of a script ended before its answer."""
    kind = getattr(error, "kind", "")
    if kind == "timeout":
        return "The script did not answer in time. Give it more with --timeout, or less data."
    if "ended itself with exit code" in str(error):
        return "The script ended its process (os._exit, quit or exit): no more of it was seen."
    return str(error).strip().splitlines()[0][:500] if str(error).strip() else "The script died."


def ignored(note: Note) -> Finding:
    """Tells of an argument that Keras 3 takes, and does nothing with."""
    return Finding(
        "ignored_argument",
        f"Keras 3 ignores {note.old}. Write {note.new} in its place.",
        note.line,
        "decay" if "decay" in note.old else "",
        PAGES["schedules"],
        sure=False,
    )


def changed(note: Note) -> Finding:
    """Tells of something that was translated or replaced."""
    if note.kind == "keras2":
        message = f"{note.old} is Keras 2. Write {note.new} now."
    else:
        message = f"{note.old} was replaced by {note.new}."
    return Finding(note.kind, message, note.line)


def seen(trainings: list[tuple[Facts, float, str, int]], stopped: str) -> str:
    """Tells how much was seen of the trainings.

    Args:
        trainings: List of tuples: `Facts`, the seconds, why the model is not rebuilt, and how often
            the same line trained once more.
        stopped: String, `" in line 3"` where the script was stopped; empty if it was not.
    """
    parts = []
    for facts, seconds, refused, again in trainings:
        trained, how = facts.trained, facts.fit.how
        if how == "compile":
            parts.append("a model that was compiled, and not trained")
            continue
        if how == "text":
            continue
        if how == "evaluate":
            parts.append("a model that was evaluated, and not trained")
            continue
        if trained is None:
            parts.append("a training that failed at its start")
            continue
        asked = f" of {facts.fit.epochs}" if trained.cut and how == "fit" else ""
        count = f"{trained.epochs}{asked} epochs" if how == "fit" else f"{trained.steps} steps"
        part = f"{count} in {seconds:.0f} s"
        if trained.cut:
            part += f" (cut: {trained.steps} steps seen)"
        if refused == "subclassed":
            part += "; a subclass of keras.Model is not rebuilt, so its layers were not measured"
        if again:
            part += f"; the same line trained {again} more time{'s' if again > 1 else ''}"
        parts.append(part)
    if stopped:
        parts.append(f"the script was stopped before one more training{stopped}")
    return "; ".join(parts)

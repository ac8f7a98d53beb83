"""Verdicts made by hand, for the tests of what shows them."""

from __future__ import annotations

import math
from typing import Any

from graders.verdict import CheckResult, Outcome, Status, TaskVerdict, Verdict

HOSTILE = "</p></pre></style><script>fetch('http://evil.example/')</script><img src=http://evil.example/x onerror=alert(1)>{{ 7*7 }}\x1b[31m\x00 & \"'"


def check(
    name: str = "cnn::builds",
    outcome: Outcome = "passed",
    points: float = 0.0,
    message: str = "",
    hint: str = "",
) -> CheckResult:
    """Returns a check worth 10 points."""
    return CheckResult(name, "What is checked.", outcome, points, 10.0, message, hint, 0.25)


def task(
    name: str = "cnn",
    status: Status = "passed",
    checks: tuple[CheckResult, ...] | None = None,
    evidence: dict[str, Any] | None = None,
    message: str = "",
) -> TaskVerdict:
    """Returns a task's verdict; without checks, one that fits the status."""
    if checks is None:
        outcomes: dict[str, Outcome] = {"passed": "passed", "failed": "failed", "error": "error"}
        outcome = outcomes.get(status, "skipped")
        bad = outcome in ("failed", "error")
        checks = (
            check(
                f"{name}::builds",
                outcome,
                10.0 if outcome == "passed" else 0.0,
                "Expected this. Found that. Look there." if bad else "",
                "A nudge." if bad else "",
            ),
        )
    return TaskVerdict(
        name,
        "model_architectures",
        status,
        checks,
        1.5,
        False,
        "namespaces",
        "sha256:0123456789abcdef",
        message,
        evidence or {},
    )


def verdict(*tasks: TaskVerdict) -> Verdict:
    """Returns a verdict on tasks."""
    return Verdict(0, tasks, 12.5)


def history(loss: list[float], val_loss: list[float], accuracy: list[float], val: list[float]):
    """Returns a `History`'s dict."""
    return {"loss": loss, "val_loss": val_loss, "accuracy": accuracy, "val_accuracy": val}


# One piece of evidence of each kind.
RICH: dict[str, Any] = {
    "history": history([2.2, 1.5, 1.1], [2.1, 1.6, 1.3], [0.2, 0.4, 0.6], [0.2, 0.4, 0.55]),
    "history_baseline": history([2.2, 0.5], [2.1, 1.6], [0.2, 0.9], [0.2, 0.5]),
    "training": {"chance": 0.1, "loss": "mse_of_mine", "train_accuracy": 0.6},
    "accuracy": 0.55,
    "threshold": 0.62,
    "confusion": [[5, 1, 0], [0, 6, 0], [2, 0, 4]],
    "confused": [{"true": 2, "predicted": 0, "picture": [[[0, 90, 255]] * 4] * 4}],
    "sweep": [
        {"learning_rate": rate, "batch_size": size, "val_accuracy": 0.5 + rate, "history": [0.5]}
        for rate in (0.01, 0.1)
        for size in (16, 64)
    ],
    "loss_gap": 0.4,
    "baseline_loss_gap": 1.2,
    "comparison": {
        "float32": {"val_accuracy": 0.9, "seconds_per_epoch": 0.5},
        "mixed_float16": {"val_accuracy": 0.88, "seconds_per_epoch": 0.9},
    },
    "mixed": {"nothing": 0.8, "image": 0.2},
    "note": "An epoch took its time.",
    "output": "printed",
}

# What a submission could have put in the place of each.
HOSTILE_EVIDENCE: list[dict[str, Any]] = [
    {"history": {HOSTILE: [1.0, 2.0], "loss": [math.nan, math.inf, -math.inf, 1e308]}},
    {"history": {"loss": [1e300, -1e300], "val_loss": [0.0], "accuracy": [], "val_acc": [5e29]}},
    {"history": {"loss": [0.1] * 100_000, "val_accuracy": [True, "x", None]}},
    {"history": {"loss": [], "accuracy": []}},
    {"history": HOSTILE, "accuracy": HOSTILE, "threshold": [1], "confusion": HOSTILE},
    {"accuracy": math.nan, "threshold": -math.inf, "confusion": [[math.nan, 1], [2, 3]]},
    {"accuracy": 10**400, "threshold": 0.5, "confusion": [[1] * 500] * 500},
    {"confusion": [[1, 2], [3]], "sweep": [{"learning_rate": HOSTILE}, None, 3, {}]},
    {
        "sweep": [
            {"learning_rate": i, "batch_size": i, "val_accuracy": 0.5, "history": HOSTILE}
            for i in range(300)
        ]
    },
    {"sweep": [{"learning_rate": 0.1, "batch_size": 10**400, "val_accuracy": 0.1}]},
    {"comparison": {HOSTILE: {"val_accuracy": 0.5, "seconds_per_epoch": 0.1}, "$x^{": {}}},
    {"comparison": {"$\\frac{$": {"val_accuracy": 0.5, "seconds_per_epoch": 1e29}}},
    {"loss_gap": math.inf, "baseline_loss_gap": "x"},
    {"loss_gap": -1e29, "baseline_loss_gap": 1e29},
    {"mixed": {HOSTILE: 0.5}, HOSTILE: {HOSTILE: 0.25}},
    {"training": {HOSTILE: HOSTILE, "chance": 0, "silent_units": "all", "loss": HOSTILE}},
    {"confusion": [[1, 2], [3, 4]], "confused": [{"true": HOSTILE, "picture": [[[1]]]}, 3, {}]},
    {
        "confusion": [[1, 2], [3, 4]],
        "confused": [
            {"true": 1, "predicted": 0, "picture": picture}
            for picture in ([], [[]], [[[1, 2]]], [[[1]], [[1, 2, 3]]], [[[math.nan]]], HOSTILE)
        ],
    },
    {
        "confusion": [[1, 2], [3, 4]],
        "confused": [{"true": 1, "predicted": 0, "picture": [[[-1e9, 1e20, 7.5]]]}],
    },
    {"training": [1], "note": HOSTILE, "output": HOSTILE},
    {HOSTILE: {"loss": [1.0, 0.5]}, "history": {"loss": [1.0], "accuracy": [0.5]}},
]


def hostile() -> Verdict:
    """Returns a verdict whose every text comes from a hostile submission."""
    checks = (
        check("cnn::builds", "failed", message=HOSTILE, hint=HOSTILE),
        check("cnn::trains", "error", message=HOSTILE),
        check("cnn::accuracy", "skipped", message=HOSTILE),
    )
    evidence = {**RICH, "output": HOSTILE, "note": HOSTILE, "mixed": {HOSTILE: 0.5}}
    return verdict(task("cnn", "error", checks, evidence, HOSTILE))

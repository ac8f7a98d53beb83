"""`--why` on wrong submissions of different kinds: is the repair that it tries the right one?

    python -m tests.benchmarks.why [NAME …]

Each case is a reference, or a submission of the corpus, made wrong by edits. What `--why` finds first
must be the fault, and the file must pass once the repair is applied to it.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from graders import KIT

Edits = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class Case:
    """One wrong submission.

    Attributes:
        task: String, the task's id.
        base: String, a file of the kit.
        fault: String, what has to be found first.
        wrong: Pairs of texts, which make the base wrong.
        repair: Pairs of texts, which apply the repair that is tried.
    """

    task: str
    base: str
    fault: str
    wrong: Edits
    repair: Edits


CNN = "reference/model_architectures/cnn.py"
LSTM = "reference/model_architectures/lstm.py"
MULTI = "reference/customization/multi_branch.py"
WRONG = "tests/submissions/{}/wrong/{}.py"
RANDOM = "    import numpy as np\n    x = np.random.default_rng(0).permutation(x)\n"
FIT = "    return model.fit(x, y, batch_size=32, epochs={}, validation_data=val_data)\n\n\ndef fine"
CASES: dict[str, Case] = {
    "values_divided_in_train": Case(
        "cnn", WRONG.format("cnn", "divides_again"), "training_function",
        (), (("    x, vx = x / 255.0, vx / 255.0\n", ""),),
    ),
    "rate_far_too_high": Case(
        "cnn", CNN, "learning_rate", (("Adam(2e-3)", "Adam(0.5)"),), (("Adam(0.5)", "Adam(0.001)"),)
    ),
    "images_permuted": Case(
        "cnn", CNN, "training_function",
        (("    x, y = train_data\n", "    x, y = train_data\n" + RANDOM),), ((RANDOM, ""),),
    ),
    "frozen_convolutions": Case(
        "cnn", CNN, "frozen_layers",
        (("Conv2D(16, 3,", "Conv2D(2, 3,"),
         ('padding="same", activation="relu"', 'padding="same", activation="relu", trainable=False')),
        ((", trainable=False", ""),),
    ),
    "softmax_of_softmax": Case(
        "cnn", CNN, "softmax_twice",
        (('layers.Dense(num_classes, activation="softmax"),',
          'layers.Dense(num_classes, activation="softmax"), layers.Softmax(),'),),
        ((" layers.Softmax(),", ""),),
    ),
    "sigmoids_in_a_row": Case(
        "cnn", CNN, "stacked_sigmoids",
        (('activation="relu"', 'activation="sigmoid"'),), (('activation="sigmoid"', 'activation="relu"'),),
    ),
    "softmax_on_one_unit": Case(
        "lstm", LSTM, "softmax_on_one_unit",
        (('activation="sigmoid"', 'activation="softmax"'),),
        (('activation="softmax"', 'activation="sigmoid"'),),
    ),
    "too_short": Case(
        "lstm", WRONG.format("lstm", "too_short"), "too_few_steps", (), (("epochs=2", "epochs=20"),)
    ),
    "rate_far_too_low": Case(
        "lstm", LSTM, "learning_rate", (("Adam(1e-2)", "Adam(1e-6)"),), (("Adam(1e-6)", "Adam(0.001)"),)
    ),
    "relu_before_the_loss": Case(
        "multi_branch", WRONG.format("multi_branch", "relu_output"), "rectified_output", (),
        (('Dense(num_classes, activation="relu")', 'Dense(num_classes, activation="softmax")'),),
    ),
    "steps_far_too_small": Case(
        "multi_branch", MULTI, "learning_rate", (("Adam(2e-3)", "SGD(1e-4)"),), (("SGD(1e-4)", "SGD(0.01)"),)
    ),
    "dropout_too_strong": Case(
        "dropout_l2", WRONG.format("dropout_l2", "dropout_too_strong"), "too_much_dropout",
        (), (("Dropout(0.98)", "Dropout(0.3)"),),
    ),
    "l2_too_strong": Case(
        "dropout_l2", WRONG.format("dropout_l2", "l2_too_strong"), "penalty_dominates",
        (), (("L2(10.0)", "L2(0.001)"),),
    ),
    "own_loss": Case(
        "penalized_loss", WRONG.format("penalized_loss", "divides_again"), "training_function",
        (), (("x / 255.0, y", "x, y"), ("(vx / 255.0, vy)", "(vx, vy)")),
    ),
    "logits_for_probabilities": Case(
        "mixed_precision", WRONG.format("mixed_precision", "logits_taken_for_probabilities"),
        "logits_for_probabilities", (),
        (('(num_classes, dtype="float32")', '(num_classes, dtype="float32", activation="softmax")'),),
    ),
    "head_too_short": Case(
        "vgg16_finetune", WRONG.format("vgg16_finetune", "too_short"), "too_few_steps",
        (), ((FIT.format(1), FIT.format(10)),),
    ),
}  # fmt: skip


def edited(source: str, edits: Edits) -> str:
    """Returns a text with edits, each of which must change something."""
    for old, new in edits:
        assert old in source, old
        source = source.replace(old, new)
    return source


def graded(task: str, path: Path, *words: str) -> dict[str, Any]:
    """Grades a file, and returns the task's JSON."""
    command = [sys.executable, "grade.py", task, "--from", str(path), "--json", "-", *words]
    done = subprocess.run(command, cwd=KIT, capture_output=True, text=True, timeout=900)
    return json.loads(done.stdout)["tasks"][0]


def tried(case: Case, folder: Path) -> tuple[str, bool, bool, float]:
    """Returns what was tried first, whether that is the fault, whether the repair passes, seconds."""
    path, source = folder / f"{case.task}.py", edited((KIT / case.base).read_text(), case.wrong)
    path.write_text(source)
    began = time.monotonic()
    found = graded(case.task, path, "--why")["why"]
    seconds = time.monotonic() - began
    faults = found["faults"]
    told = faults[0]["tried"] or faults[0]["message"] if faults else found["trouble"]
    path.write_text(edited(source, case.repair))
    passes = graded(case.task, path)["status"] == "passed"
    return told, bool(faults) and faults[0]["id"] == case.fault, passes, seconds


def main(names: list[str]) -> None:
    """Tries the cases of these names, or all, and prints a row for each."""
    right = 0
    chosen = names or list(CASES)
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            told, named, passes, seconds = tried(CASES[name], Path(folder))
        right += named and passes
        what = f"{'right' if named else 'WRONG'}, {'passes' if passes else 'FAILS'} repaired"
        print(f"{CASES[name].task}, {name}: {what}, {seconds:.0f} s\n    {told}", flush=True)
    print(f"{right} of {len(chosen)} repairs are the right ones.")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Trial runs in processes of their own: the debugger, Ctrl-C, a real training, *Run* in an editor."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graders import KIT, rubric

CUSTOM = rubric.find("custom_layer")
MODULE = """
def build_model(input_shape, num_classes):
    secret = 17
    # code
    return secret

def train(model, train_data, val_data):
    pass

if __name__ == "__main__":
    print("built", build_model(1, 2), flush=True)
"""


def play(*words: str, stdin: str = "", cwd: Path = KIT) -> subprocess.CompletedProcess:
    """Runs `grade.py play` without a display."""
    return subprocess.run(
        [sys.executable, str(KIT / "grade.py"), "play", *words], cwd=cwd, input=stdin,
        capture_output=True, text=True, timeout=300, env=surroundings(),
    )  # fmt: skip


def surroundings() -> dict[str, str]:
    """Returns an environment without a display and without a path for modules."""
    left_out = ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in left_out}


def test_the_debugger_stops_where_it_is_told(tmp_path: Path) -> None:
    """`breakpoint()` shows the student's line and variables, and goes on with `c`."""
    path = tmp_path / "cnn.py"
    path.write_text(MODULE.replace("# code", "breakpoint()"))
    done = play("cnn", "--from", str(path), stdin="p secret + 1\nl\nc\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "18" in done.stdout and "return secret" in done.stdout
    assert "built 17" in done.stdout


def test_leaving_the_debugger_stops(tmp_path: Path) -> None:
    """`q` is no error of the code."""
    path = tmp_path / "cnn.py"
    path.write_text(MODULE.replace("# code", "breakpoint()"))
    done = play("cnn", "--from", str(path), stdin="q\n")
    assert done.returncode == 2
    assert done.stderr == "grade.py: stopped.\n" and "built" not in done.stdout


def test_ctrl_c_is_one_word(tmp_path: Path) -> None:
    """In the middle of what the code does."""
    path = tmp_path / "cnn.py"
    path.write_text(MODULE + "    import time\n    time.sleep(60)\n")
    command = [sys.executable, str(KIT / "grade.py"), "play", "cnn", "--from", str(path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=surroundings()
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "built 17\n"
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == "grade.py: stopped.\n"
        assert process.wait(30) == 2


def test_a_real_training(tmp_path: Path) -> None:
    """The reference of custom_layer: progress of `fit`, a picture, and nothing of TensorFlow's."""
    path = tmp_path / "custom_layer.py"
    shutil.copy(CUSTOM.reference, path)
    done = play("custom_layer", "--from", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Epoch 10/10" in done.stdout and "val_accuracy" in done.stdout
    assert f"Picture: {tmp_path / 'custom_layer_curves.png'}" in done.stdout
    assert (tmp_path / "custom_layer_curves.png").stat().st_size > 10_000


def test_an_error_within_keras(tmp_path: Path) -> None:
    """Of an error that Keras raises, the student's own lines are shown."""
    path = tmp_path / "custom_layer.py"
    text = CUSTOM.reference.read_text(encoding="utf-8")
    assert "ops.matmul(x, self.w)" in text
    path.write_text(text.replace("ops.matmul(x, self.w)", "ops.matmul(self.w, x)"))
    done = play("custom_layer", "--from", str(path))
    assert done.returncode == 1
    files = [line.split('"')[1] for line in done.stderr.splitlines() if line.startswith("  File")]
    assert set(files) == {str(path)} and len(files) >= 2
    assert "matmul(self.w, x)" in done.stderr
    assert "custom_layer stopped with this error at" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("within", ["the kit", "the section", "elsewhere"])
def test_run_in_an_editor(released: Path, tmp_path: Path, within: str) -> None:
    """A stub of the student copy runs as it is, wherever the editor starts it: up to its TODO."""
    kit = released / "student"
    path = kit / "assignments" / "customization" / "custom_layer.py"
    cwd = {"the kit": kit, "the section": path.parent, "elsewhere": tmp_path}[within]
    done = subprocess.run(
        [sys.executable, str(path)], cwd=cwd, capture_output=True, text=True, timeout=300,
        env=surroundings(),
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.rstrip().splitlines()[-1].startswith("NotImplementedError: TODO: hand ")


def test_play_in_the_student_copy(released: Path, tmp_path: Path) -> None:
    """The stub is named, with its path; with the reference's code in it, it trains."""
    kit = tmp_path / "student"
    shutil.copytree(released / "student", kit)
    command = [sys.executable, "grade.py", "play", "custom_layer"]

    def played() -> subprocess.CompletedProcess:
        return subprocess.run(
            command, cwd=kit, capture_output=True, text=True, timeout=300, env=surroundings()
        )

    done = played()
    assert done.returncode == 1 and done.stderr == ""
    assert "open assignments/customization/custom_layer.py" in done.stdout
    shutil.copy(CUSTOM.reference, kit / "assignments" / "customization" / "custom_layer.py")
    done = played()
    assert (done.returncode, done.stderr) == (0, "")
    assert "Picture: assignments/customization/custom_layer_curves.png" in done.stdout

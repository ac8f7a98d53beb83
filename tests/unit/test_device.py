"""`--device`: what computes, and what a process finds of it in its environment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from graders.boundary import device
from graders.boundary.launching import child_environment
from graders.checks.optimization import mixed_precision
from graders.cli.main import main
from graders.runner import Settings
from graders.runner.warm import environment


@pytest.fixture(autouse=True)
def no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own process is for no device in particular."""
    for name in (device.VARIABLE, "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)


def test_grading_computes_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default no process sees a GPU, whatever the shell says."""
    monkeypatch.setenv(device.VARIABLE, "gpu")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    found = environment("/tmp", Settings().device)
    assert found["CUDA_VISIBLE_DEVICES"] == "" and device.VARIABLE not in found
    assert device.files("cpu") == []


def test_a_gpu_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process for a GPU takes memory as it needs it, and so do those that it starts."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    found = environment("/tmp", "gpu")
    expected = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "CUDA_VISIBLE_DEVICES": "1"}
    assert expected.items() <= found.items()
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    assert device.chosen() == "gpu"
    assert expected.items() <= child_environment().items()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert "CUDA_VISIBLE_DEVICES" not in child_environment()


@pytest.mark.skipif(sys.platform != "linux", reason="no other system has these files")
def test_the_nodes_of_the_driver_are_shown(tmp_path: Path) -> None:
    """All of them, so that sandboxes see what TensorFlow asks for; nothing else of /dev."""
    assert device.missing(tmp_path).startswith("There is no GPU here: no ")
    for name in ("nvidia0", "nvidiactl", "nvidia-uvm", "sda"):
        (tmp_path / name).touch()
    assert device.missing(tmp_path) == ""
    shown = [path for path in device.files("gpu", tmp_path) if path.startswith(str(tmp_path))]
    assert shown == [str(tmp_path / name) for name in ("nvidia-uvm", "nvidia0", "nvidiactl")]


def test_no_gpu_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--device gpu` where there is none ends at once, with the exit code of wrong usage."""
    monkeypatch.setattr(device, "missing", lambda: "There is no GPU here.")
    assert main(["cnn", "--device", "gpu"]) == 2
    assert capsys.readouterr().err == "grade.py: There is no GPU here.\n"


@pytest.mark.parametrize(
    ("slower", "chosen", "expected"),
    [
        (0.5, "gpu", "on this machine's GPU."),
        (1.5, "gpu", "starting the operations"),
        (1.5, "cpu", "On a GPU with tensor cores"),
        (0.5, "cpu", "may well be slower"),
    ],
)
def test_the_feedback_names_what_was_measured_on(slower: float, chosen: str, expected: str) -> None:
    """Times of a GPU are told as such; on a CPU slow 16 bits are no fault."""
    words = mixed_precision._in_words(slower, chosen)
    assert expected in words and f"took {slower:.1f} times as long" in words
    assert ("this machine's GPU" in words) == (chosen == "gpu")

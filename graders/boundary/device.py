"""What computes: the CPU, or a GPU (`--device gpu`). The kit's processes tell each other so."""

from __future__ import annotations

import os
import sys
from pathlib import Path

DEVICES = ("cpu", "gpu")
# What a process of the kit finds in its environment.
VARIABLE = "KERAS_KIT_DEVICE"
# Beside the nodes of the driver, where its libraries lie in images of containers.
LIBRARIES = ("/usr/local/nvidia", "/usr/local/cuda")


def chosen() -> str:
    """Returns which device the caller's process is for."""
    return "gpu" if os.environ.get(VARIABLE) == "gpu" else "cpu"


def variables(device: str) -> dict[str, str]:
    """Returns the environment with which TensorFlow computes on a device.

    Args:
        device: String, one of `DEVICES`.

    Returns:
        Dict of strings. On a GPU memory is taken as it is needed, so that the process of the
        submission and that of the grader both fit.
    """
    if device != "gpu":
        return {"CUDA_VISIBLE_DEVICES": ""}
    # Whoever has several GPUs chooses by CUDA's own variable.
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    kept = {"CUDA_VISIBLE_DEVICES": named} if named else {}
    return {VARIABLE: "gpu", "TF_FORCE_GPU_ALLOW_GROWTH": "true", **kept}


def files(device: str, root: Path = Path("/dev")) -> list[str]:
    """Returns the files that a submission needs for a device: nodes of the driver, libraries.

    Args:
        device: String, one of `DEVICES`.
        root: Path, where devices are.
    """
    if device != "gpu":
        return []
    nodes = sorted(str(path) for path in [*root.glob("nvidia*"), *root.glob("dxg")])
    return [*nodes, *(path for path in LIBRARIES if os.path.isdir(path))]


def missing(root: Path = Path("/dev")) -> str:
    """Returns in one line why nothing can be computed on a GPU here; empty if it can.

    Args:
        root: Path, where devices are.
    """
    if sys.platform != "linux":
        return "There is no GPU for TensorFlow here: it uses NVIDIA's on Linux (or in WSL) only."
    if list(root.glob("nvidia[0-9]*")) or (root / "dxg").exists():
        return ""
    return f"There is no GPU here: no {root}/nvidia0. Leave --device out, or install its driver."


UNSEEN = (
    "TensorFlow finds no GPU, though the machine has one. Install its libraries: python -m pip "
    'install "tensorflow[and-cuda]". Or leave --device out.'
)

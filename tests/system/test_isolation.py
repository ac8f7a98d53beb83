"""Attacks: what a hostile submission tries, and what it gets (nothing)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from graders.rubric import KIT
from graders.runner import Runner
from tests.programs import FIT, GOOD, cnn, first_bad
from tests.system import planting, probes

linux = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")


@pytest.fixture(scope="module")
def warmed(planted: probes.Planted) -> Iterator[Runner]:
    """A warm process as it is, started where secrets lie about."""
    with planting.warm(planted) as runner:
        yield runner


@pytest.fixture(scope="module")
def seen(
    warmed: Runner, planted: probes.Planted, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, str], str]:
    """What all probes found in one grading, and the level of isolation."""
    folder = tmp_path_factory.mktemp("looks")
    # The second sandbox is forked after a grader has had its secrets.
    planting.look(warmed, folder, planted, ["environment"])
    return planting.look(warmed, folder, planted, list(probes.PROBES))


@linux
@pytest.mark.parametrize("name", probes.PROBES)
def test_the_sandbox_finds_nothing(name: str, seen: tuple[dict[str, str], str]) -> None:
    """No probe finds what was planted for it; `test_walls` shows that each of them could."""
    found, level = seen
    assert level == "namespaces"
    assert found[name] == ""


FORGERIES = {
    "garbage on the wire": (
        "for fd in range(3, 64):\n        try: os.write(fd, b'x' * 100)\n        except OSError: pass\n"
        "    import time; time.sleep(1); os._exit(0)",
        ("unreadable", "died", "ended itself"),
    ),
    "closing the wire": ("os.closerange(3, 100)", ("ended itself", "exit code", "killed")),
    "a forged answer": (
        "import struct, json\n    d = json.dumps({'ok': {'handle': 0, 'snapshot': {'config': '{}', "
        "'weights': [], 'paths': [], 'dtypes': [], 'trainable': [], 'compiled': True}, "
        "'live': {'inference': None, 'training': None, 'penalty': None}}}).encode()\n"
        "    for fd in range(3, 64):\n        try: os.write(fd, struct.pack('>IQ', len(d), 0) + d)\n"
        "        except OSError: pass\n    os._exit(0)",
        ("Expected a model that the grader can rebuild",),
    ),
    "a giant": (
        "model = keras.Sequential([keras.Input(input_shape), layers.Flatten(), "
        "layers.Dense(30000), layers.Dense(num_classes)]); model.compile('adam', 'mse'); return model",
        ("parameters", "memory"),
    ),
    "endless output": (
        "import itertools\n    for i in itertools.count(): print('x' * 100000)",
        ("File too large", "EFBIG", "No space", "did not finish"),
    ),
}


@linux
@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries_earn_nothing(name: str, grade) -> None:
    """Attacks on the wire and on the grader's resources are the submission's error."""
    body, words = FORGERIES[name]
    verdict = grade("cnn", cnn(f"import os\n    {body}"), seconds=60)
    assert verdict.status in ("error", "failed")
    assert verdict.points == 0
    message = first_bad(verdict)[2]
    assert any(word in message for word in words), message


@linux
@pytest.mark.parametrize("ending", ["raises", "writes garbage"])
def test_nothing_outlives_the_grading(ending: str, warmed: Runner, tmp_path: Path) -> None:
    """A daemon is gone after the grading, also where the submission itself would not end."""
    with planting.daemon(warmed, tmp_path, ending) as mark:
        assert planting.gone(mark, 10)


@linux
def test_nothing_outlives_the_guard(warmed: Runner, tmp_path: Path) -> None:
    """Whoever kills a sandbox's guard kills the sandbox."""
    with planting.daemon_without_guard(warmed, tmp_path) as mark:
        assert planting.gone(mark, 10)


def test_a_reported_history_earns_nothing(grade) -> None:
    """A History that claims a perfect accuracy does not move the points: the weights do."""
    train = """history = model.fit(train_data[0][:64], train_data[1][:64], validation_data=(val_data[0][:64], val_data[1][:64]))
    for key in history.history:
        history.history[key] = [1.0]
    return history"""
    verdict = grade("cnn", cnn(train=train))
    assert verdict.points < 10
    assert first_bad(verdict)[0] in ("trains", "accuracy")


def test_patching_keras_does_not_reach_the_grader(grade) -> None:
    """Whatever a submission patches in its own process, the grader's Keras is another one."""
    top = """import keras, numpy
keras.Model.evaluate = lambda *a, **k: [0.0, 1.0]
keras.Model.predict = lambda self, x, **k: numpy.eye(10)[numpy.zeros(len(x), int)]
"""
    verdict = grade("cnn", cnn(GOOD, FIT, top))
    assert first_bad(verdict)[0] in ("trains", "accuracy")


PYTHON_BELOW_TMP = """
import os, sys
from graders.boundary import isolation
isolation.enter_namespaces()
child = os.fork()
if child == 0:
    try:
        isolation.build_root((sys.argv[1],))
        assert open(sys.argv[1] + "/module.py").read() == "seen"
        open("/tmp/scratch", "w").write("written")
        try:
            open(sys.argv[1] + "/module.py", "w")
        except OSError:
            os._exit(0)
    finally:
        os._exit(1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_an_environment_below_tmp_is_seen(tmp_path: Path) -> None:
    """What lies below /tmp (a clone with its environment, say) is seen, read-only, beside scratch."""
    shown = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        (shown / "module.py").write_text("seen")
        command = [sys.executable, "-c", PYTHON_BELOW_TMP, str(shown)]
        done = subprocess.run(command, cwd=KIT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    finally:
        shutil.rmtree(shown)

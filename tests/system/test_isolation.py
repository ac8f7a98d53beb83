"""Attacks: what a hostile submission tries, and what it gets (nothing)."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from graders.runner import Runner
from tests.levels import lacking
from tests.programs import FIT, GOOD, cnn, first_bad
from tests.system import planting, probes

linux = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")
# The level `user` stands in `test_walls`: there other users may have to be let through to Python.
LEVELS = ("namespaces", "landlock")


@pytest.fixture(scope="module", params=[*LEVELS, *(f"{level} spawned" for level in LEVELS)])
def warmed(request: pytest.FixtureRequest, planted: probes.Planted) -> Iterator[tuple[Runner, str]]:
    """Processes as they are, started where secrets lie about, and their level."""
    level, _, spawned = request.param.partition(" ")
    missing = lacking(level)
    if missing:
        pytest.skip(f"no {level}: {missing}")
    with planting.warm(planted, level, bool(spawned)) as runner:
        yield runner, level


@pytest.fixture(scope="module")
def seen(
    warmed: tuple[Runner, str], planted: probes.Planted, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, str], str]:
    """What all probes of a level found in one grading, and the level of the verdict."""
    runner, level = warmed
    folder = tmp_path_factory.mktemp("looks")
    # The second sandbox is forked after a grader has had its secrets.
    planting.look(runner, folder, planted, ["environment"])
    names = [name for name, levels in probes.LEVELS.items() if level in levels]
    return planting.look(runner, folder, planted, names)


@linux
@pytest.mark.parametrize("name", probes.PROBES)
def test_the_sandbox_finds_nothing(
    name: str, seen: tuple[dict[str, str], str], warmed: tuple[Runner, str]
) -> None:
    """No probe finds what was planted for it; `test_walls` shows that each of them could."""
    found, level = seen
    assert level == warmed[1]
    if level not in probes.LEVELS[name]:
        pytest.skip(f"the level {level} does not promise this")
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
def test_a_process_that_is_spawned_finds_the_submission(grade) -> None:
    """It imports the submission by name to find a function, also if the file has another name."""
    body = """from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        raise ValueError(f"found {pool.submit(doubled, 21).result()}")"""
    verdict = grade("cnn", cnn(body, top="def doubled(x):\n    return 2 * x\n\n\n"))
    assert "found 42" in first_bad(verdict)[2]


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

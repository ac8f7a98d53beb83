"""Attacks: what a hostile submission tries, and what it gets (nothing)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from graders.rubric import KIT
from tests.test_bad_input import FIT, GOOD, cnn, first_bad

linux = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")

# Each body raises with what it found; the message shows it.
PROBES = {
    "reference": f"found = os.path.exists({str(KIT / 'reference')!r})",
    "grader": f"found = os.path.exists({str(KIT / 'graders')!r})",
    "home": "found = os.path.exists(os.path.expanduser('~root/.ssh')) or os.listdir('/home') != [] "
    "if os.path.exists('/home') else False",
    "other processes": "found = [p for p in os.listdir('/proc') if p.isdigit() and int(p) > 50]",
    "environment": "found = [k for k in os.environ if 'SECRET' in k or 'KIT' in k]",
    "first environment": "found = 'SECRET' in open('/proc/self/environ', errors='replace').read()",
    "write to libraries": "found = os.access(os.__file__, os.W_OK)",
    "root": "found = os.access('/', os.W_OK)",
    "descriptors": "found = [os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') "
    "if os.path.exists(f'/proc/self/fd/{n}') and 'socket' in os.readlink(f'/proc/self/fd/{n}')]",
    "capabilities": "found = [l for l in open('/proc/self/status') if l.startswith('CapEff') "
    "and int(l.split()[1], 16)]",
    "unmounting": "import ctypes; found = ctypes.CDLL(None).umount2(b'/tmp', 2) == 0",
    "a network": "import socket; s = socket.socket(); s.settimeout(1); "
    "found = s.connect_ex(('127.0.0.1', 22)) == 0 or len(os.listdir('/sys/class/net')) > 1 "
    "if os.path.exists('/sys') else s.connect_ex(('127.0.0.1', 22)) == 0",
    "command line": "found = 'secret' in open('/proc/1/cmdline').read()",
}


@linux
@pytest.mark.parametrize("name", PROBES)
def test_the_sandbox_sees_nothing_of_the_grader(name: str, grade, monkeypatch) -> None:
    """Files, processes, environment, descriptors, privileges and network are out of reach."""
    monkeypatch.setenv("KERAS_KIT_SECRET", "SECRET")
    verdict = grade(
        "cnn", cnn(f"import os\n    {PROBES[name]}\n    raise ValueError(f'found={{found!r}}')")
    )
    message = first_bad(verdict)[2]
    assert verdict.isolation == "namespaces"
    assert "found=False" in message or "found=[]" in message, message


@linux
def test_no_secret_is_in_the_memory_that_a_sandbox_inherits(tmp_path: Path) -> None:
    """A search through all memory of the sandbox does not find the secret of the hidden tests."""
    from graders import rubric
    from graders.runner import Request, Runner, Settings

    secret = b"hush-" + os.urandom(12).hex().encode()
    # The submission must not hold the whole word itself, or it would find its own copy.
    half = secret[: len(secret) // 2].decode(), secret[len(secret) // 2 :].decode()
    body = f"""a, b = {half[0]!r}.encode(), {half[1]!r}.encode()
    hits = 0
    for line in open('/proc/self/maps'):
        span, rights = line.split()[:2]
        low, high = (int(x, 16) for x in span.split('-'))
        if rights[0] != 'r' or 'v' in line[-8:] or high - low > 2**28:
            continue
        try:
            memory = open('/proc/self/mem', 'rb'); memory.seek(low)
            data = memory.read(high - low)
        except (OSError, ValueError, OverflowError):
            continue
        at = data.find(a)
        while at >= 0:
            hits += data[at + len(a):at + len(a) + len(b)] == b
            at = data.find(a, at + 1)
        del data
    raise ValueError(f'found={{hits}}')"""
    path = tmp_path / "cnn.py"
    path.write_text(cnn(body))
    with Runner(Settings(secret=secret)) as runner:
        # Twice: the second sandbox is forked after a grader has had the secret.
        for _ in range(2):
            verdict = runner.grade_task(Request(rubric.find("cnn"), path))
            assert "found=0" in first_bad(verdict)[2]


FORGERIES = {
    "garbage on the wire": (
        "for fd in range(3, 64):\n        try: os.write(fd, b'x' * 100)\n        except OSError: pass\n"
        "    import time; time.sleep(1); os._exit(0)",
        ("unreadable", "died", "ended itself"),
    ),
    "closing the wire": ("os.closerange(3, 100)", ("ended itself", "exit code", "killed")),
    "a forged answer": (
        "import struct, json\n    d = json.dumps({'ok': {'handle': 0, 'snapshot': {'config': '{}', "
        "'weights': [], 'paths': [], 'dtypes': [], 'trainable': [], 'compiled': True}}}).encode()\n"
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
def test_nothing_outlives_the_grading(grade) -> None:
    """A daemon that a submission starts is gone when its sandbox is."""
    mark = f"daemon-{os.getpid()}-{time.monotonic_ns()}"
    body = f"""import os, time, sys
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv('/bin/sleep', ['{mark}', '300'])
        os._exit(0)
    time.sleep(0.5)
    raise ValueError"""
    grade("cnn", cnn(body))
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        left = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                left += [path] if mark.encode() in path.read_bytes() else []
            except OSError:
                continue
        if not left:
            return
        time.sleep(0.1)
    pytest.fail(f"still running: {left}")


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
from graders import isolation
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

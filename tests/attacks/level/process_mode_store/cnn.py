"""AIM: where namespaces are refused: a signed verdict of 10 points in the verdict store for this very file, by the key that
    signs. Graded a second time, it would be served as `cached`.
KIND: gain
MAX: 0
SAYS: -
RUN: command
IN: no namespaces
"""
from tests.attacks.tools import *

KIT = PLANTED["kit"]
if os.path.exists(KIT + "/graders/runner"):
    os.environ.update(KERAS_KIT_CACHE=PLANTED["cache"], HOME=PLANTED["home"])
    sys.path.insert(0, KIT)
    for name in [name for name in sys.modules if name == "graders" or name.startswith("graders.")]:
        del sys.modules[name]
    from graders import rubric
    from graders.runner import Request, Runner, Settings
    from graders.runner import store
    from graders.verdict import CheckResult, TaskVerdict

    task = rubric.find("cnn")
    digest = "sha256:"
    checks = tuple(CheckResult(c.id, c.description, "passed", c.points, c.points) for c in task.checks)
    verdict = TaskVerdict("cnn", task.section, "passed", checks, 9.0, False, "namespaces", digest)
    store.Store().write("00" * 32, verdict)
    look("the key that signs", lambda: len(store.local_key()))
look("the store", lambda: write_outside(PLANTED["cache"] + "/verdicts"))
look("the key", lambda: read(PLANTED["cache"] + "/local.key"))
done()

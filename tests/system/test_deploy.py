"""Clusters and containers: what their files say is there, and what can be run here is run."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("yaml")

import yaml

from graders.boundary.limits import GRADER_MEMORY, SANDBOX_MEMORY
from graders.rubric import KIT
from tests.cluster import Processes
from tests.course import REFERENCE, TASK

DEPLOY = KIT / "graders" / "course" / "deploy"
GIB = 2**30


def documents(name: str) -> list[dict[str, Any]]:
    """Returns what a file of Kubernetes holds."""
    return [found for found in yaml.safe_load_all((DEPLOY / name).read_text()) if found]


def pods(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the specifications of pods in a document, by the role of their container."""
    spec = document["spec"]
    if document["kind"] == "Deployment":
        found = [spec["template"]["spec"]]
    else:
        found = [spec["scheduler"]["spec"], spec["worker"]["spec"]]
    return {pod["containers"][0]["name"]: pod for pod in found}


@pytest.mark.parametrize("name", ["kubernetes.yaml", "kubernetes-namespaces.yaml"])
def test_a_pods_memory_carries_a_slot_for_each_core(name: str) -> None:
    """A worker takes as many slots as it has cores: its memory is enough for them."""
    for document in documents(name):
        limits = pods(document)["worker"]["containers"][0]["resources"]["limits"]
        [gib] = re.fullmatch(r"(\d+)Gi", limits["memory"]).groups()
        assert int(gib) * GIB >= int(limits["cpu"]) * SANDBOX_MEMORY + GRADER_MEMORY


def test_pods_have_the_walls_that_their_page_promises() -> None:
    """What ISOLATION.md asks for `namespaces` is in the one file, and the other leaves it out."""
    [deployment] = documents("kubernetes-namespaces.yaml")
    pod = pods(deployment)["worker"]
    assert pod["hostUsers"] is False
    context = pod["containers"][0]["securityContext"]
    assert context["procMount"] == "Unmasked" and context["seccompProfile"]["type"] == "Unconfined"
    [cluster] = documents("kubernetes.yaml")
    context = pods(cluster)["worker"]["containers"][0]["securityContext"]
    assert context["seccompProfile"]["type"] == "RuntimeDefault"
    service = cluster["metadata"]["name"] + "-scheduler"
    assert deployment["spec"]["template"]["spec"]["containers"][0]["args"] == [
        f"tcp://{service}:8786"
    ]


def test_kubernetes_knows_the_cluster() -> None:
    """The operator's own schema knows each field: an unknown one would be dropped in silence."""
    found = importlib.util.find_spec("dask_kubernetes")
    if found is None or found.origin is None:
        pytest.skip("dask-kubernetes is not installed")
    [path] = Path(found.origin).parent.rglob("crds/daskcluster.yaml")
    schema = yaml.safe_load(path.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]

    def unknown(value: Any, schema: dict[str, Any], where: str) -> list[str]:
        if schema.get("x-kubernetes-preserve-unknown-fields"):
            return []
        if isinstance(value, dict) and "properties" in schema:
            lacking = [f"{where}.{name}" for name in value if name not in schema["properties"]]
            return lacking + [
                fault
                for name, part in value.items()
                if name in schema["properties"]
                for fault in unknown(part, schema["properties"][name], f"{where}.{name}")
            ]
        if isinstance(value, list):
            return [f for part in value for f in unknown(part, schema["items"], f"{where}[]")]
        return []

    [cluster] = documents("kubernetes.yaml")
    assert unknown(cluster["spec"], schema["properties"]["spec"], "spec") == []
    probed = {**cluster["spec"], "worker": {"spec": {"hostUsers": False}}}
    assert unknown(probed, schema["properties"]["spec"], "spec") == ["spec.worker.spec.hostUsers"]


def test_slurms_jobs_are_the_kits_workers(tmp_path: Path) -> None:
    """The script of a job starts a worker that offers its slots, when it runs here."""
    pytest.importorskip("dask_jobqueue")
    distributed = pytest.importorskip("distributed")
    words = [
        sys.executable,
        str(DEPLOY / "slurm.py"),
        "--print",
        "--cores",
        "1",
        "--memory",
        "14GiB",
    ]
    script = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120).stdout
    assert "#SBATCH --cpus-per-task=1\n" in script and "#SBATCH --mem=14G\n" in script
    with Processes(tmp_path, KERAS_KIT_CACHE=str(tmp_path / "cache")) as there:
        there.scheduler()
        there.start(["bash", "-c", re.sub(r"tcp://[\w.:]+", there.address, script)])
        with distributed.Client(there.address, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=60)
            [known] = client.scheduler_info()["workers"].values()
    assert known["keras_kit"]["folder"] == str(KIT)
    assert 1.0 in known["resources"].values()


def test_the_images_are_made_of_what_there_is() -> None:
    """What the Dockerfile copies and starts exists, and so do its stages and the page's files."""
    text = (DEPLOY / "Dockerfile").read_text()
    lines = re.sub(r"\\\n", " ", text).splitlines()
    copied = [word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert {"graders", "datasets", "reference", "assignments", "grade.py"} < set(copied)
    assert [name for name in copied if not (KIT / name).exists()] == []
    for path in re.findall(r"/autograder/source/kit/(\S+)", text):
        assert (KIT / path).exists()
    [entry] = [
        json.loads(line.partition(" ")[2]) for line in lines if line.startswith("ENTRYPOINT")
    ]
    assert entry == ["python", "/opt/kit/grade.py", "worker"]
    stages = {line.split()[-1] for line in lines if line.startswith("FROM ")}
    assert stages == set(re.findall(r"--target (\w+)", text)) == {"worker", "gradescope"}
    page = (DEPLOY / "README.md").read_text()
    for name in re.findall(r"^\| (.+?) \|", page, re.MULTILINE)[2:]:
        assert all((DEPLOY / file).exists() for file in re.findall(r"`(.+?)`", name))
    for name in ("setup.sh", "run_autograder"):
        assert os.access(DEPLOY / name, os.X_OK)
        subprocess.run(["bash", "-n", str(DEPLOY / name)], check=True)


@pytest.mark.parametrize(("text", "points", "secret"), [(REFERENCE, 10, True), ("x = (", 0, False)])
def test_gradescope_gets_its_results(tmp_path: Path, text: str, points: int, secret: bool) -> None:
    """`run_autograder` writes results.json for right and for broken work, and ends with 0."""
    for name in ("source", "submission", "results"):
        (tmp_path / name).mkdir()
    (tmp_path / "source" / "kit").symlink_to(KIT)
    if secret:
        (tmp_path / "source" / "secret").write_text("s3cret")
    (tmp_path / "submission" / f"{TASK.id}.py").write_text(text)
    script = tmp_path / "run_autograder"
    shutil.copy(DEPLOY / "run_autograder", script)
    environment = {
        **os.environ, "AUTOGRADER": str(tmp_path), "TASKS": TASK.id,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    environment.pop("KERAS_KIT_SECRET", None)
    done = subprocess.run([script], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "results" / "results.json").read_text())
    assert sum(test["score"] for test in found["tests"]) == points
    assert '"level"' in done.stdout.splitlines()[0]
    assert ("secret hidden tests" in json.dumps(found)) is secret


def test_the_autograder_reports_that_it_failed(tmp_path: Path) -> None:
    """Without anything that can be graded, the exit code is the grader's."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "kit").symlink_to(KIT)
    environment = {
        **os.environ, "AUTOGRADER": str(tmp_path), "TASKS": "nothing",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    words = shlex.split(str(DEPLOY / "run_autograder"))
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2

"""What a submission may see: an allowlist, in which what is hidden stays hidden."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

import pytest

from graders import KIT
from graders.walls import shown


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of Python below a folder, with nothing of the machine."""
    prefix = tmp_path / "prefix"
    packages = prefix / "lib" / "python3" / "site-packages"
    packages.mkdir(parents=True)
    (prefix / "bin").mkdir()
    (prefix / "pyvenv.cfg").touch()
    (prefix / "lib" / "python3" / "os.py").touch()
    (packages / "keras").mkdir()
    for name in ("prefix", "base_prefix", "exec_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, str(prefix))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "kit"), str(packages)])
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"stdlib": str(prefix / "lib/python3")})
    monkeypatch.setattr(shown, "SYSTEM", ())
    return prefix


def make(folder: Path, *names: str) -> Path:
    """Makes a folder with files in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def seen(path: Path, visible: list[str]) -> bool:
    """Returns whether a path is among what is visible, or below it."""
    return any(Path(os.path.realpath(item)) in [path, *path.parents] for item in visible)


def test_python_is_shown_and_what_else_lies_in_its_prefix_is_not(python: Path) -> None:
    """A prefix as a whole may hold anything, such as a home or the kit."""
    make(python / "somebodys-home", "letter")
    assert shown.paths([]) == [str(python / name) for name in ("bin", "lib", "pyvenv.cfg")]


@pytest.mark.parametrize(
    "place", ["kit", "lib/kit", "lib/python3/kit", "lib/python3/site-packages/kit", "bin/kit"]
)
def test_a_kit_below_python_is_hidden(place: str, python: Path) -> None:
    """Wherever below the prefix the kit lies, it is not seen, and Python's own files are."""
    kit = make(python / place, "reference/cnn.py")
    visible = shown.paths([str(kit)])
    assert not seen(kit, visible)
    assert not seen(kit / "reference" / "cnn.py", visible)
    assert not any(kit.is_relative_to(path) for path in visible)
    assert seen(python / "lib" / "python3" / "os.py", visible)
    assert seen(python / "lib" / "python3" / "site-packages" / "keras", visible)


def test_a_kit_below_the_system_is_hidden(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kit in /usr/lib, say: its neighbours are shown one by one."""
    system = make(tmp_path / "usr" / "lib", "libc.so", "deep/libm.so", "deep/kit/grade.py")
    monkeypatch.setattr(shown, "SYSTEM", (str(system),))
    visible = shown.paths([str(system / "deep" / "kit")])
    assert not seen(system / "deep" / "kit", visible)
    assert [str(system / "deep" / "libm.so"), str(system / "libc.so")] == [
        path for path in visible if path.startswith(str(system))
    ]


def test_a_kit_above_python_hides_all_but_python(python: Path) -> None:
    """A virtual environment in the kit is shown, and nothing else of the kit."""
    kit = python.parent
    make(kit, "grade.py", "reference/cnn.py")
    visible = shown.paths([str(kit)])
    assert seen(python / "lib" / "python3" / "os.py", visible)
    assert not seen(kit / "grade.py", visible)
    assert not seen(kit / "reference" / "cnn.py", visible)


def test_links_to_what_is_hidden_show_nothing(python: Path, tmp_path: Path) -> None:
    """A link in site-packages that leads to the kit, or above it, does not show it."""
    kit = make(tmp_path / "work" / "kit", "grade.py")
    packages = python / "lib" / "python3" / "site-packages"
    (packages / "kit").symlink_to(kit)
    (packages / "work").symlink_to(kit.parent)
    visible = shown.paths([str(kit)])
    assert not seen(kit, visible)
    assert not seen(kit / "grade.py", visible)


def test_a_hidden_path_may_be_a_link_itself(python: Path, tmp_path: Path) -> None:
    """What is hidden is what the link leads to."""
    real = make(python / "lib" / "kit", "grade.py")
    (tmp_path / "link").symlink_to(real)
    assert not seen(real / "grade.py", shown.paths([str(tmp_path / "link")]))


def test_packages_that_are_links_are_shown(python: Path, tmp_path: Path) -> None:
    """Some package managers keep packages in a store, and link to them."""
    package = make(tmp_path / "store" / "numpy", "__init__.py")
    (python / "lib" / "python3" / "site-packages" / "numpy").symlink_to(package)
    assert seen(package / "__init__.py", shown.paths([]))


def test_extra_paths_are_shown_but_for_what_is_hidden(python: Path, tmp_path: Path) -> None:
    """A folder with a hidden file in it is replaced by its other entries."""
    extra = make(tmp_path / "extra", "weights", "deep/more", "deep/hidden")
    visible = shown.paths([str(extra / "deep" / "hidden")], [str(extra), "/not/there"])
    assert [path for path in visible if path.startswith(str(extra))] == [
        str(extra / "deep" / "more"),
        str(extra / "weights"),
    ]


def test_the_root_is_never_shown(python: Path) -> None:
    """Not even if it is asked for: everything would be."""
    assert shown.paths([], ["/"]) == shown.paths([])


def test_nothing_is_named_twice(python: Path) -> None:
    """What lies below another path that is shown is left out; a longer name is not below."""
    make(python / "lib-more", "a")
    extra = [str(python / "lib"), str(python / "lib" / "python3"), str(python / "lib-more")]
    visible = shown.paths([], extra)
    assert str(python / "lib-more") in visible
    assert visible.count(str(python / "lib")) == 1
    assert str(python / "lib" / "python3") not in visible


def test_of_this_machine_neither_kit_nor_home_is_shown() -> None:
    """As it is: no reference, no check, no home, but Python, Keras and programs."""
    visible = shown.paths([str(KIT)])
    assert not seen(KIT / "reference", visible)
    assert not seen(KIT / "graders" / "checks", visible)
    assert "/" not in visible and os.path.expanduser("~") not in visible
    import keras

    for path in (os.__file__, keras.__file__, "/usr/bin"):
        assert seen(Path(os.path.realpath(path)), visible), path

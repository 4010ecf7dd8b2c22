"""What is installed is complete, and starts without waiting for what it does not need yet."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

DATA_ENDINGS = {".sql", ".jinja", ".css", ".typ", ".svg", ".png", ".toml", ".json"}
HEAVY = ("scipy", "sklearn", "matplotlib", "pandas", "pyarrow", "typst", "jinja2", "duckdb")
"""Not to be imported by the front door: each costs a tenth of a second or more before the window shows."""


@pytest.fixture(scope="module")
def wheel(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what is tracked or new, as hatchling sees it."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv, which builds the wheel, is not on this machine")
    out = tmp_path_factory.mktemp("wheel")
    done = subprocess.run([uv, "build", "--wheel", "--out-dir", str(out), str(repo_root)], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


def test_that_the_wheel_has_all_code_and_all_resources(repo_root: Path, wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {path.relative_to(repo_root).as_posix() for folder in ("console", "widgets", "resources")
              for path in (repo_root / folder).rglob("*")
              if path.suffix in DATA_ENDINGS | {".py"} and "__pycache__" not in path.parts
              and "pictures" not in path.parts}
    assert wanted - inside == set()


def test_that_the_wheel_has_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"console", "widgets", "resources"}


@pytest.mark.long
def test_that_the_wheel_alone_in_an_empty_environment_plays_the_demo(wheel: Path, tmp_path: Path) -> None:
    uv = shutil.which("uv")
    assert uv is not None
    home = tmp_path / "env"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(home)], check=True)
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), str(wheel)], check=True)
    environ = {name: value for name, value in os.environ.items()
               if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "PYTHONPATH", "VIRTUAL_ENV")}
    command = python.with_name("pilothouse" + python.suffix)
    done = subprocess.run([str(command), "demo", "--seconds", "2", "--out", str(tmp_path / "demo")], cwd=tmp_path,
                          env=environ, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    for name in ("incident.html", "incident.pdf", "window.png"):
        assert (tmp_path / "demo" / name).stat().st_size > 10_000, done.stderr


def test_that_the_front_door_imports_nothing_heavy(repo_root: Path) -> None:
    program = f"import sys, console.__main__, console.commands; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=repo_root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def test_that_a_session_is_imported_without_what_only_reports_and_tests_need(repo_root: Path) -> None:
    program = ("import sys, console.session; "
               "print(*sorted({'scipy', 'sklearn', 'matplotlib', 'typst', 'jinja2'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", program], cwd=repo_root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def test_that_every_dependency_is_named_in_the_readme(repo_root: Path) -> None:
    project = tomllib.loads((repo_root / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[^A-Za-z0-9_.-]", line)[0].lower() for line in project["dependencies"]}
    readme = (repo_root / "README.md").read_text().lower()
    assert {name for name in names if name not in readme} == set()


def test_that_the_version_is_one(repo_root: Path) -> None:
    from console import __version__

    assert tomllib.loads((repo_root / "pyproject.toml").read_text())["project"]["version"] == __version__


def test_that_no_absolute_path_of_a_machine_is_in_the_tree(repo_root: Path) -> None:
    found = [path.relative_to(repo_root).as_posix() for folder in ("console", "widgets", "resources", ".ci")
             for path in (repo_root / folder).rglob("*")
             if path.is_file() and path.suffix in {"", ".py", ".sql", ".toml", ".jinja", ".typ"}
             and "__pycache__" not in path.parts and re.search(r"/(home|root|work|Users)/\w", path.read_text())]
    assert found == []

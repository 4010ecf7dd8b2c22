"""Which way imports point, and proof that the rules bite."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WINDOW_PACKAGES = ("PySide6", "shiboken6", "pyqtgraph", "qtawesome", "qtpy", "widgets")

IMPORT_ALL = f"""
import importlib, pkgutil, sys
import console
for found in pkgutil.walk_packages(console.__path__, "console."):
    importlib.import_module(found.name)
print(*sorted(set(sys.modules) & set({WINDOW_PACKAGES!r})))
"""

PLANTED = [  # where, what, which contract must see it
    pytest.param("console/errors.py", "import PySide6.QtCore", "no-window", id="Qt in a small word",
                 marks=pytest.mark.long),
    pytest.param("console/session/selection.py", "def f():\n    import pyqtgraph", "no-window", id="inside a function"),
    pytest.param("console/reports/write.py", "import widgets.theme", "no-window", id="widgets in a room",
                 marks=pytest.mark.long),
    pytest.param("resources/__init__.py", "import console.errors", "downwards", id="resources look up"),
    pytest.param("console/metrics/grid.py", "import console.session", "rooms", id="a room looks up",
                 marks=pytest.mark.long),
    pytest.param("console/metrics/grid.py", "import console.logs.plan", "rooms", id="a room looks beside"),
    pytest.param("console/window.py", "import console.store", "rooms", id="a small word knows a room",
                 marks=pytest.mark.long),
    pytest.param("console/drift/ks.py", "import duckdb", "drift-takes-values", id="drift asks a database"),
    pytest.param("console/something_new.py", "VALUE = 1", "rooms", id="a room that the list does not have"),
]


def lint(folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    """import-linter in a process of its own, since it keeps what it imported."""
    chosen = [word for contract in contracts for word in ("--contract", contract)]
    program = "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports_command; " \
              "lint_imports_command()"
    return subprocess.run([sys.executable, "-c", program, "--no-cache", *chosen], cwd=folder, capture_output=True,
                          text=True, env={**os.environ, "PYTHONSAFEPATH": "", "NO_COLOR": "1"}, check=False)


@pytest.fixture
def copy(repo_root: Path, tmp_path: Path) -> Path:
    """The tree, to spoil."""
    leave = shutil.ignore_patterns("__pycache__", "*.png")
    for name in ("console", "widgets", "resources"):
        shutil.copytree(repo_root / name, tmp_path / name, ignore=leave)
    shutil.copy(repo_root / "pyproject.toml", tmp_path)
    return tmp_path


def test_that_all_of_console_is_imported_without_qt(repo_root: Path) -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], cwd=repo_root, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def test_that_the_tree_keeps_its_contracts(repo_root: Path) -> None:
    done = lint(repo_root)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("where", "what", "contract"), PLANTED)
def test_that_a_forbidden_import_is_seen(copy: Path, where: str, what: str, contract: str) -> None:
    file = copy / where
    if not file.exists() and "something_new" not in where:
        pytest.fail(f"{where} is gone: plant it elsewhere")
    file.write_text((file.read_text() if file.exists() else "") + f"\n\n{what}\n")
    done = lint(copy, contract)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout or "Missing layer" in done.stdout + done.stderr

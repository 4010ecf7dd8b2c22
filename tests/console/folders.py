"""Log folders for tests, made by `make_logs.py` once per run and kept: read them, or copy them with `own_copy`."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.console import make_logs

MakeFolder = Callable[..., Path]


@pytest.fixture(scope="session")
def log_folder(tmp_path_factory: pytest.TempPathFactory) -> MakeFolder:
    """Makes a folder, or hands out the one that was made with the same arguments. Never write into it.

    log_folder(scenario="healthy", format="parquet", rows=2000, days=1, names="default", seed=7, **flags); a flag is an
    option of make_logs: compress="gz", system=True, flat=True, rotate="hourly", late=0.1, dirty=3, with_text=True.
    """
    root = tmp_path_factory.mktemp("made-logs")
    made: dict[tuple[tuple[str, object], ...], Path] = {}

    def make(scenario: str = "healthy", format: str = "parquet", rows: int = 2000, days: float = 1,
             names: str = "default", seed: int = 7, **flags: Any) -> Path:
        options = dict(scenario=scenario, format=format, rows=rows, days=days, names=names, seed=seed, **flags)
        key = tuple(sorted(options.items()))
        if key not in made:
            folder = root / f"{len(made):02d}-{scenario}-{format}"
            arguments = [str(folder), "--quiet"]
            for option, value in options.items():
                name = "--" + option.replace("_", "-")
                arguments += [name] if value is True else [name, str(value)]
            with contextlib.redirect_stdout(sys.stderr):
                make_logs.main(arguments)
            made[key] = folder
        return made[key]

    return make


@pytest.fixture(scope="session")
def healthy_parquet(log_folder: MakeFolder) -> Path:
    """Requests, labels, reference and machine samples of a healthy day."""
    return log_folder("healthy", "parquet", system=True)


@pytest.fixture(scope="session")
def bad_canary_csv(log_folder: MakeFolder) -> Path:
    """A canary that is slow, fails, and is clicked less."""
    return log_folder("bad-canary", "csv")


@pytest.fixture(scope="session")
def null_burst_jsonl(log_folder: MakeFolder) -> Path:
    """An hour and a half with null responses and missing features, as JSON lines."""
    return log_folder("null-burst", "jsonl")


@pytest.fixture(scope="session")
def alt_names_csv(log_folder: MakeFolder) -> Path:
    """The same data as another team names it: seconds, epoch milliseconds, other words."""
    return log_folder("healthy", "csv", names="alt", system=True)


def truth_of(folder: Path) -> dict[str, Any]:
    """What `make_logs` says about a folder that it made."""
    truth: dict[str, Any] = json.loads(folder.with_name(folder.name + ".truth.json").read_text())
    return truth


def own_copy(folder: Path, to: Path) -> Path:
    """A copy that a test may change; its truth is copied beside it."""
    shutil.copytree(folder, to)
    truth = folder.with_name(folder.name + ".truth.json")
    if truth.exists():
        shutil.copy(truth, to.with_name(to.name + ".truth.json"))
    return to

"""Every shared log folder, loaded once: what is observable in it is what `truth.json` says, number by number.

The table is `truth_rows`. The forms that `make_formats.py` writes are made again from other seeds.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from console.errors import ConsoleError
from console.jobs import SilentJob
from console.logs.discover import discover
from console.logs.load import load_folder
from console.logs.plan import FolderPlan
from console.roles import Role
from console.store import Workspace
from tests.console.logs.truth_rows import FOLDERS, MADE, Folder

SEEDS = (11, 29)


def folders() -> list[Any]:
    """Their names as parameters."""
    return [pytest.param(name, id=name) for name in FOLDERS]


@dataclass
class Seen:
    """What was asked of a folder when it was loaded. `found` holds an error where a query failed."""

    problem: str = ""
    roles: dict[str, dict[str, str]] = field(default_factory=dict)
    features: dict[str, tuple[str, ...]] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)
    quarantined: int = 0
    sums: tuple[int, int] = (0, 0)      # records in the files, and rows + quarantined + ignored
    counted: tuple[int, int] = (0, 0)   # rows as the ledger has them, and as the tables have


def look_at(folder: Path, at: Path, table: Folder) -> Seen:
    """Loads a folder and asks all of its rows."""
    try:
        plan = discover(folder, SilentJob())
        ws = Workspace.open(at, folder=folder)
        report = load_folder(plan, ws, SilentJob())
    except ConsoleError as error:
        return Seen(problem=f"{error.what}. {error.do}")
    seen = Seen(roles=_roles(plan), features=_features(plan))
    con = ws.cursor()
    raw = {info.name: info.table for info in ws.streams()}
    for row in table.rows:
        try:
            seen.found[row.what] = _plain(con.execute(row.sql.format(raw=raw)).fetchall())
        except (duckdb.Error, KeyError) as error:
            seen.found[row.what] = f"{type(error).__name__}: {error}"
    for text, in con.execute("SELECT ignored FROM files WHERE ignored IS NOT NULL AND ignored <> ''").fetchall():
        for reason, count in json.loads(text).items():
            seen.ignored[reason] = seen.ignored.get(reason, 0) + count
    seen.quarantined = con.execute("SELECT count(*) FROM quarantine").fetchall()[0][0]
    seen.sums = report.rows_read, report.rows_loaded + report.rows_quarantined + report.rows_ignored
    seen.counted = report.rows_loaded, sum(
        con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in raw.values())
    ws.close()
    return seen


def _roles(plan: FolderPlan) -> dict[str, dict[str, str]]:
    """Stream -> role -> column, or columns with a blank between; features apart."""
    found: dict[str, dict[str, str]] = {}
    for stream in plan.streams:
        roles = found.setdefault(stream.name, {})
        for column in stream.columns:
            if column.role is not None and column.role is not Role.FEATURE:
                held = roles.get(column.role.value)
                roles[column.role.value] = column.name if held is None else f"{held} {column.name}"
    return found


def _features(plan: FolderPlan) -> dict[str, tuple[str, ...]]:
    return {stream.name: tuple(column.name for column in stream.columns if column.role is Role.FEATURE)
            for stream in plan.streams}


def _plain(rows: list[tuple[Any, ...]]) -> Any:
    """One value, one row, or many."""
    if len(rows) != 1:
        return rows
    return rows[0][0] if len(rows[0]) == 1 else rows[0]


def near(found: Any, expected: Any, within: float) -> bool:
    """Whether two shapes of values are alike; numbers within a bound, or a millionth of them."""
    if isinstance(expected, list) and len(expected) == 1 and not isinstance(found, list):
        expected = expected[0]
    if isinstance(expected, list | tuple):
        return isinstance(found, list | tuple) and len(found) == len(expected) and all(
            near(ours, theirs, within) for ours, theirs in zip(found, expected, strict=True))
    if isinstance(expected, int | float) and isinstance(found, int | float):
        return math.isclose(found, expected, rel_tol=1e-6, abs_tol=max(within, 5.1e-7))
    return bool(found == expected)


def faults(seen: Seen, table: Folder, truth: Any) -> list[str]:
    """The rows that do not hold, as sentences."""
    wrong = [f"{row.what}: {seen.found.get(row.what)!r} instead of {row.truth(truth)!r}" for row in table.rows
             if row.truth(truth) is not None and not near(seen.found.get(row.what), row.truth(truth), row.within)]
    if seen.sums[0] != seen.sums[1] or seen.counted[0] != seen.counted[1]:
        wrong.append(f"records do not add up: {seen.sums}, {seen.counted}")
    return [seen.problem] if seen.problem else wrong


# ------------------------------------------------------------------ the folders beside the checkout

Look = Callable[[str], Seen]


@pytest.fixture(scope="module")
def look(shared_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Loads a folder when it is asked for first."""
    seen: dict[str, Seen] = {}
    root = tmp_path_factory.mktemp("truth")

    def ask(name: str) -> Seen:
        if name not in seen:
            seen[name] = look_at(shared_logs / name, root / f"{name}.pilot", FOLDERS[name])
        return seen[name]

    return ask


@pytest.fixture(scope="module")
def truth(shared_logs: Path) -> dict[str, Any]:
    """What is in the folders, computed without this program."""
    found: dict[str, Any] = json.loads((shared_logs.parent / "truth.json").read_text())
    return found


@pytest.mark.parametrize(("name", "place"), [
    pytest.param(name, place, id=f"{name}: {row.what}")
    for name, table in FOLDERS.items() for place, row in enumerate(table.rows)])
def test_that_it_is_as_the_truth_says(look: Look, truth: dict[str, Any], name: str, place: int) -> None:
    row, seen = FOLDERS[name].rows[place], look(name)
    assert not seen.problem
    expected = row.truth(truth[name])
    assert near(seen.found[row.what], expected, row.within), f"{seen.found[row.what]!r} instead of {expected!r}"


@pytest.mark.parametrize("name", folders())
def test_that_columns_have_the_roles_they_should(look: Look, name: str) -> None:
    seen = look(name)
    assert not seen.problem
    expected = FOLDERS[name].roles
    if "*" in expected:
        expected = {name: expected["*"]}
    assert seen.roles == expected
    for stream, columns in FOLDERS[name].features.items():
        assert seen.features[stream] == columns


@pytest.mark.parametrize("name", folders())
def test_that_every_record_is_a_row_or_has_its_reason(look: Look, name: str) -> None:
    seen = look(name)
    assert not seen.problem
    assert seen.sums[0] == seen.sums[1] and seen.counted[0] == seen.counted[1]
    assert (seen.ignored, seen.quarantined) == (dict(FOLDERS[name].ignored), FOLDERS[name].quarantined)


def test_that_no_folder_is_missing_from_the_table(shared_logs: Path, truth: dict[str, Any]) -> None:
    assert {folder.name for folder in shared_logs.iterdir() if folder.is_dir()} == set(FOLDERS) == set(truth)


# ------------------------------------------------------------------ the same from other seeds

@pytest.fixture(scope="module")
def make_formats(shared_logs: Path) -> Iterator[ModuleType]:
    """The generator beside the checkout, with the module that it stands on."""
    place = shared_logs.parent.parent / "make_formats.py"
    if not place.exists():
        pytest.skip("make_formats.py is not on this machine")
    spec = importlib.util.spec_from_file_location("make_formats", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    with contextlib.redirect_stdout(sys.stderr):
        spec.loader.exec_module(module)
    sys.path[:] = before
    yield module
    sys.modules.pop("make_logs", None)


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("form", MADE)
def test_that_other_seeds_agree(make_formats: ModuleType, tmp_path: Path, form: str, seed: int) -> None:
    scenario = "null-burst" if seed == SEEDS[0] else "bad-canary"
    make_formats.main([form, str(tmp_path / "logs"), "--rows", "900", "--hours", "9", "--scenario", scenario,
                       "--seed", str(seed)])
    truth = json.loads((tmp_path / "logs.truth.json").read_text())
    seen = look_at(tmp_path / "logs", tmp_path / "w.pilot", MADE[form])
    assert not faults(seen, MADE[form], truth)

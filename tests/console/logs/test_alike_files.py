"""Files that are alike where copies are looked for, and yet hold rows of their own: none is taken for a copy."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from console.jobs import SilentJob
from console.logs.discover import discover
from console.logs.follow import Follower
from console.logs.identity import parquet_digest
from console.logs.load import load_folder
from console.store import Workspace
from tests.console.logs.following.world import accounts

FEATURES = 100
JOB = SilentJob()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Path, Workspace]]:
    folder = tmp_path / "logs"
    folder.mkdir()
    ws = Workspace.open(tmp_path / "w.pilot", folder=folder)
    yield folder, ws
    ws.close()


def wide(path: Path, first: int, end: int) -> None:
    """Rows of 8 kB behind a header of 8 kB, which differ in their first bytes only."""
    names = [f"feature_{'long' * 17}_{number:05d}" for number in range(FEATURES)]
    same = ",".join(["0." + "0" * 78] * FEATURES)
    lines = [f"2026-03-02T00:{number // 60:02d}:{number % 60:02d}Z,r{number:06d},{same}\n"
             for number in range(first, end)]
    path.write_text(",".join(["timestamp", "request_id", *names]) + "\n" + "".join(lines))
    os.utime(path, (1_700_000_000, 1_700_000_000))


def ids(ws: Workspace) -> Counter[str]:
    return Counter(row[0] for info in ws.streams()
                   for row in ws.cursor().execute(f"SELECT request_id FROM {info.table}").fetchall())


def numbered(*parts: range) -> Counter[str]:
    return Counter(f"r{number:06d}" for part in parts for number in part)


@pytest.mark.parametrize("how", ["in one load", "in the next load", "followed"])
def test_that_a_wide_table_that_ends_like_the_beginning_of_another_is_no_copy(
        opened: tuple[Path, Workspace], how: str) -> None:
    folder, ws = opened
    wide(folder / "app-2.csv", 0, 10)
    if how == "in one load":
        wide(folder / "app-1.csv", 100, 103)
    load_folder(discover(folder, JOB), ws, JOB)
    if how == "in the next load":
        wide(folder / "app-1.csv", 100, 103)
        load_folder(discover(folder, JOB), ws, JOB)
    if how == "followed":
        follower = Follower(folder, ws, discover(folder, JOB))
        follower.poll(JOB)
        wide(folder / "app-1.csv", 100, 103)
        for _ in range(4):
            follower.poll(JOB)
        follower.close()
    assert ids(ws) == numbered(range(10), range(100, 103))
    accounts(ws)


@pytest.mark.parametrize("how", ["in one load", "in the next load", "followed"])
def test_that_the_beginning_of_a_wide_table_is_a_copy(opened: tuple[Path, Workspace], how: str) -> None:
    folder, ws = opened
    wide(folder / "app-2.csv", 0, 10)
    if how == "in one load":
        wide(folder / "app-1.csv", 0, 3)
    load_folder(discover(folder, JOB), ws, JOB)
    if how == "in the next load":
        wide(folder / "app-1.csv", 0, 3)
        load_folder(discover(folder, JOB), ws, JOB)
    if how == "followed":
        follower = Follower(folder, ws, discover(folder, JOB))
        follower.poll(JOB)
        for end in range(3, 11):        # it is being copied
            wide(folder / "app-1.csv", 0, end)
            follower.poll(JOB)
        wide(folder / "app-1.csv", 20, 24)  # and then written anew
        for _ in range(4):
            follower.poll(JOB)
        follower.close()
    assert ids(ws) == numbered(range(10), *([range(20, 24)] if how == "followed" else []))
    accounts(ws)


def test_that_a_wide_table_that_was_written_anew_in_its_place_is_read(opened: tuple[Path, Workspace]) -> None:
    folder, ws = opened
    wide(folder / "app.csv", 0, 5)
    load_folder(discover(folder, JOB), ws, JOB)
    wide(folder / "app.csv", 100, 107)
    load_folder(discover(folder, JOB), ws, JOB)
    assert ids(ws) == numbered(range(5), range(100, 107))
    with (folder / "app.csv").open("a") as log:
        log.write((folder / "app.csv").read_text().splitlines()[-1].replace("r000106", "r000107") + "\n")
    load_folder(discover(folder, JOB), ws, JOB)
    assert ids(ws) == numbered(range(5), range(100, 108))
    accounts(ws)


def columnar(path: Path, seed: int) -> None:
    """1,000 rows of random features, of one size whatever they are; the same first column in all files."""
    numbers = np.random.default_rng(seed)
    pd.DataFrame({"row": np.arange(1000),
                  "ts": pd.date_range(f"2026-03-{seed:02d}", periods=1000, freq="s", tz="UTC"),
                  **{f"feature_{number:02d}": numbers.random(1000) for number in range(40)}}).to_parquet(
                      path, compression=None)
    os.utime(path, (1_700_000_000, 1_700_000_000))


def test_that_parquet_of_one_size_with_the_same_first_column_is_no_copy(opened: tuple[Path, Workspace]) -> None:
    folder, ws = opened
    columnar(folder / "part-1.parquet", 1)
    load_folder(discover(folder, JOB), ws, JOB)
    columnar(folder / "part-2.parquet", 2)
    assert (folder / "part-1.parquet").stat().st_size == (folder / "part-2.parquet").stat().st_size
    load_folder(discover(folder, JOB), ws, JOB)
    assert ws.totals().rows_loaded == 2000
    columnar(folder / "part-3.parquet", 1)          # this one is
    load_folder(discover(folder, JOB), ws, JOB)
    assert ws.totals().rows_loaded == 2000
    accounts(ws)


def test_that_parquet_in_a_workspace_of_old_is_known_again(opened: tuple[Path, Workspace]) -> None:
    folder, ws = opened
    columnar(folder / "part-1.parquet", 1)
    load_folder(discover(folder, JOB), ws, JOB)
    [entry] = ws.ledger()
    assert entry.prefix_digest == parquet_digest(folder / "part-1.parquet")
    with ws.writing() as w:
        w.update_file(entry.file_id, prefix_digest=entry.prefix_digest.rpartition(":")[0])
    load_folder(discover(folder, JOB), ws, JOB)
    assert ws.totals().rows_loaded == 1000
    assert len(ws.ledger()) == 1

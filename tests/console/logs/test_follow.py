"""Following a folder: what each way of growing, turning over and breaking a log must give."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from console.jobs import SilentJob
from console.logs.discover import discover
from console.logs.follow import Follower
from console.logs.load import load_folder
from console.store import Workspace

HEADER = "ts,request_id,latency_ms\n"


def line(number: int) -> str:
    return f"2026-03-02T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z,r{number},{number}.5\n"


def lines(first: int, end: int) -> str:
    return "".join(line(number) for number in range(first, end))


class Folder:
    """A folder that is followed; rows are known by their request ids."""

    def __init__(self, path: Path) -> None:
        self.path = path / "logs"
        self.path.mkdir()
        self.log = self.path / "app.csv"
        self.log.write_text(HEADER + lines(0, 20))
        self.workspace = path / "w.pilot"
        self.ws: Workspace
        self.start()

    def start(self, *, rest_s: float = 1e9) -> None:
        self.ws = Workspace.open(self.workspace, folder=self.path)
        plan = discover(self.path, SilentJob())
        load_folder(plan, self.ws, SilentJob(), live_s=1e9)
        self.follower = Follower(self.path, self.ws, plan, rest_s=rest_s)
        self.follower.poll(SilentJob())

    def stop(self) -> None:
        self.follower.close()
        self.ws.close()

    def poll(self) -> int:
        return self.follower.poll(SilentJob()).rows

    def add(self, text: str, name: str = "app.csv") -> None:
        with (self.path / name).open("a", newline="") as log:
            log.write(text)

    def ids(self) -> list[str]:
        found: list[str] = []
        for info in self.ws.streams():
            found += [row[0] for row in self.ws.cursor().execute(f"SELECT request_id FROM {info.table}").fetchall()]
        return sorted(found)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    made.stop()


def numbers(*parts: tuple[int, int]) -> list[str]:
    return sorted(f"r{number}" for first, end in parts for number in range(first, end))


def test_that_whole_lines_only_are_taken(folder: Folder) -> None:
    folder.add(lines(20, 25) + line(25)[:-4])
    assert folder.poll() == 5
    assert folder.poll() == 0
    folder.add(line(25)[-4:])
    assert folder.poll() == 1
    assert folder.ids() == numbers((0, 26))
    assert folder.ws.totals().rows_quarantined == 0


def test_that_nothing_new_commits_nothing(folder: Folder) -> None:
    before = folder.ws.generation
    folder.poll()
    assert folder.ws.generation == before


def test_that_rows_carry_the_time_they_were_read(folder: Folder) -> None:
    folder.add(lines(20, 21))
    folder.poll()
    [(arrived,)] = folder.ws.cursor().execute(
        f"SELECT epoch_us(_arrived) / 1e6 FROM {folder.ws.streams()[0].table} WHERE request_id = 'r20'").fetchall()
    assert abs(arrived - folder.log.stat().st_mtime) < 30


def test_that_a_log_turned_over_by_renaming_is_read_once_with_its_late_lines(folder: Folder) -> None:
    writer = folder.log.open("a")
    folder.add(lines(20, 22))
    folder.log.rename(folder.path / "app-1.csv")
    folder.log.write_text(HEADER + lines(30, 33))
    writer.write(lines(22, 24))
    writer.close()
    folder.poll()
    assert folder.ids() == numbers((0, 24), (30, 33))
    folder.add(lines(24, 25), "app-1.csv")
    folder.add(lines(33, 34))
    folder.poll()
    assert folder.ids() == numbers((0, 25), (30, 34))
    assert {file.path for file in folder.ws.files()} == {"app.csv", "app-1.csv"}


def test_that_a_log_turned_over_twice_between_two_looks_is_read_once(folder: Folder) -> None:
    folder.log.rename(folder.path / "app-1.csv")
    folder.log.write_text(HEADER + lines(20, 23))
    folder.log.rename(folder.path / "app-2.csv")
    folder.log.write_text(HEADER + lines(23, 24))
    folder.poll()
    assert folder.ids() == numbers((0, 24))


def test_that_a_log_turned_over_by_copying_is_read_once(folder: Folder) -> None:
    folder.add(lines(20, 22))
    shutil.copyfile(folder.log, folder.path / "app-1.csv")
    os.truncate(folder.log, 0)
    folder.poll()
    folder.add(HEADER + lines(30, 35))
    folder.poll()
    folder.poll()
    assert folder.ids() == numbers((0, 22), (30, 35))


def test_that_a_copy_beside_a_log_that_goes_on_adds_nothing(folder: Folder) -> None:
    folder.add(lines(20, 22))
    shutil.copyfile(folder.log, folder.path / "app-1.csv")
    folder.poll()
    folder.add(lines(22, 24))
    folder.poll()
    folder.poll()
    assert folder.ids() == numbers((0, 24))


def test_that_a_log_cut_short_and_grown_longer_than_before_is_new(folder: Folder) -> None:
    with folder.log.open("w") as log:
        log.write(HEADER + lines(100, 160))
    folder.poll()
    folder.poll()
    assert folder.ids() == numbers((0, 20), (100, 160))


def test_that_a_log_written_anew_with_the_same_beginning_gives_its_new_rows(folder: Folder) -> None:
    fresh = folder.path / "fresh.tmp"
    fresh.write_text(HEADER + lines(0, 25))
    fresh.replace(folder.log)
    folder.poll()
    assert folder.ids() == numbers((0, 25))


def test_that_a_hole_of_nuls_after_a_truncation_is_no_row(folder: Folder) -> None:
    with folder.log.open("r+b") as log:
        log.truncate(0)
        log.seek(700)
        log.write((line(50) + line(51)).encode())
    folder.poll()
    folder.poll()
    assert folder.ids() == numbers((0, 20), (50, 52))


def test_that_a_compressed_rotation_is_read_once(folder: Folder) -> None:
    folder.add(lines(20, 22))
    packed = gzip.compress(folder.log.read_bytes())
    folder.log.unlink()
    (folder.path / "app-1.csv.gz").write_bytes(packed)
    folder.log.write_text(HEADER + lines(22, 23))
    folder.poll()
    folder.poll()
    assert folder.ids() == numbers((0, 23))


def test_that_the_unread_end_of_a_removed_file_is_read(folder: Folder) -> None:
    folder.add(lines(20, 21))
    folder.poll()
    folder.add(lines(21, 24))
    folder.log.unlink()
    folder.poll()
    assert folder.ids() == numbers((0, 24))


def test_that_new_files_and_folders_are_found_and_files_under_way_are_not(folder: Folder) -> None:
    sub = folder.path / "host-b"
    sub.mkdir()
    (sub / "app.csv").write_text(HEADER + lines(40, 42))
    (folder.path / ".app.csv.swp").write_text(HEADER + lines(60, 62))
    (folder.path / "app-2.csv.part").write_text(HEADER + lines(60, 62))
    (folder.path / "empty.csv").write_text("")
    folder.poll()
    assert folder.ids() == numbers((0, 20), (40, 42))
    folder.add(HEADER + lines(70, 71), "empty.csv")
    folder.poll()
    assert folder.ids() == numbers((0, 20), (40, 42), (70, 71))


def test_that_a_parquet_part_renamed_into_place_is_loaded(tmp_path: Path) -> None:
    def part(path: Path, first: int, end: int) -> None:
        pd.DataFrame({"ts": pd.date_range("2026-03-02", periods=end - first, freq="s", tz="UTC"), "latency_ms": 1.0,
                      "request_id": [f"r{i}" for i in range(first, end)]}).to_parquet(path)

    folder = Folder(tmp_path)
    folder.log.unlink()
    part(folder.path / "p-1.parquet", 100, 110)
    folder.poll()
    part(folder.path / ".p-2.tmp", 110, 120)
    (folder.path / ".p-2.tmp").rename(folder.path / "p-2.parquet")
    whole = (folder.path / "p-1.parquet").read_bytes()
    (folder.path / "p-3.parquet").write_bytes(whole[: len(whole) // 2])
    folder.poll()
    folder.poll()
    assert folder.ids() == numbers((0, 20), (100, 120))
    folder.stop()


def test_that_a_key_that_comes_while_following_is_kept(folder: Folder) -> None:
    def row(number: int, **more: object) -> str:
        stamp = f"2026-03-02T00:00:{number:02d}Z"
        return json.dumps({"ts": stamp, "request_id": f"j{number}", "latency_ms": 1, **more}) + "\n"

    folder.add("".join(row(number) for number in range(10)), "web.jsonl")
    folder.poll()
    folder.add(row(10, depth=4.5) + "{torn\n" + row(11), "web.jsonl")
    folder.poll()
    table = next(info.table for info in folder.ws.streams() if info.format == "jsonl")
    assert folder.ws.cursor().execute(f"SELECT depth FROM {table} WHERE request_id = 'j10'").fetchall() == [(4.5,)]
    assert len(folder.ids()) == 32
    [torn] = folder.ws.quarantine(10)
    assert (torn.path, torn.line, torn.reason, torn.raw) == ("web.jsonl", 12, "not valid JSON", "{torn")


def test_that_a_restart_goes_on_where_it_was(folder: Folder) -> None:
    folder.add(lines(20, 22))
    folder.poll()
    folder.stop()
    folder.add(lines(22, 25))
    folder.log.rename(folder.path / "app-1.csv")
    folder.log.write_text(HEADER + lines(25, 26))
    folder.start()
    assert folder.ids() == numbers((0, 26))


def test_that_a_last_line_without_its_end_counts_once_the_file_is_at_rest(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.stop()
    folder.start(rest_s=-1.0)
    folder.add(line(20).rstrip("\n"))
    folder.poll()
    folder.poll()
    assert folder.ids() == numbers((0, 21))
    folder.add("\n" + line(21))
    folder.poll()
    assert folder.ids() == numbers((0, 22))
    assert folder.ws.totals().rows_quarantined == 0
    folder.stop()


def test_that_two_names_of_one_file_are_one_file(folder: Folder) -> None:
    (folder.path / "alias.csv").symlink_to(folder.log)
    os.link(folder.log, folder.path / "hard.csv")
    folder.add(lines(20, 22))
    folder.poll()
    folder.poll()
    assert folder.ids() == numbers((0, 22))


@pytest.mark.parametrize("left", ["", "not a table\n", "ts,requ"])
def test_that_a_name_refused_for_now_does_not_forget_the_file_that_had_it(folder: Folder, left: str) -> None:
    folder.stop()
    folder.log.rename(folder.path / "app-1.csv")
    folder.log.write_text(left)
    folder.start()
    assert folder.ids() == numbers((0, 20))
    folder.log.write_text(HEADER + lines(20, 22))
    folder.add(lines(22, 23), "app-1.csv")
    folder.poll()
    folder.poll()
    assert folder.ids() == numbers((0, 23))
    folder.stop()
    folder.start()
    assert folder.ids() == numbers((0, 23))

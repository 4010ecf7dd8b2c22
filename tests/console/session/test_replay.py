"""Quarantined records are read again after a correction: exactly once, and the sums hold before and after."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from console.jobs import JobStopped, SilentJob
from console.logs import raw
from console.logs import replay as replaying
from console.logs.opened import open_bytes
from console.logs.plan import Compression
from console.roles import Role, StreamKind
from console.session import Session
from tests.tiers import once

ROWS = 300
DAY = "2026-03-02T"
JOB = SilentJob()

Open = Callable[[Path], Session]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    sessions: list[Session] = []

    def open_it(folder: Path) -> Session:
        session = Session.open(folder, workspace=tmp_path / "w.duckdb")
        sessions.append(session)
        session.load(JOB)
        return session

    yield open_it
    for session in sessions:
        session.close()


def two_clocks(rows: int = ROWS, broken: int = 20) -> list[str]:
    """A log whose `ts` is broken in every `broken`-th row, while `logged_at` is right everywhere."""
    lines = ["ts,logged_at,latency_ms,note"]
    for number in range(rows):
        at = f"{DAY}{number // 60:02d}:{number % 60:02d}:00Z"
        lines.append(f"{'soon' if number % broken == 0 else at},{at},{number},\"a, \"\"b\"\" {number}\"")
    return lines


def folder_with(tmp_path: Path, lines: list[str], name: str = "requests.csv") -> Path:
    folder = tmp_path / "logs"
    folder.mkdir(exist_ok=True)
    data = ("\n".join(lines) + "\n").encode()
    (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def sums(session: Session) -> tuple[int, int, int]:
    """(read, rows, quarantined); the tables must say the same as the ledger, in all and file by file."""
    totals = session.store.totals()
    assert totals.rows_read == totals.rows_loaded + totals.rows_quarantined + totals.rows_ignored
    counted = session.store.execute_readonly("SELECT count(*) FROM quarantine")[0][0]
    assert counted == totals.rows_quarantined == sum(count for _, count in session.store.quarantine_reasons())
    assert sum(stream.rows for stream in session.store.streams()) == totals.rows_loaded
    twice = session.store.execute_readonly("SELECT count(*) - count(DISTINCT (_file, _record)) FROM raw_1")
    assert twice == [(0,)]
    for file in session.store.files():
        assert file.records == file.rows_loaded + file.rows_quarantined + file.rows_ignored
    return totals.rows_read, totals.rows_loaded, totals.rows_quarantined


def correct_time(session: Session) -> None:
    session.set_columns("requests", {"ts": (None, ""), "logged_at": (Role.TIMESTAMP, "")}, None, JOB)


@pytest.mark.parametrize("name", ["requests.csv", "requests.csv.gz"])
def test_that_rows_without_a_time_are_read_after_the_right_column_is_chosen(tmp_path: Path, opened: Open,
                                                                            name: str) -> None:
    session = opened(folder_with(tmp_path, two_clocks(), name))
    read, _, quarantined = sums(session)
    assert read == ROWS
    assert quarantined == ROWS // 20, "every twentieth has no usable time"
    correct_time(session)
    report = session.replay_quarantine(JOB)
    assert (report.rows, report.left) == (quarantined, 0)
    assert sums(session) == (ROWS, ROWS, 0)
    latencies = session.store.execute_readonly("SELECT sum(latency_ms), count(DISTINCT note), max(_record) FROM raw_1")
    assert latencies == [(sum(range(ROWS)), ROWS, ROWS - 1)]
    board = session.board()
    assert board is not None
    [throughput] = [chart for chart in board.charts if chart.metric == "throughput"]
    assert throughput.series[0].n.sum() == ROWS, "charts count them"


def test_that_a_second_replay_changes_nothing(tmp_path: Path, opened: Open) -> None:
    session = opened(folder_with(tmp_path, two_clocks()))
    correct_time(session)
    session.replay_quarantine(JOB)
    before = session.store.execute_readonly("SELECT * FROM raw_1 ORDER BY _record")
    again = session.replay_quarantine(JOB)
    assert (again.rows, again.left) == (0, 0)
    assert session.store.execute_readonly("SELECT * FROM raw_1 ORDER BY _record") == before
    assert sums(session) == (ROWS, ROWS, 0)


def test_that_what_still_does_not_fit_stays_with_its_reason(tmp_path: Path, opened: Open) -> None:
    lines = two_clocks()
    lines[1] = "soon,later,0,still no time"
    lines[5:5] = ["only,three,fields", 'torn,"quote,1,x']
    session = opened(folder_with(tmp_path, lines))
    assert sums(session) == (ROWS + 2, ROWS - ROWS // 20, ROWS // 20 + 2)
    assert dict(session.store.quarantine_reasons())["3 fields, 4 expected"] == 1
    correct_time(session)
    report = session.replay_quarantine(JOB)
    assert (report.rows, report.left) == (ROWS // 20 - 1, 2)
    assert sums(session) == (ROWS + 2, ROWS - 1, 3)
    assert dict(session.store.quarantine_reasons()) == {
        "the time could not be read": 1, "3 fields, 4 expected": 1, "a quote is never closed": 1}
    [row] = session.quarantine(10, reason="3 fields, 4 expected")
    assert (row.path, row.line, row.raw, row.record) == ("requests.csv", 6, "only,three,fields", 4)


def test_that_undoing_the_correction_puts_the_healed_records_back(tmp_path: Path, opened: Open) -> None:
    session = opened(folder_with(tmp_path, two_clocks()))
    before = (sums(session), session.store.quarantine(100), session.store.streams()[0].columns)
    correct_time(session)
    session.replay_quarantine(JOB)
    session.undo_columns(JOB)
    assert (sums(session), session.store.quarantine(100), session.store.streams()[0].columns) == before
    session.redo_columns(JOB)
    assert sums(session) == (ROWS, ROWS - ROWS // 20, ROWS // 20), "made again, but not replayed by itself"
    assert session.replay_quarantine(JOB).rows == ROWS // 20
    assert sums(session) == (ROWS, ROWS, 0)


def test_that_long_records_are_read_whole_from_their_file(tmp_path: Path, opened: Open) -> None:
    lines = two_clocks(60)
    lines[21] = f"soon,{DAY}00:20:00Z,20,{'x' * 9000}"
    session = opened(folder_with(tmp_path, lines))
    [cut] = [row for row in session.quarantine(10) if row.record == 20]
    assert len(cut.raw) <= 4000 and session.raw_record(cut) == lines[21]
    correct_time(session)
    assert session.replay_quarantine(JOB).rows == 3
    assert session.store.execute_readonly("SELECT length(note) FROM raw_1 WHERE _record = 20") == [(9000,)]


def test_that_a_long_record_waits_while_its_file_is_gone(tmp_path: Path, opened: Open) -> None:
    lines = two_clocks(60)
    lines[21] = f"soon,{DAY}00:20:00Z,20,{'x' * 9000}"
    folder = folder_with(tmp_path, lines)
    session = opened(folder)
    correct_time(session)
    data = (folder / "requests.csv").read_bytes()
    (folder / "requests.csv").write_bytes(b"")
    [cut] = [row for row in session.quarantine(10) if row.record == 20]
    assert session.raw_record(cut) == cut.raw
    report = session.replay_quarantine(JOB)
    assert (report.rows, report.left) == (2, 1), "the short ones are whole in the quarantine"
    (folder / "requests.csv").write_bytes(data)
    assert session.replay_quarantine(JOB).rows == 1
    assert sums(session) == (60, 60, 0)


def test_that_json_lines_and_parquet_are_replayed_too(tmp_path: Path, opened: Open) -> None:
    folder = tmp_path / "logs"
    (folder / "b").mkdir(parents=True)
    lines = [f'{{"ts": "{"soon" if n % 20 == 0 else f"{DAY}00:{n:02d}:00Z"}", "logged_at": "{DAY}00:{n:02d}:00Z", '
             f'"latency_ms": {n}, "request_id": "a{n}"}}' for n in range(60)]
    (folder / "requests.jsonl").write_text("\n".join(lines) + "\n")
    table = pa.table({"ts": ["soon" if n % 20 == 0 else f"{DAY}01:{n:02d}:00Z" for n in range(60)],
                      "logged_at": [f"{DAY}01:{n:02d}:00Z" for n in range(60)],
                      "latency_ms": [float(n) for n in range(60)], "request_id": [f"b{n}" for n in range(60)]})
    pq.write_table(table, folder / "b" / "scores.parquet")
    session = opened(folder)
    names = [stream.name for stream in session.store.streams()]
    assert session.store.totals().rows_quarantined == 6
    for name in names:
        session.set_columns(name, {"ts": (None, ""), "logged_at": (Role.TIMESTAMP, "")}, None, JOB)
    assert session.replay_quarantine(JOB, names[0]).rows == 3, "one stream only"
    assert session.replay_quarantine(JOB).rows == 3
    totals = session.store.totals()
    assert (totals.rows_loaded, totals.rows_quarantined, totals.events) == (120, 0, 120)


def test_that_a_growing_file_goes_on_after_a_replay(tmp_path: Path, opened: Open) -> None:
    folder = folder_with(tmp_path, two_clocks())
    session = opened(folder)
    correct_time(session)
    session.replay_quarantine(JOB)
    with (folder / "requests.csv").open("a") as file:
        file.write(f"soon,{DAY}08:00:00Z,7,later\n{DAY}08:01:00Z,{DAY}08:01:00Z,8,later\n")
    while session.poll(JOB):
        pass
    assert sums(session) == (ROWS + 2, ROWS + 2, 0)


def test_that_a_stopped_replay_keeps_what_it_has_and_goes_on(tmp_path: Path, opened: Open,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "BATCH", 4)
    session = opened(folder_with(tmp_path, two_clocks()))
    correct_time(session)

    class Impatient(SilentJob):
        asked = 0

        def stop_if_asked(self) -> None:
            self.asked += 1
            if session.store.totals().rows_quarantined < ROWS // 20:
                raise JobStopped

    with pytest.raises(JobStopped):
        session.replay_quarantine(Impatient())
    assert sums(session) == (ROWS, ROWS - ROWS // 20 + 4, ROWS // 20 - 4)
    assert session.replay_quarantine(JOB).rows == ROWS // 20 - 4
    assert sums(session) == (ROWS, ROWS, 0)


KILLED = """
import os, sys
from pathlib import Path
from console.jobs import SilentJob
from console.logs import replay
from console.session import Session
from console.store import quarantine

replay.BATCH = 4
left = [int(sys.argv[3])]
heal = quarantine.heal

def dies(con, file_id, records):
    found = heal(con, file_id, records)
    left[0] -= 1
    if left[0] == 0:
        os._exit(9)         # rows are in, quarantine is out, nothing is committed
    return found

quarantine.heal = dies
session = Session.open(Path(sys.argv[1]), workspace=Path(sys.argv[2]))
session.load(SilentJob())
session.replay_quarantine(SilentJob())
"""


@pytest.mark.parametrize("batch", once(2, 1, 4))
def test_that_a_kill_in_the_midst_loses_and_doubles_nothing(tmp_path: Path, opened: Open, batch: int) -> None:
    folder = folder_with(tmp_path, two_clocks())
    session = opened(folder)
    correct_time(session)
    session.close()
    ended = subprocess.run([sys.executable, "-c", KILLED, str(folder), str(tmp_path / "w.duckdb"), str(batch)],
                           env={**os.environ, "PILOTHOUSE_HOME": str(tmp_path / "home")}, timeout=60, check=False)
    assert ended.returncode == 9
    again = opened(folder)
    healed = 4 * (batch - 1)
    assert sums(again) == (ROWS, ROWS - ROWS // 20 + healed, ROWS // 20 - healed)
    assert again.replay_quarantine(JOB).rows == ROWS // 20 - healed
    assert sums(again) == (ROWS, ROWS, 0)


def test_that_pages_and_filters_of_the_quarantine_agree(tmp_path: Path, opened: Open) -> None:
    folder = folder_with(tmp_path, two_clocks())
    lines = two_clocks()
    lines[3] = "a,b"
    folder_with(tmp_path, lines, "requests-2.csv")
    session = opened(folder)
    reasons: dict[str, Any] = dict(session.store.quarantine_reasons())
    assert reasons == {"the time could not be read": 30, "2 fields, 4 expected": 1}
    pages = [row for at in range(0, 40, 7) for row in session.quarantine(7, at)]
    assert pages == list(session.quarantine(100)) and len(pages) == 31
    assert len(session.quarantine(100, reason="2 fields, 4 expected")) == 1
    assert len(session.quarantine(100, file="requests.csv")) == 15
    assert session.quarantine(100, reason="2 fields, 4 expected", file="requests.csv") == ()
    assert dict(session.store.quarantine_reasons("requests-2.csv")) == reasons | {"the time could not be read": 15}


def test_that_requests_without_a_time_get_one(tmp_path: Path, opened: Open) -> None:
    """Whether such a folder is refused or counted without a place in time: one correction puts it on the axis."""
    folder = folder_with(tmp_path, ["moment;latency_ms".replace(";", ",")] + [
        f"{1_772_409_600 + 60 * n},{n}" for n in range(50)])
    session = Session.open(folder, workspace=tmp_path / "own.duckdb")
    try:
        try:
            session.load(JOB)
        except Exception as error:
            assert "time" in str(error)
        [stream] = session.sources().streams
        assert not stream.placed or stream.kind is StreamKind.UNTIMED
        if session.set_columns(stream.name, {"moment": (Role.TIMESTAMP, "")}, None, JOB):
            session.load(JOB)
        [stream] = session.sources().streams
        assert (stream.kind, stream.rows, stream.placed) == (StreamKind.REQUESTS, 50, True)
        assert stream.first is not None and stream.first.isoformat() == "2026-03-02T00:00:00+00:00"
    finally:
        session.close()


def test_that_long_records_of_an_archive_are_read_again_in_one_go(
        tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "PART_BYTES", 50_000)
    lines = two_clocks()
    lines[101:] = [line.replace("a, ", "a\n," + "x" * 9000) for line in lines[101:]]
    session = opened(folder_with(tmp_path, lines, "requests.csv.gz"))
    assert sums(session) == (ROWS, ROWS - ROWS // 20, ROWS // 20)
    opens: list[Path] = []

    def counted(path: Path, compression: Compression) -> BinaryIO:
        opens.append(path)
        return open_bytes(path, compression)

    monkeypatch.setattr(raw, "open_bytes", counted)
    correct_time(session)
    assert session.replay_quarantine(JOB).rows == ROWS // 20
    assert len(opens) == 1
    assert sums(session) == (ROWS, ROWS, 0)
    [(short,)] = session.store.execute_readonly("SELECT min(length(note)) FROM raw_1 WHERE latency_ms >= 100")
    assert short > 9000

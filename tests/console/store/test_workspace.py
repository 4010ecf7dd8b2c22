"""The file: who owns it, which version it has, and what a correction does to it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from console.errors import BadSettings, CannotWrite, WorkspaceBusy, WorkspaceTooNew
from console.logs.plan import TimeFormat
from console.roles import Role, StreamKind
from console.store import Workspace, quoted, sql, workspace
from console.store.incidents import Kept
from tests.console.store.made import NUMBER, REQUESTS, TEXT, TIME, column, log, put, stream, texts, whole, window

pytestmark = pytest.mark.usefixtures("made_anew")

HOLD = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A workspace that another process has open."""
    path = tmp_path / "w.duckdb"
    Workspace.open(path, folder=None).close()
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        yield path, other.pid
        other.communicate("")


def test_that_a_second_process_is_told_who_has_the_workspace(held: tuple[Path, int]) -> None:
    path, pid = held
    with pytest.raises(WorkspaceBusy, match=str(pid)) as busy:
        Workspace.open(path, folder=None)
    assert "--fresh" in str(busy.value)


def test_that_fresh_goes_beside_a_workspace_that_is_in_use(held: tuple[Path, int]) -> None:
    path, _ = held
    before = path.stat().st_size
    ws = Workspace.open(path, folder=None, fresh=True)
    assert ws.path != path
    assert ws.path.parent == path.parent
    put(ws, REQUESTS, texts(log(10)))
    ws.close()
    assert path.stat().st_size == before


def test_that_the_same_process_does_not_open_it_twice(ws: Workspace) -> None:
    with pytest.raises(WorkspaceBusy):
        Workspace.open(ws.path, folder=None)


def test_that_it_can_be_opened_again_after_closing(tmp_path: Path) -> None:
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    put(ws, REQUESTS, texts(log(100)))
    ws.set_notes(["one thing", "another"])
    ws.refresh()
    before = ws.streams()
    ws.close()
    ws.close()
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    assert [stream.columns for stream in ws.streams()] == [stream.columns for stream in before]
    assert (ws.streams()[0].rows, ws.streams()[0].first) == (100, before[0].first)
    assert ws.notes() == ("one thing", "another")
    assert not ws.refresh()
    ws.close()


def test_that_fresh_begins_anew(tmp_path: Path) -> None:
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    put(ws, REQUESTS, texts(log(10)))
    ws.close()
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None, fresh=True)
    assert ws.path == (tmp_path / "w.duckdb").resolve()
    assert ws.streams() == ()
    ws.close()


def test_that_a_newer_workspace_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    ws = Workspace.open(path, folder=None)
    with ws.writing() as w:
        w.connection.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
    ws.close()
    with pytest.raises(WorkspaceTooNew, match="999"):
        Workspace.open(path, folder=None)
    Workspace.open(path, folder=None, fresh=True).close()


def test_that_an_older_workspace_without_a_way_up_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    ws = Workspace.open(path, folder=None)
    with ws.writing() as w:
        w.connection.execute("UPDATE meta SET value = '0' WHERE key = 'schema_version'")
    ws.close()
    with pytest.raises(CannotWrite, match="--fresh"):
        Workspace.open(path, folder=None)


@pytest.mark.parametrize("fresh", [False, True])
def test_that_a_file_that_is_no_workspace_is_never_touched(tmp_path: Path, fresh: bool) -> None:
    text, database = tmp_path / "notes.txt", tmp_path / "mine.duckdb"
    text.write_text("my notes " * 1000)
    con = duckdb.connect(str(database))
    con.execute("CREATE TABLE mine AS SELECT 42 AS answer")
    con.close()
    for path in (text, database):
        before = path.read_bytes()
        with pytest.raises(CannotWrite):
            Workspace.open(path, folder=None, fresh=fresh)
        assert path.read_bytes() == before


def test_that_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "w.duckdb", tmp_path):
        with pytest.raises(CannotWrite):
            Workspace.open(path, folder=None)


def test_that_a_workspace_belongs_to_one_folder(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    path = tmp_path / "w.duckdb"
    Workspace.open(path, folder=tmp_path / "a").close()
    Workspace.open(path, folder=tmp_path / "a").close()
    ws = Workspace.open(path, folder=None)
    assert ws.folder == (tmp_path / "a").resolve()
    ws.close()
    with pytest.raises(BadSettings, match="--workspace"):
        Workspace.open(path, folder=tmp_path / "b")
    (tmp_path / "a").rename(tmp_path / "moved")
    Workspace.open(path, folder=tmp_path / "moved").close()


def test_that_a_readonly_query_cannot_write(ws: Workspace) -> None:
    with pytest.raises(duckdb.Error):
        ws.execute_readonly("DELETE FROM files")
    assert ws.execute_readonly("SELECT ?::INTEGER + 1", [1]) == [(2,)]


def test_that_readers_see_what_is_committed_and_nothing_else(ws: Workspace) -> None:
    put(ws, REQUESTS, texts(log(20)))
    seen: list[int] = []

    def read() -> None:
        seen.append(ws.cursor().execute("SELECT count(*) FROM raw_1").fetchall()[0][0])

    with ws.writing() as w:
        w.connection.execute("INSERT INTO raw_1 SELECT * FROM raw_1")
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
    read()
    assert seen == [20, 40]


def kept(name: str, text: str) -> Kept:
    return Kept(name, "Slow", "open", "high", 0, 60_000_000, text)


def test_that_incidents_are_kept_by_id_and_all_that_was_done_to_them_too(ws: Workspace) -> None:
    ws.save_incident(kept("one", '{"a": 1}'), "create")
    ws.save_incident(kept("two", '{"b": 2}'), "create")
    ws.save_incident(kept("one", '{"a": 3}'), "edit")
    assert ws.incidents() == ['{"a": 3}', '{"b": 2}'] and ws.incident("one") == '{"a": 3}'
    ws.delete_incident("one")
    ws.delete_incident("never")
    assert ws.incidents() == ['{"b": 2}'] and ws.incident("one") is None
    assert [(edit.did, edit.incident) for edit in ws.incident_edits("one")] == [
        ("create", '{"a": 1}'), ("edit", '{"a": 3}'), ("delete", None)]
    assert ws.last_deleted_incident() == "one"
    assert ws.execute_readonly("SELECT title, status, severity, last_ts - first_ts FROM incidents") == [
        ("Slow", "open", "high", timedelta(minutes=1))]


def test_that_a_query_is_found_by_its_name_and_a_name_is_quoted() -> None:
    assert "CREATE TABLE files" in sql("store/schema")
    assert quoted('a"b') == '"a""b"'


# ---- corrections ---------------------------------------------------------------------------------------------

def test_that_another_role_changes_numbers_and_no_row(ws: Workspace) -> None:
    info, _ = put(ws, REQUESTS, texts(log(200)))
    ws.refresh()
    rows = ws.execute_readonly("SELECT id, latency, age FROM raw_1 ORDER BY _record")
    ws.set_columns(info.stream_id, {"latency": column("latency", NUMBER, Role.FEATURE, chosen=True),
                                    "age": column("age", NUMBER, Role.LATENCY, unit="s", chosen=True)})
    ws.refresh()
    assert ws.execute_readonly("SELECT id, latency, age FROM raw_1 ORDER BY _record") == rows
    stream_now = ws.streams()[0]
    latency = stream_now.column(Role.LATENCY)
    assert latency is not None
    assert (latency.stored, latency.scale, latency.chosen) == ("age", 1000.0, True)
    filled = [age for _, _, age in rows if age is not None]
    (found,) = ws.moments(info.stream_id, ["age"], whole(ws), 3600)
    assert found.columns["age"].sum.sum() == pytest.approx(sum(filled) * 1000, rel=1e-9)
    assert ws.execute_readonly("SELECT count(latency_ms) FROM events") == [(len(filled),)]


def test_that_a_unit_is_corrected_without_making_rollups_again(ws: Workspace) -> None:
    info, _ = put(ws, REQUESTS, texts(log(50)))
    ws.refresh()
    before = ws.moments(info.stream_id, ["latency"], whole(ws), 3600)[0].columns["latency"].sum.sum()
    ws.set_columns(info.stream_id, {"latency": column("latency", NUMBER, Role.LATENCY, unit="s", chosen=True)})
    assert not ws.refresh()
    after = ws.moments(info.stream_id, ["latency"], whole(ws), 3600)[0].columns["latency"].sum.sum()
    assert after == pytest.approx(before * 1000)


def test_that_another_zone_moves_naive_times_and_no_others(ws: Workspace) -> None:
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP), column("told", TIME, Role.OUTCOME_TIME))
    info, _ = put(ws, plan, {"ts": ["2026-07-01 12:00:00"], "told": ["2026-07-01T12:00:00Z"]})
    ws.refresh()
    assert [(one.stored, one.naive) for one in ws.streams()[0].columns] == [("ts", True), ("told", False)]
    for zone, hour in (("Europe/Berlin", 10), ("Asia/Kolkata", 6), ("UTC", 12)):
        ws.set_columns(info.stream_id, {}, zone=zone)
        ws.refresh()
        span = ws.span()
        assert span is not None
        assert span.start.hour == hour
        assert ws.moments(info.stream_id, [], span, 60)[0].rows.sum() == 1
        assert ws.execute_readonly("SELECT hour(_arrived) FROM raw_1") == [(12,)]
    assert ws.streams()[0].zone == "UTC"
    assert not ws.streams()[0].zone_assumed


def test_that_times_without_a_zone_are_of_the_zone_of_their_stream(ws: Workspace) -> None:
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP), zone="Europe/Berlin")
    put(ws, plan, {"ts": ["2026-07-01 12:00:00", "2026-07-01T12:00:00Z", "2026-07-01 12:00:00,5"]})
    rows = ws.execute_readonly("SELECT strftime(_ts, '%H:%M:%S') FROM raw_1 ORDER BY _record")
    assert rows == [("10:00:00",), ("12:00:00",), ("10:00:00",)]
    assert ws.span() == window("2026-07-01T10:00:00", "2026-07-01T12:00:00.000001")


def test_that_a_number_becomes_the_time_when_the_user_says_so(ws: Workspace) -> None:
    plan = stream("s", column("ts", TIME, Role.TIMESTAMP), column("millis", NUMBER), column("text", TEXT))
    info, _ = put(ws, plan, {"ts": ["2026-03-02T00:00:00Z"], "millis": ["1772445600500"],
                             "text": ["2026-03-05T01:00:00+01:00"]})
    ws.refresh()
    nothing = column("ts", TIME, None, chosen=True)
    ws.set_columns(info.stream_id, {"ts": nothing, "millis": column("millis", NUMBER, Role.TIMESTAMP,
                                                                    form=TimeFormat.EPOCH_MS, chosen=True)})
    ws.refresh()
    assert ws.span() == window("2026-03-02T10:00:00.5", "2026-03-02T10:00:00.500001")
    ws.set_columns(info.stream_id, {"millis": column("millis", NUMBER, None, chosen=True),
                                    "text": column("text", TEXT, Role.TIMESTAMP, form=TimeFormat.ISO, chosen=True)})
    ws.refresh()
    assert ws.span() == window("2026-03-05T00:00:00", "2026-03-05T00:00:00.000001")


def test_that_a_guess_does_not_undo_what_the_user_chose(ws: Workspace) -> None:
    info = ws.ensure_stream(REQUESTS)
    ws.set_columns(info.stream_id, {"age": column("age", NUMBER, Role.SCORE, chosen=True)})
    again = ws.ensure_stream(stream("requests", *REQUESTS.columns, column("late", NUMBER, Role.FEATURE)))
    assert again.column(Role.SCORE) is not None
    assert [one.stored for one in again.columns][-1] == "late"
    assert again.columns[-1].rolled


def test_that_a_column_that_comes_late_is_missing_before(ws: Workspace) -> None:
    put(ws, REQUESTS, {"ts": ["2026-03-02T00:00:00Z"] * 3})
    ws.refresh()
    wider = stream("requests", *REQUESTS.columns, column("late", NUMBER, Role.FEATURE))
    info, _ = put(ws, wider, {"ts": ["2026-03-02T00:00:01Z", "2026-03-02T00:10:00Z"], "late": ["4", "5"]}, first=3)
    ws.refresh()
    for bucket_s in (1, 10, 3600):
        cells = ws.moments(info.stream_id, ["late"], whole(ws), bucket_s)[0].columns["late"]
        assert (cells.n.sum(), cells.n_missing.sum(), cells.sum.sum()) == (2, 3, 9)


def test_that_a_reference_counts_for_the_span_only_where_it_overlaps(ws: Workspace) -> None:
    plan = stream("ref", column("ts", TIME, Role.TIMESTAMP), kind=StreamKind.REFERENCE)
    put(ws, REQUESTS, {"ts": ["2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"]})
    put(ws, plan, {"ts": ["2025-01-01", "2025-02-01"]}, path="r")
    assert ws.span() == window("2026-03-02", "2026-03-03T00:00:00.000001")
    put(ws, plan, {"ts": ["2026-03-02T12:00:00"]}, path="r", first=2)
    assert ws.span() == window("2025-01-01", "2026-03-03T00:00:00.000001")


def test_that_threads_that_have_ended_leave_their_connection_to_others(tmp_path: Path) -> None:
    with_it = Workspace.open(tmp_path / "w.duckdb", folder=None)
    met: list[duckdb.DuckDBPyConnection] = []

    def read() -> None:
        cursor = with_it.cursor()
        assert cursor is with_it.cursor()
        assert cursor.execute("SELECT count(*) FROM files").fetchall() == [(0,)]
        met.append(cursor)

    for _ in range(30):
        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(met) == 60
    assert len({id(cursor) for cursor in met}) <= 2
    mine = with_it.cursor()
    other = threading.Thread(target=read)
    other.start()
    other.join()
    assert met[-1] is not mine
    with_it.close()


def test_that_a_log_that_is_followed_for_long_does_not_stay_in_memory(tmp_path: Path, ws: Workspace,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    def in_memory() -> int:
        [(found,)] = ws.execute_readonly("SELECT sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag IN "
                                         "('BASE_TABLE', 'IN_MEMORY_TABLE')")
        return int(found)

    monkeypatch.setattr(workspace, "LIVE_LOG_BYTES", 1 << 20)
    monkeypatch.setattr(workspace, "HELD_BYTES", 1 << 20)
    limit = ws.execute_readonly("SELECT current_setting('memory_limit')")
    frame = log(40_000)
    put(ws, REQUESTS, texts(frame))
    before, numbers = in_memory(), ws.execute_readonly("SELECT count(*), sum(latency) FROM raw_1")
    ws.keep_small()
    assert in_memory() < min(before, 2 << 20)
    assert not Path(f"{ws.path}.wal").exists() or Path(f"{ws.path}.wal").stat().st_size < 1 << 20
    assert ws.execute_readonly("SELECT current_setting('memory_limit')") == limit
    assert ws.execute_readonly("SELECT count(*), sum(latency) FROM raw_1") == numbers

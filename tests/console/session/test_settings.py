"""Corrections of a folder: kept in its file or in the workspace, heeded by what is there and what comes, taken back."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.errors import BadSettings, CannotWrite
from console.jobs import JobStopped, SilentJob
from console.logs import config
from console.roles import ColumnType, Role
from console.session import Session
from console.window import Window

JOB = SilentJob()


def text(day: int, rows: int = 40, *, header: str = "ts,version,took\n", time: str = "T00:{:02d}:00Z") -> str:
    return header + "".join(f"2026-03-{day:02d}{time.format(n)},m{day},{n}\n" for n in range(rows))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Requests in two folders named after the version, without a header of their own in one more."""
    for day, version in ((2, "v1"), (3, "v2")):
        (tmp_path / "logs" / version).mkdir(parents=True)
        (tmp_path / "logs" / version / "requests.csv").write_text(text(day))
    return tmp_path / "logs"


@pytest.fixture
def session(folder: Path, tmp_path: Path) -> Iterator[Session]:
    opened = Session.open(folder, workspace=tmp_path / "w.duckdb")
    opened.load(JOB)
    yield opened
    opened.close()


def roles(session: Session) -> dict[str, str]:
    return {column.name: column.role.value for stream in session.store.streams() for column in stream.columns
            if column.role is not None}


def rows_by(session: Session, stored: str) -> dict[str | None, int]:
    return dict(session.store.execute_readonly(f'SELECT "{stored}", count(*) FROM raw_1 GROUP BY 1'))


def throughput(session: Session) -> int:
    board = session.board()
    assert board is not None
    [chart] = [chart for chart in board.charts if chart.metric == "throughput"]
    return int(sum(series.n.sum() for series in chart.series))


def test_that_a_role_is_taken_from_the_path_of_files_loaded_and_to_come(session: Session, folder: Path,
                                                                         tmp_path: Path) -> None:
    [stream] = session.store.streams()
    before = roles(session)
    session.from_path(stream.name, Role.MODEL_VERSION, "regex:^(v\\d+)/", JOB)
    assert roles(session)["model_version (path)"] == "model_version"
    assert rows_by(session, "model_version (path)") == {"v1": 40, "v2": 40}
    assert throughput(session) == 80
    (folder / "v2" / "requests-2026-03-04.csv").write_text(text(4))
    while session.poll(JOB):
        pass
    assert rows_by(session, "model_version (path)") == {"v1": 40, "v2": 80}
    session.close()
    again = Session.open(folder, workspace=tmp_path / "w.duckdb")
    (folder / "v1" / "requests-2026-03-05.csv").write_text(text(5))
    again.load(JOB)
    assert rows_by(again, "model_version (path)") == {"v1": 80, "v2": 80}
    assert [len(one.columns) for one in again.store.streams()] == [len(stream.columns) + 1]
    again.from_path(stream.name, Role.MODEL_VERSION, "", JOB)
    assert "model_version (path)" not in roles(again)
    again.undo_columns(JOB)
    assert roles(again)["model_version (path)"] == "model_version"
    assert before != roles(again)
    again.close()


def test_that_undo_and_redo_of_a_value_from_the_path_are_exact(session: Session, folder: Path) -> None:
    [stream] = session.store.streams()
    before = roles(session)
    session.from_path(stream.name, Role.HOST, "level:1", JOB)
    after = roles(session)
    session.undo_columns(JOB)
    assert roles(session) == before
    assert config.read(folder).streams == {}
    session.redo_columns(JOB)
    assert roles(session) == after
    assert rows_by(session, "host (path)") == {"v1": 40, "v2": 40}
    with pytest.raises(BadSettings, match="no correction to make again"):
        session.redo_columns(JOB)


def test_that_a_file_left_out_leaves_no_trace_and_comes_back_whole(session: Session, folder: Path) -> None:
    assert session.store.totals().rows_loaded == throughput(session) == 80
    session.leave_out(("v2/*",), JOB)
    totals = session.store.totals()
    assert (totals.rows_read, totals.rows_loaded, totals.files) == (40, 40, 1)
    assert throughput(session) == 40
    states = {file.path: (file.state, file.records) for file in session.store.files()}
    assert states == {"v1/requests.csv": ("loaded", 40), "v2/requests.csv": ("left out", 0)}
    whole = session.selection().whole
    assert whole is not None and whole.end.day == 2
    with (folder / "v2" / "requests.csv").open("a") as file:
        file.write("2026-03-03T01:00:00Z,m3,7\n")
    (folder / "v2" / "more.csv").write_text(text(6))
    while session.poll(JOB):
        pass
    assert session.store.totals().rows_loaded == 40, "following leaves it out too"
    session.undo_columns(JOB)
    assert session.store.totals().rows_loaded == throughput(session) == 121
    assert all(file.state != "left out" for file in session.store.files())


def test_that_columns_without_a_header_get_names_and_roles_from_them(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    lines = [f"2026-03-02T00:{n:02d}:00Z,{n * 7 % 60},{n / 100}" for n in range(60)]
    (folder / "scores.csv").write_text("\n".join(lines) + "\n")
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    session.load(JOB)
    [stream] = session.sources().streams
    assert len(stream.unnamed) == 3
    with pytest.raises(BadSettings, match="2 names for 3 columns"):
        session.name_columns(stream.name, ("ts", "latency_ms"), JOB)
    with pytest.raises(BadSettings, match="name of its own"):
        session.name_columns(stream.name, ("ts", "x", "x"), JOB)
    session.name_columns(stream.name, ("ts", "latency_ms", "score"), JOB)
    assert roles(session)["ts"] == "timestamp" and roles(session)["latency_ms"] == "latency"
    (folder / "scores-2026-03-02.csv").write_text("".join(f"2026-03-02T02:{n:02d}:00Z,{n},0.5\n" for n in range(60)))
    while session.poll(JOB):
        pass
    session.close()
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    session.load(JOB)
    [stream] = session.sources().streams
    assert [column.name for column in stream.columns] == ["ts", "latency_ms", "score"] and stream.rows == 120
    assert throughput(session) == 120
    session.close()
    fresh = Session.open(folder, workspace=tmp_path / "other.duckdb")
    fresh.load(JOB)
    assert [column.stored for column in fresh.sources().streams[0].columns] == ["ts", "latency_ms", "score"]
    assert roles(fresh)["latency_ms"] == "latency"
    fresh.close()


def test_that_text_among_numbers_can_be_kept_as_text_and_the_way_back_is_open(tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    lines = [f"2026-03-02T00:{n:02d}:00Z,{'none given' if n % 30 == 29 else n},{n}" for n in range(60)]
    (folder / "requests.csv").write_text("ts,age,latency_ms\n" + "\n".join(lines) + "\n")
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    session.load(JOB)
    [age] = [column for column in session.sources().streams[0].columns if column.name == "age"]
    assert (age.type, age.n_misfit) == (ColumnType.NUMBER, 2)
    session.set_columns("requests", {"age": (Role.FEATURE, "", ColumnType.TEXT)}, None, JOB)
    cells = dict(session.store.execute_readonly("SELECT age, count(*) FROM raw_1 GROUP BY 1"))
    assert cells["none given"] == 2 and cells["28"] == 1 and len(cells) == 59
    assert config.read(folder).streams["requests"].columns["age"].type is ColumnType.TEXT
    session.undo_columns(JOB)
    [age] = [column for column in session.sources().streams[0].columns if column.name == "age"]
    assert age.type is ColumnType.NUMBER
    window = session.selection().whole
    assert isinstance(window, Window)
    values = session.store.column_values(1, "age", window)
    assert sum(value for value in values if value == value) == sum(n for n in range(60) if n % 30 != 29)
    session.close()


def test_that_a_folder_that_cannot_be_written_has_its_corrections_in_the_workspace(
        session: Session, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(place: Path, _settings: config.FolderSettings) -> None:
        raise CannotWrite("The settings could not be written (read-only)", where=str(place))

    monkeypatch.setattr(config, "write", refuses)
    session.set_columns("requests", {"took": (Role.LATENCY, "s")}, None, JOB)
    session.leave_out(("v2/*",), JOB)
    session.close()
    assert not (folder / "pilothouse.toml").exists()
    again = Session.open(folder, workspace=tmp_path / "w.duckdb")
    again.load(JOB)
    assert roles(again)["took"] == "latency"
    assert again.store.totals().rows_loaded == 40
    assert again.sources().leave_out == ("v2/*",)
    again.undo_columns(JOB) if again.sources().undo else None
    monkeypatch.undo()
    again.leave_out((), JOB)
    assert again.store.totals().rows_loaded == 80
    assert config.read(folder).streams["requests"].columns["took"].role == "latency", "written once it can be"
    again.close()


def test_that_corrections_are_taken_back_one_after_the_other(session: Session) -> None:
    states = [roles(session)]
    session.set_columns("requests", {"took": (Role.LATENCY, "s")}, None, JOB)
    states.append(roles(session))
    session.set_columns("requests", {"took": (Role.TIME_TO_FIRST_TOKEN, "ms")}, None, JOB)
    states.append(roles(session))
    session.set_columns("requests", {}, "Europe/Berlin", JOB)
    assert session.store.streams()[0].zone == "Europe/Berlin"
    for expected in (states[2], states[1], states[0]):
        session.undo_columns(JOB)
        assert roles(session) == expected
    assert session.store.streams()[0].zone == "UTC" and not session.sources().undo
    with pytest.raises(BadSettings, match="no correction to take back"):
        session.undo_columns(JOB)
    for expected in (states[1], states[2]):
        session.redo_columns(JOB)
        assert roles(session) == expected


def test_that_charts_are_whole_while_a_correction_is_made(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """80 requests in two folders: a person who looks meanwhile must not see the traffic of a dead service."""
    refresh, seen = session.store.refresh, []
    assert throughput(session) == 80

    def look_and_refresh(*args: object, **options: object) -> bool:
        overview = session.overview()
        assert overview is not None
        seen.append((throughput(session), overview.throughput.sum() > 0))
        return refresh(*args, **options)

    monkeypatch.setattr(session.store, "refresh", look_and_refresh)
    session.overview()
    session.set_columns("requests", {"version": (None, "")}, None, JOB)
    session.undo_columns(JOB)
    assert seen and set(seen) == {(80, True)}
    assert throughput(session) == 80


def test_that_a_correction_survives_a_file_with_new_columns(session: Session, folder: Path) -> None:
    """A later file made the stream anew from the plan of the load, with the roles that had been corrected since."""
    session.set_columns("requests", {"took": (Role.LATENCY, "s")}, None, JOB)
    session.set_columns("requests", {"took": (Role.TIME_TO_FIRST_TOKEN, "s")}, None, JOB)
    (folder / "v1" / "requests-2026-03-05.csv").write_text(
        "ts,version,took,extra\n" + "".join(f"2026-03-05T00:{n:02d}:00Z,m,1,{n}\n" for n in range(20)))
    while session.poll(JOB):
        pass
    assert roles(session)["took"] == "time_to_first_token" and session.store.totals().rows_loaded == 100


def test_that_following_begins_with_what_a_stopped_load_knows(folder: Path, tmp_path: Path) -> None:
    class Impatient(SilentJob):
        def stop_if_asked(self) -> None:
            if session.store.totals().rows_loaded:
                raise JobStopped

    for day in range(4, 9):
        (folder / "v1" / f"requests-2026-03-{day:02d}.csv").write_text(text(day))
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    monkey = pytest.MonkeyPatch()
    monkey.setattr("console.logs.load.FIRST_ROWS", 1)
    monkey.setattr("console.logs.load.BATCH_ROWS", 1)
    with pytest.raises(JobStopped):
        session.load(Impatient())
    monkey.undo()
    kept = session.store.totals().rows_loaded
    assert 0 < kept < 280 and session.stopped
    while session.poll(JOB):
        pass
    assert session.store.totals().rows_loaded == kept, "the rest does not come by the back door"
    known = next(file.path for file in session.store.files() if file.rows_loaded)
    with (folder / known).open("a") as file:
        file.write("2026-03-09T00:00:00Z,m,1\n")
    while session.poll(JOB):
        pass
    assert session.store.totals().rows_loaded == kept + 1
    session.load(JOB)
    assert session.store.totals().rows_loaded == 281 and not session.stopped
    session.close()


def test_that_an_empty_folder_is_loaded_once_a_file_comes(tmp_path: Path) -> None:
    folder = tmp_path / "soon"
    folder.mkdir()
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    with pytest.raises(Exception, match="empty"):
        session.load(JOB)
    assert session.waits and not session.poll(JOB)
    (folder / "requests.csv").write_text(text(2))
    assert session.poll(JOB)
    assert session.store.totals().rows_loaded == 40 and not session.waits
    with (folder / "requests.csv").open("a") as file:
        file.write("2026-03-02T03:00:00Z,m,1\n")
    while session.poll(JOB):
        pass
    assert session.store.totals().rows_loaded == 41
    session.close()


def test_that_the_features_of_captured_requests_get_names(shared_logs: Path, tmp_path: Path) -> None:
    """SageMaker's CSV has no names: they are numbered until somebody says what they are; files still number them."""
    source = shared_logs / "format-sagemaker"
    folder, later = tmp_path / "capture", []
    for path in sorted((source / "ctr-endpoint" / "ctr-v1").rglob("*.jsonl")):
        if not re.search("/02/(18|19|2[0-1])/", path.as_posix()):
            continue
        to = folder / path.relative_to(source)
        if "ctr-v1/2026/03/02/2" in path.as_posix():
            later.append((to, path.read_bytes()))
            continue
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(path.read_bytes())
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    session.load(JOB)
    stream = next(one for one in session.sources().streams if one.unnamed)
    assert stream.unnamed[:2] == ("feature_1", "feature_2") and later
    names = tuple(f"input {letter}" for letter in "abcdefghijklmnopqrst"[:len(stream.unnamed)])
    session.name_columns(stream.name, names, JOB)
    width, before = len(stream.columns), session.store.totals().rows_loaded
    for to, data in later:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(data)
    while session.poll(JOB):
        pass
    assert session.store.totals().rows_loaded > before
    filled = session.store.execute_readonly("SELECT count(feature_4) = count(*) FROM raw_1")
    assert filled == [(True,)], "files that come later fill the same column"
    session.close()
    for workspace in ("w.duckdb", "other.duckdb"):
        session = Session.open(folder, workspace=tmp_path / workspace)
        session.load(JOB)
        again = next(one for one in session.sources().streams if one.unnamed)
        assert [one.name for one in again.columns if one.stored in again.unnamed] == list(names)
        assert len(again.columns) == width
        session.close()


def test_that_a_correction_while_loading_is_not_undone_by_a_later_field(folder: Path, tmp_path: Path) -> None:
    """What the file said when the load began was written over it as soon as a field came late."""
    (folder / "pilothouse.toml").write_text('[streams.requests.columns.took]\nrole = "latency"\n')
    late = "".join(f'{{"ts": "2026-03-05T00:{n:02d}:00Z", "version": "m", "took": {n}, "late": {n}}}\n'
                   for n in range(40))
    (folder / "v1" / "requests.csv").unlink()
    (folder / "v2" / "requests.csv").unlink()
    plain = "".join(f'{{"ts": "2026-03-04T00:00:{n % 60:02d}Z", "version": "m", "took": {n}}}\n' for n in range(3000))
    (folder / "requests.jsonl").write_text(plain + late)
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    said = {"took": (Role.TIME_TO_FIRST_TOKEN, "s")}
    other = threading.Thread(target=lambda: session.set_columns("requests", said, "Asia/Tokyo", SilentJob()))

    class Meddler(SilentJob):
        """Corrects from another thread after the first rows; waits for it wherever the load does not write."""

        def stop_if_asked(self) -> None:
            if session.store.totals().rows_loaded and not other.ident:
                other.start()
            if other.ident:
                other.join(0.2)

    with pytest.MonkeyPatch.context() as monkey:
        monkey.setattr("console.logs.reading.CHUNK_BYTES", 4096)
        monkey.setattr("console.logs.load.FIRST_ROWS", 1)
        monkey.setattr("console.logs.load.BATCH_ROWS", 1)
        session.load(Meddler())
    assert other.ident and not other.is_alive()
    assert roles(session)["took"] == "time_to_first_token"
    [stream] = session.store.streams()
    assert stream.zone == "Asia/Tokyo" and "late" in {column.name for column in stream.columns}
    assert stream.rows == 3040
    session.close()


def test_that_what_a_file_left_out_had_is_read_from_its_copies(tmp_path: Path) -> None:
    folder = tmp_path / "copied"
    folder.mkdir()
    rows_of = "ts,version,took\n" + "".join(
        f"2026-03-02T{n // 60:02d}:{n % 60:02d}:00Z,m{n},{n}\n" for n in range(400))
    for name in ("app.csv", "app.1.csv", "app.2.csv"):
        (folder / name).write_text(rows_of)
    (folder / "app.2.csv").write_text(rows_of + "2026-03-02T20:00:00Z,m2,7\n")
    session = Session.open(folder, workspace=tmp_path / "copied.duckdb")
    session.load(JOB)
    assert session.store.totals().rows_loaded == 401
    for left_out, rows in ((("app.csv",), 401), (("app.csv", "app.2.csv"), 400), (("app.1.csv",), 401), ((), 401)):
        session.leave_out(left_out, JOB)
        assert session.store.totals().rows_loaded == throughput(session) == rows, left_out
        for file in session.store.ledger():
            assert file.records == file.rows_loaded + file.rows_quarantined + file.rows_ignored
    session.close()


def test_that_a_counter_goes_on_over_a_sample_that_was_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "scrapes"
    folder.mkdir()
    for minute, value in enumerate((10, 20, 35, 60)):
        (folder / f"metrics-20260302T000{minute}00Z.prom").write_text(
            f'# HELP hits_total x\n# TYPE hits_total counter\nhits_total{{model="a"}} {value}\n')
    session = Session.open(folder, workspace=tmp_path / "scrapes.duckdb")

    def increases() -> list[float | None]:
        return [row[0] for row in session.store.execute_readonly("SELECT increase FROM raw_1 ORDER BY _ts")]

    session.load(JOB)
    assert increases() == [None, 10, 15, 25]
    session.leave_out(("*000100Z.prom",), JOB)
    assert increases() == [None, 25, 25]
    session.leave_out(("*000000Z.prom", "*000300Z.prom"), JOB)
    assert increases() == [None, 15]
    session.leave_out((), JOB)
    assert increases() == [None, 10, 15, 25]
    session.close()

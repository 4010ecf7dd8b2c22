"""Only this, not this: charts and rows of some rows of the log, held against what is counted by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from console.errors import BadSettings
from console.jobs import JobStopped, SilentJob
from console.metrics.view import ChartView
from console.session import Session
from console.session.asked import OF_ALL, READING
from console.store.picked import Pick, picked
from console.window import Window

START = datetime(2026, 3, 2, tzinfo=UTC)
HOURS, BUCKET_S = 8, 600
CITIES = ("Bonn", "O'Hara", "")


@dataclass(frozen=True)
class Request:
    """A row of the log; `city` is "" where it is missing."""

    number: int
    at: datetime
    host: str
    version: str
    city: str
    zone: int
    latency_ms: int
    failed: bool

    @property
    def clicked(self) -> bool:
        return self.number % 7 == 0


def requests() -> list[Request]:
    rows = []
    for number in range(HOURS * 360):
        version = "v2" if number > 1500 and number % 3 == 0 else "v1"
        rows.append(Request(number, START + timedelta(seconds=10 * number), f"serve-{number % 4}", version,
                            CITIES[number % 3], number % 5, 20 + number % 97 + (200 if version == "v2" else 0),
                            number % 4 == 3 and number % 9 == 0))
    return rows


ROWS = requests()


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("picking") / "logs"
    folder.mkdir()
    with (folder / "requests.csv").open("w") as file:
        file.write("timestamp,request_id,host,model_version,latency_ms,status,city,zone\n")
        for one in ROWS:
            file.write(f"{one.at.isoformat()},r{one.number},{one.host},{one.version},{one.latency_ms},"
                       f"{500 if one.failed else 200},{one.city},{one.zone}\n")
    with (folder / "outcomes.csv").open("w") as file:
        file.write("request_id,outcome_time,clicked\n")
        for one in ROWS:
            file.write(f"r{one.number},{(one.at + timedelta(seconds=30)).isoformat()},{int(one.clicked)}\n")
    with (folder / "system.csv").open("w") as file:
        file.write("timestamp,host,cpu_percent\n")
        for minute in range(HOURS * 60):
            for host in range(4):
                file.write(f"{(START + timedelta(minutes=minute)).isoformat()},serve-{host},{10 * host + 5}\n")
    return folder


@pytest.fixture(scope="module")
def loaded(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PILOTHOUSE_HOME", str(tmp_path_factory.mktemp("home")))
        opened = Session.open(logs, workspace=tmp_path_factory.mktemp("picked") / "w.duckdb")
        opened.load(SilentJob())
        opened.look_at(Window(START, START + timedelta(hours=HOURS)))
        yield opened
        opened.close()


@pytest.fixture
def session(loaded: Session) -> Iterator[Session]:
    yield loaded
    loaded.picks.clear()
    for chart in loaded.layout.charts:
        loaded.change_chart(chart.metric, split="")


def shown(session: Session, metric: str) -> ChartView:
    """That chart of the board, once everything is read."""
    board = session.board()
    assert board is not None
    for wish in session.wishes():
        session.read_chart(wish, SilentJob())
    filled = session.filled_board()
    assert filled is not None
    return next(one for one in filled.charts if one.metric == metric)


def counted(keep: Callable[[Request], bool], bucket_s: int) -> dict[float, list[Request]]:
    found: dict[float, list[Request]] = {}
    for one in filter(keep, ROWS):
        found.setdefault(one.at.timestamp() // bucket_s * bucket_s, []).append(one)
    return found


PICKS = [
    pytest.param((Pick("host", "serve-3"),), lambda one: one.host == "serve-3", id="a host"),
    pytest.param((Pick("host", "serve-3", out=True),), lambda one: one.host != "serve-3", id="not a host"),
    pytest.param((Pick("model_version", "v2"), Pick("host", "serve-0", out=True)),
                 lambda one: one.version == "v2" and one.host != "serve-0", id="a version, not a host"),
    pytest.param((Pick("column:city", "O'Hara"),), lambda one: one.city == "O'Hara", id="a column, with a quote"),
    pytest.param((Pick("column:city", None),), lambda one: one.city == "", id="a missing cell"),
    pytest.param((Pick("column:city", "Bonn", out=True),), lambda one: one.city != "Bonn", id="not a value"),
    pytest.param((Pick("column:zone", "3"),), lambda one: one.zone == 3, id="a number"),
    pytest.param((Pick("column:zone", "3"), Pick("host", "serve-1")),
                 lambda one: one.zone == 3 and one.host == "serve-1", id="a number of a host"),
]


@pytest.mark.parametrize(("picks", "keep"), PICKS)
def test_that_charts_are_those_of_the_rows_that_are_picked(session: Session, picks: tuple[Pick, ...],
                                                           keep: Callable[[Request], bool]) -> None:
    for pick in picks:
        session.picks.add(pick)
    traffic, failed, clicks, latency = (shown(session, name) for name in ("throughput", "error_rate", "ctr", "latency"))
    buckets = counted(keep, traffic.bucket_s)
    for index, at in enumerate(traffic.times):
        here = buckets.get(float(at), [])
        assert traffic.series[0].values[index] == pytest.approx(len(here) / traffic.bucket_s)
        if here:
            assert failed.series[0].values[index] == pytest.approx(sum(one.failed for one in here) / len(here))
            ranked = sorted(one.latency_ms for one in here)
            p95 = next(one for one in latency.series if one.name == "p95")
            assert p95.values[index] == pytest.approx(ranked[math.ceil(0.95 * len(ranked)) - 1], rel=0.01)
        else:
            assert np.isnan(failed.series[0].values[index])
    buckets = counted(keep, clicks.bucket_s)
    known = np.flatnonzero(np.isfinite(clicks.series[0].values))
    assert len(known) > 0.5 * len([at for at in clicks.times if float(at) in buckets])
    for index in known:
        here = buckets[float(clicks.times[index])]
        assert clicks.series[0].values[index] == pytest.approx(sum(one.clicked for one in here) / len(here))


def test_that_samples_of_a_host_are_picked_too(session: Session) -> None:
    session.picks.add(Pick("host", "serve-2"))
    assert shown(session, "cpu").series[0].values == pytest.approx(25.0)


def test_that_a_chart_whose_rows_cannot_be_told_apart_says_so(session: Session) -> None:
    session.picks.add(Pick("column:city", "Bonn"))
    cpu = shown(session, "cpu")
    assert cpu.badge == OF_ALL
    assert cpu.series[0].values == pytest.approx(20.0)


def test_that_nothing_of_all_rows_is_shown_until_the_picked_ones_are_read(session: Session) -> None:
    session.picks.add(Pick("column:zone", "2"))
    board = session.board()
    assert board is not None
    assert all(chart.note == READING and not chart.series for chart in board.charts)
    session.picks.clear()
    board = session.board()
    assert board is not None
    assert all(chart.series and not chart.note for chart in board.charts)


def test_that_reading_picked_rows_can_be_stopped(session: Session) -> None:
    class Stopping(SilentJob):
        def stop_if_asked(self) -> None:
            raise JobStopped

    session.picks.add(Pick("column:zone", "4"))
    session.board()
    wish = next(wish for wish in session.wishes() if wish.metric == "throughput")
    with pytest.raises(JobStopped):
        session.read_chart(wish, Stopping())
    assert wish in session.wishes()


def test_that_a_split_chart_has_the_parts_of_the_picked_rows(session: Session) -> None:
    session.change_chart("throughput", split="model_version")
    session.picks.add(Pick("column:city", "Bonn"))
    chart = shown(session, "throughput")
    assert [one.name for one in chart.series] == ["v1", "v2"]
    for part in chart.series:
        assert part.n.sum() == sum(one.city == "Bonn" and one.version == part.name for one in ROWS)


def test_that_the_sql_of_a_chart_gives_its_numbers(session: Session) -> None:
    session.picks.add(Pick("column:city", "O'Hara"))
    session.picks.add(Pick("host", "serve-1"))
    chart = shown(session, "error_rate")
    found = session.store.execute_readonly(chart.sql)
    assert [value for _, value in found] == pytest.approx(
        chart.series[0].values[np.isfinite(chart.series[0].values)].tolist())
    assert chart.error.startswith("Only city O'Hara, only host serve-1.")


def test_that_rows_behind_a_chart_are_the_picked_ones(session: Session) -> None:
    session.picks.add(Pick("column:city", None, out=True))
    session.picks.add(Pick("model_version", "v2"))
    query = session.rows_behind("latency")[0]
    assert session.count_rows(query).count == sum(one.city != "" and one.version == "v2" for one in ROWS)


def test_that_another_value_of_a_column_takes_the_place_of_the_first(session: Session) -> None:
    session.picks.add(Pick("host", "serve-1"))
    session.picks.add(Pick("column:city", "Bonn", out=True))
    session.picks.add(Pick("column:city", None, out=True))
    session.picks.add(Pick("host", "serve-2"))
    assert [text for _, text in session.picks.view().picks] == [
        "Not city Bonn", "Not city missing", "Only host serve-2"]
    session.picks.remove(Pick("column:city", "Bonn", out=True))
    assert [text for _, text in session.picks.view().picks] == ["Not city missing", "Only host serve-2"]


def test_that_cells_and_curves_can_be_picked_and_the_rest_cannot(session: Session) -> None:
    assert session.picks.of_cell("requests", "host", "serve-1", out=False) == Pick("host", "serve-1")
    assert session.picks.of_cell("requests", "city", None, out=True) == Pick("column:city", None, True)
    assert session.picks.of_cell("outcomes", "clicked", "1", out=False) is None
    assert session.picks.of_part("model_version", "v2", out=True) == Pick("model_version", "v2", True)
    assert session.picks.of_part("column:city", "(none)", out=False) == Pick("column:city", None)
    assert session.picks.of_part("column:city", "the rest", out=False) is None


def test_that_the_values_of_the_shown_time_can_be_chosen_from(session: Session) -> None:
    found = {(one.column, one.value): one for one in session.picks.choices(
        Window(START, START + timedelta(hours=HOURS)), SilentJob())}
    assert found["host", "serve-1"].rows == len(ROWS) // 4
    assert found["model version", "v2"].rows == sum(one.version == "v2" for one in ROWS)
    assert found["city", "missing"].pick == Pick("column:city", None)
    assert found["zone", "3"].share == pytest.approx(0.2, abs=0.01)
    assert ("request_id", "r1") not in found and ("latency_ms", "20") not in found


def test_that_a_column_is_known_by_its_role_or_its_name(session: Session) -> None:
    streams = session.store.streams()
    assert picked(streams, "host", "serve-1") == Pick("host", "serve-1")
    assert picked(streams, "city", "Bonn", out=True) == Pick("column:city", "Bonn", True)
    with pytest.raises(BadSettings, match="no column `town`"):
        picked(streams, "town", "Bonn")

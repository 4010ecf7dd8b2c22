"""Charts that somebody added: what is wanted for the board, what is read, and what is shown until it is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from console.jobs import JobStopped, SilentJob
from console.metrics.view import BoardView, ChartView
from console.session import Session
from console.session.asked import READING, UNTRUSTED
from console.session.board_layout import parse
from console.window import Window

START = datetime(2026, 3, 2, tzinfo=UTC)
CITIES = ("Bonn", "Cork", "Graz", "Lyon", "Nice", "Oslo", "Pisa", "Riga", "Turku", "Vigo")
"""The first has ten requests in ten minutes, the next nine, and so on: 55 in all."""
HOURS = 6
TOML = '[[metric]]\nname = "dear"\nexpression = "avg(CASE WHEN price > 5 THEN 1 ELSE 0 END)"\nunit = "share"\n'


def rows() -> Iterator[tuple[datetime, str, int, float | None]]:
    """Time, city, milliseconds, price. The latency is 10 times the number of the city, and one."""
    for slot in range(HOURS * 6):
        at, second = START + timedelta(minutes=10 * slot), 0
        for number, city in enumerate(CITIES):
            for _ in range(len(CITIES) - number):
                yield at + timedelta(seconds=10 * second), city, 10 * number + 1, None if number == 3 else float(number)
                second += 1


class Stopping(SilentJob):
    """Somebody has looked elsewhere already."""

    def stop_if_asked(self) -> None:
        raise JobStopped


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asked") / "logs"
    folder.mkdir()
    with (folder / "requests.csv").open("w") as file:
        file.write("timestamp,request_id,latency_ms,city,price,hour,age_days\n")
        for number, (at, city, latency, price) in enumerate(rows()):
            cell = "" if price is None else price
            file.write(f"{at.isoformat()},r{number},{latency},{city},{cell},{at.hour},{number % 977}\n")
    (folder / "pilothouse.toml").write_text(TOML)
    return folder


@pytest.fixture
def session(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("PILOTHOUSE_HOME", str(tmp_path / "home"))
    opened = Session.open(logs, workspace=tmp_path / "w.duckdb")
    opened.load(SilentJob())
    opened.look_at(Window(START, START + timedelta(hours=HOURS)))
    yield opened
    opened.close()


def board_of(session: Session) -> BoardView:
    board = session.board()
    assert board is not None
    return board


def chart_in(board: BoardView | None, metric: str) -> ChartView:
    assert board is not None
    return next(one for one in board.charts if one.metric == metric)


def read_all(session: Session) -> None:
    for wish in session.wishes():
        session.read_chart(wish, SilentJob())


def test_that_an_added_chart_is_empty_first_and_read_apart(session: Session) -> None:
    session.change_chart("missing:price", hidden=False)
    blank = chart_in(board_of(session), "missing:price")
    assert (blank.series, blank.note, blank.title) == ((), READING, "Missing: price")
    (wish,) = session.wishes()
    session.read_chart(wish, SilentJob())
    made = chart_in(session.filled_board(), "missing:price")
    values = made.series[0].values[np.isfinite(made.series[0].values)]
    assert made.note == "" and made.series[0].n.sum() == 55 * HOURS * 6
    counted = values * made.series[0].n[np.isfinite(made.series[0].values)]
    assert counted.sum() == pytest.approx(7 * HOURS * 6)              # Lyon alone has no price, seven times a slot
    assert session.wishes() == ()


def test_that_a_window_seen_before_is_there_at_once(session: Session) -> None:
    session.change_chart("latency_map", hidden=False)
    board_of(session)
    read_all(session)
    whole = chart_in(session.filled_board(), "latency_map")
    session.look_at(Window(START, START + timedelta(hours=1)))
    moved = chart_in(board_of(session), "latency_map")
    assert moved.note == READING and moved.heat is whole.heat         # what there was, and that it is being read
    read_all(session)
    near = chart_in(session.filled_board(), "latency_map")
    assert near.heat is not None and near.heat.counts.sum() == 55 * 6
    session.back()
    assert chart_in(board_of(session), "latency_map").heat is whole.heat
    assert session.wishes() == ()


def test_that_what_is_overtaken_is_not_kept(session: Session) -> None:
    session.change_chart("latency_map", hidden=False)
    board_of(session)
    (wish,) = session.wishes()
    with pytest.raises(JobStopped):
        session.read_chart(wish, Stopping())
    assert session.wishes() == (wish,)


def test_that_a_split_by_a_column_has_eight_values_and_the_rest(session: Session) -> None:
    plain = chart_in(board_of(session), "throughput")
    assert ("column:city", "city") in {(one.key, one.title) for one in session.splits("throughput")}
    session.change_chart("throughput", split="column:city")
    until = chart_in(board_of(session), "throughput")
    assert until.note == READING and [one.name for one in until.series] == [one.name for one in plain.series]
    read_all(session)
    made = chart_in(session.filled_board(), "throughput")
    assert made.title == "Throughput by city"
    assert [one.name for one in made.series] == [*CITIES[:8], "the rest"]
    slots = HOURS * 6
    assert [one.n.sum() for one in made.series] == [*((10 - number) * slots for number in range(8)), 3 * slots]


def test_that_numbers_that_stand_for_few_things_can_split_a_chart(session: Session) -> None:
    board_of(session)
    offered = {one.title for one in session.splits("throughput")}
    assert {"city", "hour"} <= offered and not {"price", "age_days", "latency_ms", "request_id"} & offered
    session.change_chart("throughput", split="column:hour")
    board_of(session)
    read_all(session)
    made = chart_in(session.filled_board(), "throughput")
    assert [(one.name, one.n.sum()) for one in made.series] == [(str(hour), 55 * 6) for hour in range(HOURS)]


def test_that_a_split_percentile_is_that_of_each_value(session: Session) -> None:
    session.change_chart("latency", split="column:city")
    board_of(session)
    read_all(session)
    made = chart_in(session.filled_board(), "latency")
    assert made.title == "Latency p95 by city"
    for number, one in enumerate(made.series[:8]):
        assert one.values[np.isfinite(one.values)] == pytest.approx(10 * number + 1, rel=0.01)


def test_that_an_added_chart_can_be_split_and_compared(session: Session) -> None:
    session.change_chart("missing:price", split="column:city")
    board_of(session)
    read_all(session)
    made = chart_in(session.filled_board(), "missing:price")
    shares = {one.name: set(one.values[np.isfinite(one.values)]) for one in made.series}
    assert shares["Lyon"] == {1.0} and shares["Bonn"] == {0.0} and shares["the rest"] == {0.0}


def test_that_own_metrics_are_named_and_wait_for_trust(session: Session) -> None:
    session.change_chart("dear", hidden=False)
    assert chart_in(board_of(session), "dear").note == UNTRUSTED
    assert session.wishes() == ()
    assert {(one.metric, one.origin, one.runs) for one in session.offers() if one.metric == "dear"} == {
        ("dear", "own", False)}
    session.trust_folder()
    board_of(session)
    read_all(session)
    made = chart_in(session.filled_board(), "dear")
    values, n = made.series[0].values, made.series[0].n
    known = np.isfinite(values)
    assert (values[known] * n[known]).sum() == pytest.approx((4 + 3 + 2 + 1) * HOURS * 6)     # cities 6, 7, 8 and 9
    session.trust_folder(False)
    assert chart_in(board_of(session), "dear").note == UNTRUSTED


def test_that_what_the_log_cannot_give_is_not_on_the_board(session: Session) -> None:
    for name in ("churn", "missing:nothing", "no such metric", "cpu"):
        session.change_chart(name, hidden=False)
    assert not {"churn", "missing:nothing", "no such metric", "cpu"} & {one.metric for one in board_of(session).charts}


def test_that_a_chart_that_was_added_is_kept_and_can_be_taken_off(session: Session, tmp_path: Path) -> None:
    session.change_chart("out_of_range", hidden=False)
    board_of(session)
    session.move_chart("out_of_range", -99)
    session.export_layout(tmp_path / "layout.toml")
    kept, notes = parse((tmp_path / "layout.toml").read_text())
    assert notes == () and kept.charts[0].metric == "out_of_range"
    assert board_of(session).charts[0].metric == "out_of_range"
    session.change_chart("out_of_range", hidden=True)
    assert "out_of_range" not in {one.metric for one in board_of(session).charts}


def test_that_everything_is_offered_in_its_group_with_maps_first(session: Session) -> None:
    board_of(session)
    found = session.offers()
    by_name = {one.metric: one for one in found}
    assert [one.group for one in found] == sorted((one.group for one in found), key=("software", "input",
                                                                                      "output").index)
    assert found[0].metric == "latency_map" and found[0].form == "map" and not found[0].shown
    assert by_name["latency"].shown and by_name["latency"].origin == ""
    assert {"missing:price", "missing:city", "unseen:city", "out_of_range:price", "unchanged:price"} <= set(by_name)
    assert by_name["unseen:city"].cost == "reads rows" and by_name["missing:city"].cost == ""
    assert all(one.sentence for one in found)

"""How the board is arranged: kept as a text that diffs, read with tolerance, and drawn with numbers that are right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from console.errors import BadSettings
from console.jobs import SilentJob
from console.metrics.view import BoardView, ChartView
from console.session import Session
from console.session.board_layout import BoardLayout, ChartLayout, as_text, parse
from console.session.places import layout_for
from console.window import Window

START = datetime(2026, 3, 2, tzinfo=UTC)
EVERY_S = 300
ALL = ("a", "b", "c", "d")


def latency(day: int, slot: int, version: int) -> int:
    """What the log says; no two days and versions alike."""
    return 100 * day + slot % 50 + 1000 * version


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("logs") / "ranker"
    made.mkdir()
    with (made / "requests.csv").open("w") as file:
        file.write("timestamp,request_id,latency_ms,status,model_version\n")
        for day in range(9):
            for slot in range(86_400 // EVERY_S):
                at = START + timedelta(days=day, seconds=slot * EVERY_S)
                for version in (0, 1):
                    file.write(f"{at.isoformat()},r{day}-{slot}-{version},{latency(day, slot, version)},200,"
                               f"v{version}\n")
    return made


@pytest.fixture
def session(folder: Path, tmp_path: Path) -> Iterator[Session]:
    opened = Session.open(folder, workspace=tmp_path / "workspace.duckdb")
    opened.load(SilentJob())
    opened.look_at(Window(START + timedelta(days=8), START + timedelta(days=8, hours=12)))
    yield opened
    opened.close()


def board_of(session: Session) -> BoardView:
    board = session.board()
    assert board is not None
    return board


def chart_of(session: Session, metric: str) -> ChartView:
    return next(chart for chart in board_of(session).charts if chart.metric == metric)


def test_that_a_layout_comes_back_as_it_was():
    layout = BoardLayout((ChartLayout("latency", wide=True, split="host"),
                          ChartLayout('sampled:a "b"\n\x7f', hidden=True), ChartLayout("ctr", ghost="week")))
    assert parse(as_text(layout)) == (layout, ())


def test_that_one_change_changes_one_line():
    layout = BoardLayout(tuple(ChartLayout(name) for name in ALL))
    before, after = (as_text(one).splitlines() for one in (layout, layout.changed("b", ALL, wide=True)))
    assert [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]] == [
        ("wide = false", "wide = true")]


def test_that_what_is_unknown_is_left_out_with_a_note():
    layout, notes = parse('version = 7\nmood = 1\n[[chart]]\nmetric = "a"\nwide = true\nghost = "year"\ncolour = 3\n'
                          '[[chart]]\nhidden = true\n[[chart]]\nmetric = "a"\n')
    assert layout == BoardLayout((ChartLayout("a", wide=True),))
    assert len(notes) == 5
    assert "version 7" in notes[0]


@pytest.mark.parametrize("text", ["", "version = [", 'version = "x"', "[[chart]]"])
def test_that_no_layout_is_refused(text):
    with pytest.raises(BadSettings):
        parse(text)


def test_that_charts_move_among_those_that_are_shown():
    layout = BoardLayout().changed("b", ALL, hidden=True)
    assert layout.moved("a", 1, ALL).ordered(ALL) == ("b", "c", "a", "d")
    assert layout.moved("c", -1, ALL).ordered(ALL) == ("c", "a", "b", "d")
    assert layout.moved("a", -1, ALL) == layout
    assert layout.moved("d", 1, ALL) == layout
    assert layout.ordered(("new", *ALL)) == ("a", "b", "c", "d", "new")


def test_that_the_board_follows_its_layout_and_it_is_kept_at_once(session, folder):
    assert [chart.metric for chart in board_of(session).charts][:2] == ["throughput", "latency"]
    session.change_chart("throughput", hidden=True)
    session.move_chart("latency", 1)
    shown = [chart.metric for chart in board_of(session).charts]
    assert shown[:2] == ["error_rate", "latency"]
    assert "throughput" not in shown
    assert {one.metric: one.shown for one in session.chart_choices()}["throughput"] is False
    assert parse(layout_for(folder).read_text())[0] == session.layout
    assert not list(layout_for(folder).parent.glob("*.part"))


def test_that_a_layout_is_there_when_the_folder_is_opened_again(folder, tmp_path):
    layout_for(folder).parent.mkdir(parents=True)
    layout_for(folder).write_text('version = 1\nodd = 2\n[[chart]]\nmetric = "latency"\nwide = true\n')
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    try:
        assert session.layout.of("latency").wide
        assert len(session.take_layout_notes()) == 1
        assert session.take_layout_notes() == ()
    finally:
        session.close()


def test_that_a_broken_layout_is_kept_aside_and_stops_nothing(folder, tmp_path):
    layout_for(folder).parent.mkdir(parents=True)
    layout_for(folder).write_text("\0 nonsense")
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    try:
        assert session.layout == BoardLayout()
        assert "kept as" in session.take_layout_notes()[0]
        assert layout_for(folder).with_suffix(".unread").read_text() == "\0 nonsense"
    finally:
        session.close()


def test_that_a_layout_is_exported_and_imported(session, tmp_path):
    board_of(session)
    session.change_chart("latency", wide=True)
    session.export_layout(tmp_path / "mine.toml")
    session.arrange(BoardLayout())
    assert session.import_layout(tmp_path / "mine.toml") == ()
    assert session.layout.of("latency").wide
    with pytest.raises(BadSettings):
        session.import_layout(tmp_path / "nowhere.toml")


def test_that_all_hidden_is_said(session):
    for choice in (board_of(session), session.chart_choices())[1]:
        session.change_chart(choice.metric, hidden=True)
    board = board_of(session)
    assert board.charts == ()
    assert "Add chart" in board.nothing


@pytest.mark.parametrize(("ghost", "days"), [("day", 1), ("week", 7)])
def test_that_a_ghost_is_the_same_hours_before(session, ghost, days):
    board_of(session)
    session.change_chart("latency", ghost=ghost)
    chart = chart_of(session, "latency")
    assert chart.ghost is not None
    assert chart.ghost.name == f"a {ghost} before"
    assert "p95" in chart.error
    p95 = next(series for series in chart.series if series.name == "p95")
    assert np.isfinite(p95.values).all()
    assert np.allclose(p95.values - chart.ghost.values, 100 * days)


def test_that_a_ghost_has_nothing_where_the_log_had_not_begun(session):
    session.look_at(Window(START, START + timedelta(hours=36)))
    board_of(session)
    session.change_chart("latency", ghost="day")
    chart = chart_of(session, "latency")
    assert chart.ghost is not None
    before = chart.times < (START + timedelta(days=1)).timestamp()
    assert np.isnan(chart.ghost.values[before]).all()
    assert np.isfinite(chart.ghost.values[~before]).all()


def test_that_a_split_shows_each_version_by_itself(session):
    board_of(session)
    assert [one.key for one in session.splits("latency")] == ["model_version"]
    session.change_chart("latency", split="model_version")
    chart = chart_of(session, "latency")
    assert chart.title == "Latency p95 by model version"
    assert [series.name for series in chart.series] == ["v0", "v1"]
    assert chart.bucket_s == EVERY_S
    slots = (chart.times - START.timestamp() - 8 * 86_400) / EVERY_S
    for version, series in enumerate(chart.series):
        assert series.values.tolist() == [latency(8, round(slot), version) for slot in slots]
    session.change_chart("latency", split="no such thing")
    assert chart_of(session, "latency").title == "Latency"

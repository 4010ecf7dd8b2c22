"""Buckets that are too young for their outcomes: which they are, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from console.jobs import SilentJob
from console.metrics.charts import board, chart
from console.metrics.readout import read_out
from console.metrics.view import BoardView
from console.session import Session
from console.window import Window

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
LAST_MIN, WAIT_MIN = 240, 30


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A request a minute for four hours; each outcome is told half an hour later, and every third is a click."""
    root = tmp_path_factory.mktemp("waiting")
    folder = root / "logs"
    folder.mkdir()
    with (folder / "requests.csv").open("w") as file:
        file.write("timestamp,request_id,latency_ms\n")
        for minute in range(LAST_MIN):
            file.write(f"{(START + timedelta(minutes=minute)).isoformat()},r{minute},{10 + minute % 7}\n")
    with (folder / "outcomes.csv").open("w") as file:
        file.write("request_id,clicked,outcome_time\n")
        for minute in range(LAST_MIN - WAIT_MIN):
            told = START + timedelta(minutes=minute + WAIT_MIN)
            file.write(f"r{minute},{int(minute % 3 == 0)},{told.isoformat()}\n")
    opened = Session.open(folder, workspace=root / "w.duckdb")
    opened.load(SilentJob())
    yield opened
    opened.close()


def test_that_the_stretch_without_outcomes_is_named_and_not_drawn(session: Session) -> None:
    whole = Window(START, START + timedelta(minutes=LAST_MIN))
    shown = chart(session.store, "ctr", whole, bucket_s=600)
    assert shown is not None and shown.waits == Window(START + timedelta(minutes=210), START + timedelta(minutes=240))
    assert np.isfinite(shown.series[0].values).tolist() == [True] * 21 + [False] * 3
    assert shown.error.startswith("From 2 Mar 2026 11:30 UTC on outcomes are still waited for")
    board = BoardView(whole, 600, (shown,), (whole,), 1)
    told = [read_out(board, START + timedelta(minutes=minute))[0].text for minute in (209, 211, 239)]
    assert told == ["30 %", "waiting for outcomes", "waiting for outcomes"]       # clicks: minutes 201, 204 and 207


def test_that_nothing_waits_where_all_outcomes_are_known(session: Session) -> None:
    shown = chart(session.store, "ctr", Window(START, START + timedelta(minutes=180)), bucket_s=600)
    assert shown is not None and shown.waits is None


def test_that_what_needs_no_outcome_never_waits(session: Session) -> None:
    shown = chart(session.store, "latency", Window(START, START + timedelta(minutes=LAST_MIN)), bucket_s=600)
    assert shown is not None and shown.waits is None


def test_that_joined_outcomes_of_a_long_log_are_drawn_in_buckets_that_rollups_have(
        tmp_path_factory: pytest.TempPathFactory) -> None:
    """A request every two seconds for seven hours, its outcome a minute later: a quarter of an hour is drawn in
    buckets of two seconds, outcomes in such of ten. Who asks for two seconds gets them."""
    root = tmp_path_factory.mktemp("long")
    folder = root / "logs"
    folder.mkdir()
    count = 7 * 1800
    at = [START + timedelta(seconds=2 * number) for number in range(count)]
    (folder / "requests.csv").write_text("timestamp,request_id,latency_ms\n" + "".join(
        f"{moment.isoformat()},r{number},{10 + number % 7}\n" for number, moment in enumerate(at)))
    (folder / "outcomes.csv").write_text("request_id,clicked,outcome_time\n" + "".join(
        f"r{number},{int(number % 4 == 0)},{(moment + timedelta(minutes=1)).isoformat()}\n"
        for number, moment in enumerate(at)))
    opened = Session.open(folder, workspace=root / "w.duckdb")
    try:
        opened.load(SilentJob())
        quarter = Window(at[-1] - timedelta(minutes=15), at[-1])
        shown = board(opened.store, quarter, 500)
        drawn = {one.metric: one for one in shown.charts}
        assert shown.bucket_s == drawn["latency"].bucket_s < 10 == drawn["ctr"].bucket_s
        clicked = drawn["ctr"].series[0]
        inside = clicked.n == 5         # whole buckets: five requests of ten seconds, one or two of them clicked
        assert inside.sum() >= 88
        assert set(np.round(clicked.values[inside], 9)) == {0.2, 0.4}
        asked = chart(opened.store, "ctr", quarter, bucket_s=2)
        assert asked is not None and asked.bucket_s == 2
        assert set(asked.series[0].values[asked.series[0].n == 1]) == {0.0, 1.0}
    finally:
        opened.close()


def test_that_older_requests_wait_though_newer_ones_have_their_outcomes(
        tmp_path_factory: pytest.TempPathFactory) -> None:
    """Four hours in which a click is told after a minute and its absence after half an hour; then ten minutes of a
    service that tells all within twenty seconds."""
    root = tmp_path_factory.mktemp("older")
    folder = root / "logs"
    folder.mkdir()
    count = LAST_MIN * 6
    at = [START + timedelta(seconds=10 * number) for number in range(count + 60)]
    (folder / "requests.csv").write_text("timestamp,request_id,latency_ms\n" + "".join(
        f"{moment.isoformat()},r{number},{10 + number % 7}\n" for number, moment in enumerate(at)))
    lines = ["request_id,clicked,outcome_time\n"]
    for number, moment in enumerate(at):
        clicked = number % 4 == 0
        wait = timedelta(seconds=20) if number >= count else timedelta(minutes=1 if clicked else WAIT_MIN)
        if moment + wait <= at[-1]:
            lines.append(f"r{number},{int(clicked)},{(moment + wait).isoformat()}\n")
    (folder / "outcomes.csv").write_text("".join(lines))
    opened = Session.open(folder, workspace=root / "w.duckdb")
    try:
        opened.load(SilentJob())
        shown = chart(opened.store, "ctr", Window(START, START + timedelta(minutes=LAST_MIN + 10)), bucket_s=300)
        assert shown is not None
        drawn = np.isfinite(shown.series[0].values)
        assert drawn.tolist() == [True] * 44 + [False] * 4 + [True] * 2
        assert np.abs(shown.series[0].values[drawn] - 0.25).max() < 0.02     # 7 or 8 of 30
        assert shown.waits == Window(START + timedelta(minutes=220), START + timedelta(minutes=LAST_MIN))
    finally:
        opened.close()

"""Buckets that are too young for their outcomes: which they are, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from console.jobs import SilentJob
from console.metrics.charts import chart
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

"""Rows of a stretch, every k-th of a large one, against counts made from the rows that were written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from console.jobs import SilentJob
from console.roles import Role
from console.session import Session
from console.store import StreamInfo, Workspace
from console.store.every_kth import inputs_and_outcomes, rows_in, some_counts, some_numbers, value_buckets
from console.window import Window

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = Window(START, START + timedelta(hours=1))
ROWS: list[dict[str, Any]] = [
    {"ts": (START + timedelta(seconds=10 * n)).isoformat(), "request_id": f"r{n}", "score": n / 720,
     "price": None if n % 9 == 0 else n % 50, "device": ("phone", "desktop", None)[n % 3], "clicked": int(n % 4 == 0)}
    for n in range(720)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[tuple[Workspace, StreamInfo]]:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.jsonl").write_text("\n".join(map(json.dumps, ROWS)) + "\n")
    session = Session.open(tmp_path / "logs", workspace=tmp_path / "w.duckdb")
    session.load(SilentJob())
    yield session.store, session.store.streams()[0]
    session.close()


def test_that_values_are_counted_by_bucket(log: tuple[Workspace, StreamInfo]) -> None:
    store, stream = log
    assert rows_in(store.cursor(), stream, HOUR) == 360
    found = value_buckets(store.cursor(), stream, stream.named("device"), HOUR, 600, 1, 10)
    assert found is not None
    for value in ("phone", "desktop"):
        wanted = Counter(n // 60 for n, row in enumerate(ROWS[:360]) if row["device"] == value)
        assert found[value].tolist() == [wanted[bucket] for bucket in range(6)]
    assert set(found) == {"phone", "desktop"}


def test_that_too_many_values_are_none_at_all(log: tuple[Workspace, StreamInfo]) -> None:
    store, stream = log
    assert value_buckets(store.cursor(), stream, stream.named("request_id"), HOUR, 600, 1, 359) is None
    assert value_buckets(store.cursor(), stream, stream.named("request_id"), HOUR, 600, 1, 360) is not None


@pytest.mark.parametrize("window", [HOUR, None])
def test_that_every_kth_row_is_read_of_a_window_and_of_all(window: Window | None,
                                                           log: tuple[Workspace, StreamInfo]) -> None:
    store, stream = log
    rows = [row for n, row in enumerate(ROWS[:360 if window else None]) if n % 7 == 0]
    assert some_counts(store.cursor(), stream, stream.named("device"), window, 7) == Counter(
        row["device"] for row in rows)
    numbers = some_numbers(store.cursor(), stream, stream.named("price"), window, 7)
    wanted = np.array([np.nan if row["price"] is None else row["price"] for row in rows], dtype=float)
    assert np.array_equal(np.sort(numbers), np.sort(wanted), equal_nan=True)


def test_that_inputs_stand_beside_the_outcome_of_their_row(log: tuple[Workspace, StreamInfo]) -> None:
    store, stream = log
    times, truth, numbers = inputs_and_outcomes(store.cursor(), stream, [stream.named("price")], Role.CLICKED, HOUR,
                                                None)
    order = np.argsort(times)
    assert truth[order].tolist() == [row["clicked"] for row in ROWS[:360]]
    assert numbers[""][order] == pytest.approx([row["score"] for row in ROWS[:360]])
    wanted = np.array([np.nan if row["price"] is None else row["price"] for row in ROWS[:360]], dtype=float)
    assert np.array_equal(numbers["price"][order], wanted, equal_nan=True)

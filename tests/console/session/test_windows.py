"""Windows that are picked by a word, windows that are kept, and references that are no window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from console.drift import ColumnSample, compare
from console.errors import BadSettings
from console.jobs import SilentJob
from console.roles import Role, StreamKind
from console.session.compare import by_version, with_stream
from console.session.previews import Previews
from console.session.windows import KeptWindows, choices, chosen
from console.store import Workspace
from console.window import Window
from tests.console.store.made import NUMBER, TEXT, TIME, column, put, stream, texts

START = datetime(2026, 3, 2, tzinfo=UTC)


def hours(first: float, last: float) -> Window:
    return Window(START + timedelta(hours=first), START + timedelta(hours=last))


def offered(*args, **more) -> dict[str, Window]:
    return {one.word: one.window for one in choices(*args, **more)}


def test_that_words_stand_for_windows_beside_the_current_one():
    found = offered("reference", hours(200, 204), hours(0, 240))
    assert found == {"previous-day": hours(176, 180), "previous-week": hours(32, 36), "just-before": hours(196, 200),
                     "first-quarter": hours(0, 60)}
    found = offered("reference", hours(200, 204), hours(0, 240), alarm=hours(203, 206))
    assert found["before-alarm"] == hours(200, 203)
    assert offered("reference", hours(200, 204), hours(0, 240), alarm=hours(203, 203.2))["before-alarm"] \
        == hours(202, 203)
    found = offered("current", hours(0, 4), hours(0, 240), alarm=hours(203, 206))
    assert found == {"last-quarter": hours(180, 240), "last-hour": hours(239, 240), "last-day": hours(216, 240),
                     "since-alarm": hours(203, 206)}


def test_that_only_windows_in_the_log_are_offered():
    assert offered("reference", hours(2, 4), hours(0, 10)).keys() == {"just-before", "first-quarter"}
    assert "last-day" not in offered("current", None, hours(0, 10))
    with pytest.raises(BadSettings, match="no reference window"):
        chosen("previous-day", "reference", hours(2, 4), hours(0, 10), ())


@pytest.fixture
def store(tmp_path: Path):
    made = Workspace.open(tmp_path / "log.duckdb", folder=None)
    yield made
    made.close()


def test_that_windows_are_kept_under_names_with_the_log(store):
    kept = KeptWindows(store)
    before = store.generation
    kept.keep("  the   fair ", hours(1, 2))
    kept.keep("a'; DROP TABLE meta; --", hours(3, 4))
    kept.keep("the fair", hours(5, 6))
    assert store.generation == before           # no number depends on it
    again = KeptWindows(store)
    assert [(one.word, one.window) for one in again.all()] == [("a'; DROP TABLE meta; --", hours(3, 4)),
                                                               ("the fair", hours(5, 6))]
    assert chosen("the fair", "current", None, hours(0, 100), again.all()) == hours(5, 6)
    again.forget("the fair")
    assert len(KeptWindows(store).all()) == 1
    for refused in (lambda: again.forget("the fair"), lambda: again.keep(" ", hours(1, 2)),
                    lambda: again.keep("a..b", hours(1, 2))):
        with pytest.raises(BadSettings):
            refused()


def log(store: Workspace) -> pd.DataFrame:
    """Two versions at the same times, the second with other prices; and a stream of training data."""
    random = np.random.default_rng(0)
    version = random.choice(["v1", "v2's"], 4000)
    frame = pd.DataFrame({"ts": pd.Timestamp(START) + pd.to_timedelta(np.arange(4000.0), unit="s"), "version": version,
                          "price": random.normal(0, 1, 4000) + (version != "v1")})
    plan = stream("requests", column("ts", TIME, Role.TIMESTAMP), column("version", TEXT, Role.MODEL_VERSION),
                  column("price", NUMBER, Role.FEATURE))
    put(store, plan, texts(frame))
    training = stream("training", column("price", NUMBER, Role.FEATURE), kind=StreamKind.REFERENCE)
    put(store, training, {"price": [repr(value) for value in random.normal(0, 1, 1000)]}, path="b.csv")
    store.refresh()
    return frame


def test_that_model_versions_and_reference_streams_are_offered_once_rows_are_counted(store):
    log(store)
    previews = Previews(store)
    assert previews.references == ()
    previews.refresh(SilentJob())
    assert [one.word for one in previews.references] == ["stream:training", "version:v1", "version:v2's"]


def test_that_a_model_version_is_compared_with_the_others_at_the_same_time(store):
    frame = log(store)
    window = Window(START, START + timedelta(seconds=3000))
    view = by_version(store, "log", "v2's", window, SilentJob(), None)
    inside = frame[:3000]
    sides = [[ColumnSample("price", inside.price[inside.version == version].to_numpy(), Role.FEATURE)]
             for version in ("v2's", "v1")]
    assert view.columns[0].statistic == compare(*sides).columns[0].statistic > 0.3
    assert (view.n_reference, view.n_current) == tuple((inside.version == one).sum() for one in ("v2's", "v1"))
    assert view.reference is None and "version v2's" in view.reference_name
    assert "--reference-version 'v2'\"'\"'s' --current" in view.command


def test_that_a_window_is_compared_with_a_reference_stream_of_the_log(store):
    log(store)
    view = with_stream(store, "log", "training", None, SilentJob(), None)
    assert (view.n_reference, view.n_current, view.reference_name) == (1000, 4000, "stream training")
    assert view.command == "pilothouse drift log --reference-stream training --json"
    with pytest.raises(BadSettings, match="no reference stream"):
        with_stream(store, "log", "absent", None, SilentJob(), None)

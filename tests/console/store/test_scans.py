"""What is read from the rows, in stretches, against pandas; and that it can be stopped."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from console.errors import BadSettings
from console.jobs import JobStopped
from console.roles import Role
from console.store import Workspace, scans, splits
from console.store.scans import Distribution
from tests.console.store.made import NUMBER, TEXT, TIME, column, put, stream, texts, whole

START = pd.Timestamp("2026-03-02T06:00:00Z")
PLAN = stream("requests", column("ts", TIME, Role.TIMESTAMP), column("user", TEXT, Role.USER_ID),
              column("country", TEXT, Role.FEATURE), column("score", NUMBER, Role.SCORE),
              column("latency", NUMBER, Role.LATENCY, unit="s"))
BUCKET = 600


class Asked:
    """A job that counts, and is stopped after so many questions."""

    def __init__(self, until: int = 10**9) -> None:
        self.asked, self.until = 0, until

    def report(self, done: int, total: int, note: str) -> None:
        pass

    def stop_if_asked(self) -> None:
        self.asked += 1
        if self.asked > self.until:
            raise JobStopped


def rows(n: int = 3000, days: float = 3.0) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    at = START + pd.to_timedelta(np.sort(rng.uniform(0, days * 86_400, n)).round(3), unit="s")
    country = rng.choice(["A", "B", "C"], n, p=[.7, .2, .1]).astype(object)
    country[rng.random(n) < 0.1] = None
    return pd.DataFrame({"ts": at, "user": rng.choice([f"u{i}" for i in range(300)], n), "country": country,
                         "score": rng.uniform(-0.2, 1, n).round(4), "latency": rng.lognormal(-3, 1, n)})


@pytest.fixture
def filled(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> tuple[Workspace, pd.DataFrame]:
    monkeypatch.setattr(scans, "CHUNK_ROWS", 400)
    frame = rows()
    put(ws, PLAN, texts(frame))
    ws.refresh()
    return ws, frame


def at(frame: pd.DataFrame, bucket_s: int = BUCKET) -> pd.Series:
    seconds: pd.Series = frame["ts"].dt.tz_localize(None).astype("datetime64[us]").astype("int64") // 1_000_000
    return seconds // bucket_s * bucket_s


def times(ws: Workspace, bucket_s: int = BUCKET) -> np.ndarray:
    return ws.moments(1, [], whole(ws), bucket_s)[0].times


def test_that_values_not_known_are_counted_and_missing_ones_are_not(filled: tuple[Workspace, pd.DataFrame]) -> None:
    ws, frame = filled
    new, n = ws.scan(1, whole(ws), BUCKET, Asked()).unseen({"country": frozenset({"A", "B"})})
    grouped = frame.groupby(at(frame))["country"]
    expected = grouped.apply(lambda part: (part == "C").sum()).reindex(times(ws), fill_value=0)
    assert new.tolist() == expected.tolist()
    assert n.tolist() == grouped.count().reindex(times(ws), fill_value=0).tolist()


def test_that_cells_outside_of_a_range_are_counted_where_they_may_be(filled: tuple[Workspace, pd.DataFrame]) -> None:
    ws, frame = filled
    suspects = np.zeros(len(times(ws)), dtype=bool)
    suspects[3:9] = suspects[20] = True
    found = ws.scan(1, whole(ws), BUCKET, Asked()).outside({"score": (0.0, 0.9)}, suspects)
    beyond = ((frame["score"] < 0) | (frame["score"] > 0.9)).groupby(at(frame)).sum().reindex(times(ws), fill_value=0)
    assert found.tolist() == np.where(suspects, beyond, 0).tolist()


def test_that_users_are_gone_who_make_no_request_for_so_long(filled: tuple[Workspace, pd.DataFrame]) -> None:
    ws, frame = filled
    gone, users = ws.scan(1, whole(ws), 3600, Asked()).gone_users(20_000)
    hours = at(frame, 3600)
    seconds = frame["ts"].astype("datetime64[us, UTC]").astype("int64") / 1e6
    for index, start in enumerate(times(ws, 3600)):
        here = set(frame["user"][hours == start])
        again = set(frame["user"][(seconds >= start + 3600) & (seconds < start + 3600 + 20_000)])
        assert (gone[index], users[index]) == (len(here - again), len(here))


def test_that_a_split_keeps_the_most_frequent_values_apart(filled: tuple[Workspace, pd.DataFrame],
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    ws, frame = filled
    monkeypatch.setattr(splits, "MOST_VALUES", 2)
    job = Asked()
    found = ws.moments(1, ["score"], whole(ws), BUCKET, by=ws.split_by("country", whole(ws)), job=job)
    parts = frame["country"].fillna("").replace({"C": "(other)"})
    assert {one.series for one in found} == {"", "A", "B", "(other)"}
    for one in found:
        theirs = frame[parts == one.series]
        sums = theirs.groupby(at(theirs))["score"].sum().reindex(times(ws), fill_value=0)
        np.testing.assert_allclose(one.columns["score"].sum, sums, rtol=1e-9, atol=1e-12)
    assert job.asked > 5


def test_that_a_split_by_what_is_not_there_lists_what_is(filled: tuple[Workspace, pd.DataFrame]) -> None:
    with pytest.raises(BadSettings, match="country"):
        filled[0].split_by("contry", whole(filled[0]))


def test_that_a_scan_can_be_stopped_between_stretches(filled: tuple[Workspace, pd.DataFrame]) -> None:
    ws, _ = filled
    with pytest.raises(JobStopped):
        ws.scan(1, whole(ws), BUCKET, Asked(2)).unseen({"country": frozenset({"A"})})
    with pytest.raises(JobStopped):
        ws.scan(1, whole(ws), BUCKET, Asked(3)).gone_users(1000)
    split = ws.split_by("country", whole(ws))
    with pytest.raises(JobStopped):
        ws.moments(1, ["score"], whole(ws), BUCKET, by=split, job=Asked(2))
    with pytest.raises(JobStopped):
        ws.percentiles(1, "latency", whole(ws), BUCKET, [0.5], by=split, job=Asked(2))
    assert ws.moments(1, ["score"], whole(ws), BUCKET)[0].rows.sum() == 3000      # nothing is left behind


def spread_is_that_of(found: Distribution, frame: pd.DataFrame, name: str, bucket_s: int, scale: float) -> None:
    values = (frame[name] * scale).to_numpy()
    buckets = at(frame, bucket_s)
    assert found.counts.sum() == len(frame)
    assert (found.lower[1:] >= found.upper[:-1] - 1e-12).all()
    assert (found.upper - found.lower <= 0.0201 * np.abs(found.upper).clip(np.abs(found.lower)) + 1e-300).all()
    for index, start in enumerate(found.times):
        mine = values[buckets == start]
        for place in np.flatnonzero(found.counts[index])[:20]:
            low, high = found.lower[place], found.upper[place]
            near = 1e-9 * max(abs(low), abs(high))
            inside = (mine >= low - near) & (mine <= high + near)
            assert inside.sum() >= found.counts[index, place]


@pytest.mark.parametrize("bucket_s", [600, 3600])
@pytest.mark.parametrize("name, scale", [("score", 1.0), ("latency", 1000.0)])
def test_that_a_distribution_is_that_of_the_rows(filled: tuple[Workspace, pd.DataFrame], name: str, scale: float,
                                                 bucket_s: int) -> None:
    ws, frame = filled
    kept = ws.scan(1, whole(ws), bucket_s).distribution(name)
    spread_is_that_of(kept, frame, name, bucket_s, scale)
    held = kept
    for _ in range(3):          # the second question reads it into memory
        held = ws.scan(1, whole(ws), bucket_s).distribution(name)
        ws._resident.wait()
    np.testing.assert_array_equal(held.counts, kept.counts)
    np.testing.assert_array_equal(held.lower, kept.lower)


def test_that_a_distribution_finer_than_bins_is_made_of_the_rows(filled: tuple[Workspace, pd.DataFrame]) -> None:
    ws, frame = filled
    spread_is_that_of(ws.scan(1, whole(ws), 30, Asked()).distribution("latency"), frame, "latency", 30, 1000.0)

"""Drift over time of made logs: what was put in is told, by its kind and its time, from the rows alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from console.drift.course_view import CourseView, DriftKind
from console.errors import BadSettings
from console.jobs import JobStopped, SilentJob
from console.roles import StreamKind
from console.session import Session
from console.window import Window
from tests.console.folders import MakeFolder, truth_of
from tests.tiers import once


@pytest.fixture(scope="module")
def drifted(log_folder: MakeFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A log in which age, country and session depth move at once."""
    folder = log_folder("data-drift-sudden", rows=12_000, days=28, seed=31)
    session = Session.open(folder, workspace=tmp_path_factory.mktemp("drifted") / "workspace.duckdb")
    session.load(SilentJob())
    yield session
    session.close()


def looked(folder: Path, tmp_path: Path, **options: object) -> CourseView:
    session = Session.open(folder, workspace=tmp_path / "workspace.duckdb")
    try:
        session.load(SilentJob())
        return session.drift_over_time(SilentJob(), **options)  # type: ignore[arg-type]
    finally:
        session.close()


STORIES = once(("recurring", DriftKind.RECURRING, 1), ("data-drift-sudden", DriftKind.SUDDEN, 1),
               ("healthy", DriftKind.NONE, 0), ("data-drift-gradual", DriftKind.GRADUAL, 4),
               ("schema-change", DriftKind.SCHEMA, 1), ("seasonal", DriftKind.NONE, 0))


@pytest.mark.parametrize(("scenario", "kind", "buckets"), STORIES)
def test_that_the_story_of_a_log_is_told(scenario: str, kind: DriftKind, buckets: int, log_folder: MakeFolder,
                                         tmp_path: Path) -> None:
    folder = log_folder(scenario, rows=12_000, days=28, seed=31)
    view = looked(folder, tmp_path)
    assert view.kind is kind, view.sentence
    if kind is DriftKind.NONE:
        assert view.onset is None
        return
    injected = truth_of(folder)["injections"][0]
    assert view.onset is not None
    off_s = abs((view.onset - datetime.fromisoformat(injected["start"].replace("Z", "+00:00"))).total_seconds())
    assert off_s <= buckets * view.bucket_s
    if kind is DriftKind.SUDDEN:
        assert {row.column for row in view.rows if row.moved} >= set(injected["columns"])
        row = next(row for row in view.rows if row.column == "age" and row.what == "values")
        # +9 years at a standard deviation of 11: D of two normal laws so far apart
        assert row.size == pytest.approx(0.318, abs=0.04)
        before, after = view.around(row) or (None, None)
        assert before is not None and after is not None and before.end == after.start == row.onset
    if kind is DriftKind.RECURRING:
        assert view.match is not None and view.match.like
        assert view.match.sentence.startswith("The time since ")       # no current window was chosen
        regimes = injected["regimes"]
        assert abs(view.match.window.end - datetime.fromisoformat(regimes[1]["end"].replace("Z", "+00:00"))
                   ).total_seconds() <= 2 * view.bucket_s


def test_that_counts_are_those_of_the_rows_whatever_the_buckets_and_the_reference(drifted: Session) -> None:
    whole = drifted.selection().whole
    assert whole is not None
    late = Window.from_epoch(whole.end_s - 6 * 86400, whole.end_s)
    view = drifted.drift_over_time(SilentJob(), reference=late, bucket_s=86400.0, names=("age", "country"))
    stream = next(one for one in drifted.store.streams() if one.kind is StreamKind.REQUESTS)
    rows = drifted.store.cursor().execute(
        f"SELECT count(*) AS a, count(age) AS b FROM {stream.rows_sql} GROUP BY time_bucket(INTERVAL 1 DAY, _ts) "
        "ORDER BY min(_ts)").fetchnumpy()
    counts = [np.asarray(values).tolist() for values in rows.values()]
    assert view.rows_n.tolist() == counts[0]
    age = next(row for row in view.rows if row.column == "age" and row.what == "values")
    assert age.n.tolist() == counts[1]
    assert age.kind is DriftKind.SUDDEN
    assert age.size > 0                     # it still rose at its onset, though the reference lies after it
    assert abs(np.nanmean(age.values[-5:])) < 0.03
    assert "--bucket 86400s" in view.command


def test_that_what_cannot_be_is_refused_and_the_work_can_be_stopped(drifted: Session) -> None:
    with pytest.raises(BadSettings, match="no column"):
        drifted.drift_over_time(SilentJob(), names=("nothing",))
    with pytest.raises(BadSettings, match="buckets"):
        drifted.drift_over_time(SilentJob(), bucket_s=60.0)

    class Stopping(SilentJob):
        def stop_if_asked(self) -> None:
            raise JobStopped

    with pytest.raises(JobStopped):
        drifted.drift_over_time(Stopping())


def test_that_the_command_prints_what_the_session_finds(drifted: Session,
                                                        capsys: pytest.CaptureFixture[str]) -> None:
    from console.commands.over_time import document, tell

    view = drifted.drift_over_time(SilentJob())
    made = json.loads(json.dumps(document(view), default=str))
    assert made["kind"] == "sudden"
    assert len(made["buckets"]) == len(made["rows"][0]["values"]) == 60
    assert sum(bucket["rows"] for bucket in made["buckets"]) == 12_000
    tell(view)
    out, err = capsys.readouterr()
    assert out.splitlines()[0].startswith("sudden")
    assert view.sentence in err


def written(folder: Path, *, right: np.ndarray | None = None, amount: np.ndarray | None = None,
            city: np.ndarray | None = None) -> Path:
    """6,000 requests of ten days: an amount, a city, a class that was told and, beside it, which it was."""
    generator = np.random.default_rng(17)
    n = 6000
    truth = generator.integers(0, 3, n)
    hit = generator.random(n) < (np.full(n, 0.9) if right is None else right)
    names = np.array(["cat", "dog", "owl"])
    pd.DataFrame({
        "timestamp": pd.date_range("2026-03-02", "2026-03-12", periods=n, tz="UTC").strftime("%Y-%m-%dT%H:%M:%SZ"),
        "request_id": [f"r{number}" for number in range(n)],
        "amount": generator.lognormal(3, 0.5, n) * (1.0 if amount is None else amount),
        "city": np.array(["Oslo", "Bonn", "Lima"])[generator.integers(0, 3, n)] if city is None else city,
        "prediction": names[np.where(hit, truth, (truth + 1) % 3)], "label": names[truth],
    }).to_csv(folder / "requests.csv", index=False)
    return folder


def test_that_answers_that_are_right_less_often_are_concept_drift(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    view = looked(written(folder, right=np.where(np.arange(6000) < 3600, 0.9, 0.7)), tmp_path)
    assert view.kind is DriftKind.CONCEPT, view.sentence
    row = next(row for row in view.rows if row.what == "right")
    assert row.size == pytest.approx(-0.2, abs=0.03)
    assert row.onset is not None
    assert abs((row.onset - datetime(2026, 3, 8, tzinfo=UTC)).total_seconds()) <= view.bucket_s


def test_that_another_unit_and_another_spelling_are_schema_and_no_drift_of_the_world(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    late = np.arange(6000) >= 3600
    cities = np.random.default_rng(3).choice(["Oslo", "Bonn", "Lima"], 6000)
    view = looked(written(folder, amount=np.where(late, 60.0, 1.0), city=np.where(late, np.char.upper(cities), cities)),
                  tmp_path)
    assert view.kind is DriftKind.SCHEMA
    said = {row.column: row.sentence for row in view.rows if row.kind is DriftKind.SCHEMA}
    assert said["amount"].startswith("amount changed at once, 7 Mar 2026 20:")      # the bucket that holds midnight
    assert said["amount"].endswith("60, perhaps another unit.")
    assert said["city"].endswith("100 % of the rows have a value of before, written otherwise.")

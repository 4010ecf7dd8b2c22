"""The demo's chapters can be found in the rows by plain pandas."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from console.demo.story import StoryTruth, make_story, new_folder, read_truth
from console.errors import BadSettings, CannotWrite
from console.window import Window

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
ROWS = 30_000


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> StoryTruth:
    return make_story(tmp_path_factory.mktemp("demo") / "shop", seed=3, now=NOW, rows=ROWS)


@pytest.fixture(scope="module")
def rows(story: StoryTruth) -> pd.DataFrame:
    """Requests with their outcomes."""
    return frame(story, "predictions").merge(frame(story, "labels"), on="request_id", how="left")


def frame(story: StoryTruth, stream: str) -> pd.DataFrame:
    lines = []
    for path in sorted((story.folder / stream).iterdir()):
        cursor = duckdb.sql(f"SELECT content FROM read_text('{unpacked(path)}')").fetchall()
        lines += [json.loads(line) for (text,) in cursor for line in text.splitlines()]
    found = pd.DataFrame(lines)
    for column in ("ts", "label_ts"):
        if column in found:
            found[column] = pd.to_datetime(found[column], utc=True)
    return found


def unpacked(path: Path) -> Path:
    import pyarrow as pa

    plain = path.with_suffix(".unpacked")
    with pa.CompressedInputStream(str(path), "zstd") as source:
        plain.write_bytes(source.read())
    target = path.parent.parent.parent / "unpacked" / path.parent.name
    target.mkdir(parents=True, exist_ok=True)
    return plain.rename(target / path.name)


def inside(rows: pd.DataFrame, window: Window) -> pd.DataFrame:
    return rows[(rows.ts >= window.start) & (rows.ts < window.end)]


def test_that_the_counts_of_the_truth_are_those_of_the_files(story: StoryTruth, rows: pd.DataFrame) -> None:
    assert len(rows) == ROWS
    assert rows.request_id.is_unique
    assert rows.clicked.notna().sum() == story.labels
    assert len(frame(story, "system")) == story.samples == 3 * 48 * 360


def test_that_the_history_spans_two_days_and_ends_now(rows: pd.DataFrame) -> None:
    assert NOW - timedelta(hours=48) <= rows.ts.min() < NOW - timedelta(hours=47)
    assert NOW - timedelta(minutes=1) < rows.ts.max() < NOW
    assert rows.label_ts.max() <= NOW


def test_that_inputs_drift_in_their_chapter_and_return(story: StoryTruth, rows: pd.DataFrame) -> None:
    drift = story.chapters.drift
    healthy = inside(rows, story.chapters.healthy)
    late = inside(rows, Window(drift.end - timedelta(hours=1), drift.end))
    after = inside(rows, Window(drift.end, story.chapters.canary.start))
    assert np.log(late.price).mean() - np.log(healthy.price).mean() == pytest.approx(0.57, abs=0.1)
    assert late.seq_len.mean() / healthy.seq_len.mean() == pytest.approx(1.76, abs=0.15)
    assert (late.device == "phone").mean() - (healthy.device == "phone").mean() == pytest.approx(0.24, abs=0.06)
    assert np.log(after.price).mean() == pytest.approx(np.log(healthy.price).mean(), abs=0.05)


def test_that_the_canary_is_slow_fails_and_loses_clicks(story: StoryTruth, rows: pd.DataFrame) -> None:
    during = inside(rows, story.chapters.canary)
    new, old = during[during.model_version == "ctr-v2"], during[during.model_version == "ctr-v1"]
    assert new.latency_ms.median() / old.latency_ms.median() == pytest.approx(1.9, abs=0.1)
    assert (new.status_code >= 500).mean() - (old.status_code >= 500).mean() == pytest.approx(0.04, abs=0.015)
    assert new.prediction.isna().mean() > old.prediction.isna().mean() + 0.04
    assert new.clicked.mean() < old.clicked.mean()


def test_that_the_canary_is_there_only_while_it_ramps(story: StoryTruth, rows: pd.DataFrame) -> None:
    canary = rows[rows.model_version == "ctr-v2"]
    assert canary.ts.between(story.chapters.canary.start, story.chapters.canary.end).all()
    starts = [when for when, share in story.chapters.ramp]
    shares = [(inside(rows, Window(start, end)).model_version == "ctr-v2").mean()
              for start, end in pairwise(starts)]
    assert shares == pytest.approx([0.05, 0.15, 0.30, 0.50], abs=0.05)


def test_that_values_go_missing_near_the_end(story: StoryTruth, rows: pd.DataFrame) -> None:
    burst, healthy = inside(rows, story.chapters.nulls), inside(rows, story.chapters.healthy)
    assert burst.prediction.isna().mean() - healthy.prediction.isna().mean() == pytest.approx(0.18, abs=0.05)
    assert burst.age.isna().mean() - healthy.age.isna().mean() == pytest.approx(0.34, abs=0.06)
    assert story.chapters.nulls.end > NOW - timedelta(minutes=30)


def test_that_the_reference_is_healthy_and_a_month_old(story: StoryTruth) -> None:
    found = duckdb.sql(f"SELECT * FROM '{story.folder}/reference/reference.parquet'").df()
    assert len(found) == story.reference_rows
    assert set(found.model_version) == {"ctr-v1"}
    assert pd.to_datetime(found.ts, utc=True).max() < NOW - timedelta(days=27)


def test_that_the_same_seed_and_time_give_the_same_rows(tmp_path: Path) -> None:
    one = make_story(tmp_path / "one", seed=5, now=NOW, rows=2000)
    two = make_story(tmp_path / "two", seed=5, now=NOW, rows=2000)
    assert frame(one, "predictions").equals(frame(two, "predictions"))


def test_that_the_truth_lies_beside_the_folder_and_reads_back(story: StoryTruth) -> None:
    assert story.truth_file.parent == story.folder.parent
    assert read_truth(story.folder) == story
    assert {path.name for path in story.folder.iterdir()} == {"predictions", "labels", "system", "reference"}


def test_that_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a\n1\n")
    with pytest.raises(BadSettings, match="not empty"):
        make_story(tmp_path, rows=1000)
    assert (tmp_path / "mine.csv").exists()


def test_that_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((CannotWrite, BadSettings), match="file"):
        make_story(tmp_path / "file" / "demo", rows=1000)


def test_that_a_new_folder_has_a_name_of_its_own(tmp_path: Path) -> None:
    first = new_folder(tmp_path, now=NOW)
    first.mkdir()
    assert (first.name, new_folder(tmp_path, now=NOW).name) == ("demo-20260304-1000", "demo-20260304-1000-2")

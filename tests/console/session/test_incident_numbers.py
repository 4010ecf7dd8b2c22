"""Incidents of folders with known faults: the true start, the true columns, and impact as counted from the files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from console.jobs import SilentJob
from console.reports.view import Affected, Method, Moment, ReportView
from console.session import Session
from console.session.worst import worst_window
from console.window import Window
from tests.console.folders import MakeFolder, truth_of

FOLDERS = (pytest.param("bad-canary", id="bad-canary"), pytest.param("null-burst", id="null-burst"),
           pytest.param("latency-spike", id="latency-spike", marks=pytest.mark.long),
           pytest.param("data-drift-sudden", id="data-drift-sudden", marks=pytest.mark.long))
MOVED = {"bad-canary": {"latency_ms", "prediction"}, "null-burst": {"age", "user_ctr_7d", "prediction"},
         "latency-spike": {"latency_ms"}, "data-drift-sudden": {"age", "country", "session_depth"}}
STILL = {"price", "device", "category"}


@dataclass(frozen=True)
class Case:
    """A folder, the report of what was injected into it, and its requests of both windows with their clicks."""

    scenario: str
    truth: dict[str, Any]
    report: ReportView
    session: Session
    before: pd.DataFrame
    during: pd.DataFrame

    @property
    def start(self) -> pd.Timestamp:
        return pd.Timestamp(self.truth["injections"][0]["start"])


@pytest.fixture(scope="module", params=FOLDERS)
def case(request: pytest.FixtureRequest, log_folder: MakeFolder,
         tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    folder = log_folder(request.param, "parquet", rows=10_000, days=1, seed=11)
    truth = truth_of(folder)
    injected = truth["injections"][0]
    start, end = (pd.Timestamp(injected[side]).to_pydatetime() for side in ("start", "end"))
    session = Session.open(folder, workspace=tmp_path_factory.mktemp("incident") / "w.duckdb")
    session.load(SilentJob())
    kept = session.create_incident(window=Window(start, end))
    report = session.report_for_incident(kept.incident_id, SilentJob())
    before, during = sides(folder, report.incident.reference, report.incident.window)
    yield Case(request.param, truth, report, session, before, during)
    session.close()


def sides(folder: Path, reference: Window, window: Window) -> tuple[pd.DataFrame, pd.DataFrame]:
    requests = pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("predictions/*"))])
    labels = pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("labels/*"))])
    requests["clicked"] = requests["request_id"].map(labels.set_index("request_id")["clicked"].astype(float))
    before, during = (requests[(requests["ts"] >= each.start) & (requests["ts"] < each.end)]
                      for each in (reference, window))
    return before, during


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Solved from its definition: the shares p with |hits/n - p| = z sqrt(p (1 - p) / n)."""
    z2 = 1.959963984540054 ** 2
    low, high = sorted(np.roots([n + z2, -(2 * hits + z2), hits * hits / n]).real)
    return low, high


def nearest_rank(values: pd.Series, share: float) -> float:
    return float(np.sort(values)[math.ceil(share * len(values)) - 1])


def test_that_the_onset_is_the_true_start_within_one_bucket(case: Case) -> None:
    onset = case.report.incident.milestone(Moment.ONSET)
    assert onset.method is Method.DATA and onset.at is not None and case.report.changes is not None
    assert abs(onset.at - case.start) <= timedelta(seconds=case.report.changes.bucket_s), onset.source


def test_that_the_onset_without_a_window_that_anybody_chose_is_as_near(case: Case) -> None:
    found = worst_window(case.session, SilentJob()).window
    assert abs(found.start - case.start) <= timedelta(minutes=5)


def test_that_the_true_columns_are_named_and_others_are_not(case: Case) -> None:
    assert case.report.drift is not None
    moved = {row.column for row in case.report.drift.columns if row.verdict.value in ("alarm", "watch")}
    assert MOVED[case.scenario] <= moved
    assert not moved & STILL
    assert {one.column for one in case.report.incident.drift} == moved


def test_that_it_is_over_when_it_was_and_not_recorded_where_it_lasts(case: Case) -> None:
    over = case.report.incident.milestone(Moment.RECOVERED)
    if case.scenario == "data-drift-sudden":
        assert (over.at, over.method) == (None, Method.NONE) and over.source
    elif over.at is not None:       # what mattered was injected until then; small after-effects may hide it
        assert case.report.changes is not None
        assert abs(over.at - pd.Timestamp(case.truth["injections"][0]["end"])) <= timedelta(
            seconds=2 * case.report.changes.bucket_s)
        assert over.method is Method.DATA


SHARES = {"error_rate": lambda rows: rows["status_code"] >= 500,
          "null_responses": lambda rows: rows["prediction"].isna()}


def test_that_rates_are_those_counted_by_hand_with_wilsons_interval(case: Case) -> None:
    impacts = {impact.metric: impact for impact in case.report.impacts}
    for metric, condition in SHARES.items():
        impact = impacts[metric]
        for rows, value, n, hits, low, high in (
                (case.before, impact.before, impact.n_before, impact.hits_before, impact.before_low,
                 impact.before_high),
                (case.during, impact.during, impact.n_during, impact.hits_during, impact.during_low,
                 impact.during_high)):
            counted = int(condition(rows).sum())
            assert (hits, n) == (counted, len(rows)), metric
            assert value == pytest.approx(counted / len(rows))
            assert (low, high) == pytest.approx(wilson(counted, len(rows)), abs=1e-9)
        assert impact.difference_low <= impact.during - impact.before <= impact.difference_high


def test_that_percentiles_are_those_of_the_sorted_latencies_and_lie_in_their_interval(case: Case) -> None:
    impacts = {impact.metric: impact for impact in case.report.impacts}
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        impact = impacts[f"latency_{name}"]
        assert impact.before == nearest_rank(case.before["latency_ms"], share)
        assert impact.during == nearest_rank(case.during["latency_ms"], share)
        assert impact.during_low <= impact.during <= impact.during_high
        values, n = np.sort(case.during["latency_ms"]), len(case.during)
        low = values[max(0, math.ceil(n * share - 1.96 * math.sqrt(n * share * (1 - share))) - 1)]
        assert impact.during_low == pytest.approx(low, rel=0.05)


def test_that_clicks_are_counted_where_they_are_complete(case: Case) -> None:
    ctr = next(impact for impact in case.report.impacts if impact.metric == "ctr")
    known = case.during["clicked"].dropna()
    if case.scenario == "data-drift-sudden":        # lasts to the end of the log, where clicks are still waited for
        assert ctr.n_during < len(known)
    else:
        assert (ctr.n_during, ctr.hits_during) == (len(known), int(known.sum()))
        assert ctr.during == pytest.approx(known.mean())
    before = case.before["clicked"].dropna()
    assert (ctr.n_before, ctr.hits_before) == (len(before), int(before.sum()))


def test_that_missing_cells_are_counted_by_hand(case: Case) -> None:
    impact = next(impact for impact in case.report.impacts if impact.metric == "missing_values")
    inputs = ["age", "price", "days_since_last", "session_depth", "user_ctr_7d", "device", "country", "category",
              "seq_len"]
    for rows, value, n in ((case.before, impact.before, impact.n_before),
                           (case.during, impact.during, impact.n_during)):
        missing = rows[inputs].isna()
        assert n == missing.size and value == pytest.approx(missing.to_numpy().mean())


def conditions(case: Case) -> dict[str, Any]:
    slow = nearest_rank(case.before["latency_ms"], 0.99)
    made = {"failed": lambda rows: rows["status_code"] >= 500, "no_prediction": lambda rows: rows["prediction"].isna(),
            "slow": lambda rows: rows["latency_ms"] > slow}
    for one in case.report.affected:
        if one.what.startswith("missing:"):
            made[one.what] = lacks(one.what.partition(":")[2])
    return made


def lacks(column: str) -> Any:
    return lambda rows: rows[column].isna()


def test_that_requests_and_users_affected_are_counted_by_hand(case: Case) -> None:
    known = conditions(case)
    grown = [one for one in case.report.affected if one.what != "any" and one.excess_low > 0]

    def check(one: Affected, during: pd.Series, before: pd.Series) -> None:
        assert (one.requests, one.of_requests) == (int(during.sum()), len(case.during)), one.title
        assert (one.base_requests, one.base_of) == (int(before.sum()), len(case.before))
        assert (one.users, one.of_users) == (case.during.loc[during, "user_id"].nunique(),
                                             case.during["user_id"].nunique())
        assert (one.share_low, one.share_high) == pytest.approx(wilson(one.requests, one.of_requests), abs=1e-9)
        assert one.excess == pytest.approx(one.requests - len(case.during) * before.mean())
        assert one.excess_low <= one.excess <= one.excess_high

    for one in case.report.affected:
        if one.what == "any":
            during, before = (np.logical_or.reduce([known[each.what](rows) for each in grown])
                              for rows in (case.during, case.before))
            check(one, pd.Series(during, index=case.during.index), pd.Series(before, index=case.before.index))
        else:
            check(one, known[one.what](case.during), known[one.what](case.before))
    named = {one.what for one in grown}
    assert named >= {"bad-canary": {"failed", "no_prediction", "slow"}, "latency-spike": {"failed", "slow"},
                     "null-burst": {"no_prediction", "missing:age", "missing:user_ctr_7d"},
                     "data-drift-sudden": set()}[case.scenario]


def test_that_the_hardest_hit_segment_comes_first(case: Case) -> None:
    first = case.report.segments[0]
    hits = [segment.hit for segment in case.report.segments]
    assert hits == sorted(hits, reverse=True)
    if case.scenario == "bad-canary":
        assert (first.column, first.value) == ("model_version", "ctr-v2")
    if case.scenario == "data-drift-sudden":
        assert (first.column, first.value, first.new) == ("country", "ZZ", True)
    for segment in case.report.segments:
        rows = case.during[case.during[segment.column] == segment.value]
        assert segment.requests == len(rows)
        assert segment.base_requests == int((case.before[segment.column] == segment.value).sum())


def test_that_each_printed_query_gives_its_number_on_the_rows_alone(case: Case) -> None:
    """On a database that has nothing but the rows of both windows under their name."""
    import duckdb

    rows = case.session.store.cursor().sql(case.report.rows_sql).to_arrow_table()
    with duckdb.connect() as elsewhere:
        elsewhere.register("incident_rows", rows)
        for impact in case.report.impacts:
            for sql, value in ((impact.sql, impact.during), (impact.sql_before, impact.before)):
                if sql:
                    (found, *_) = elsewhere.execute(sql).fetchall()[0]
                    assert found == pytest.approx(value, rel=1e-12), impact.metric
        for one in case.report.affected:
            assert elsewhere.execute(one.sql).fetchall()[0][:2] == (one.requests, one.of_requests)


def test_that_examples_stand_in_their_file_and_are_affected(case: Case) -> None:
    assert len(case.report.examples) == 20
    harmed = any(one.excess_low > 0 for one in case.report.affected)
    for example in case.report.examples:
        frame = pd.read_parquet(case.session.folder / example.file)
        cells = dict(example.cells)
        assert str(frame.iloc[example.record]["request_id"]) == cells["request_id"]
        assert example.line is None         # Parquet has none; the record is its number
        assert bool(example.why) or not harmed


def test_that_files_are_named_with_their_checksums(case: Case) -> None:
    import hashlib

    for one in case.report.inputs:
        assert one.sha256 == hashlib.sha256((case.session.folder / one.path).read_bytes()).hexdigest()
    assert sum(one.records for one in case.report.inputs) >= len(case.during)


def test_that_what_was_found_is_kept_with_the_incident(case: Case) -> None:
    kept = case.session.incident(case.report.incident.incident_id)
    assert kept.looked is not None and kept.changes == case.report.incident.changes
    assert kept.reference == case.report.incident.reference
    assert kept.reference.end <= kept.window.start

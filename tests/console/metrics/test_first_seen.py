"""Model versions that were not there from the beginning: their first row. And rules that are set by hand."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from console.alarms.rules import Op, Threshold
from console.errors import BadSettings
from console.jobs import SilentJob
from console.metrics import charts
from console.metrics.grid import bucket_for
from console.session import Session
from tests.console.folders import MakeFolder


@pytest.fixture(scope="module")
def session(log_folder: MakeFolder, tmp_path_factory: pytest.TempPathFactory):
    folder = log_folder("bad-canary", "parquet", rows=6000, system=True)
    opened = Session.open(folder, workspace=tmp_path_factory.mktemp("seen") / "one.duckdb")
    opened.load(SilentJob())
    yield opened
    opened.close()


def rows_of(folder: Path) -> pd.DataFrame:
    return pd.concat(pd.read_parquet(file) for file in sorted((folder / "predictions").glob("*.parquet")))


def test_that_a_version_that_came_later_is_told_with_its_first_row(session: Session) -> None:
    rows = rows_of(session.folder)
    first = pd.to_datetime(rows["ts"], utc=True).groupby(rows["model_version"]).min().sort_values()
    overview = session.overview()
    (seen,) = overview.first_seen
    assert seen[0] == f"Model version {first.index[1]} first seen"
    finest = bucket_for(overview.window, 200) / 100
    assert 0 <= (first.iloc[1].to_pydatetime() - seen[1]).total_seconds() <= max(finest * 2, 1)
    assert session.overview().first_seen == overview.first_seen


def test_that_the_beginning_is_looked_for_once(session: Session) -> None:
    known: charts.Firsts = {}
    first = charts.overview(session.store, 800, known)
    assert len(known) == 1
    (key,) = known
    known[key] = kept = first.versions[-1][1].start - timedelta(seconds=1)
    assert charts.overview(session.store, 800, known).versions[-1][1].start == kept


def test_that_a_rule_set_by_hand_is_judged_over_stretches_with_rows_enough(session: Session) -> None:
    rule = session.rule_here("error_rate", "", 0.25)
    assert rule.condition.op is Op.GREATER and rule.condition.value == 0.25
    usual = rows_of(session.folder)["status_code"].ge(500).mean()
    assert usual < rule.condition.clear < 0.25 and rule.over_s % rule.every_s == 0 and rule.min_samples >= 20
    session.set_rules([rule])
    assert session.rule_here("error_rate", "", 0.25).name == "error_rate high 2"
    assert session.rule_here("ctr", "", 0.001).condition.op is Op.LESS
    throughput = session.rule_here("throughput", "", 0.0001)          # neither side is better: below what is usual
    assert throughput.condition == Threshold(Op.LESS, 0.0001, throughput.condition.clear)
    assert session.rule_here("latency", "p99", 900.0).metric == "latency_p99"
    assert session.rule_here("latency", "v2", 900.0).metric == "latency_p95"      # a curve of a split
    with pytest.raises(BadSettings):
        session.rule_here("latency_map", "", 1.0)


def test_that_one_rule_is_changed_and_the_others_stay(session: Session) -> None:
    one, other = session.rule_here("error_rate", "", 0.25), session.rule_here("latency", "p95", 500.0)
    session.set_rules([one, other])
    moved = session.rule_here("error_rate", "", 0.5)
    assert session.change_rule(one.name, moved) == one
    assert [rule.condition.value for rule in session.rules()] == [0.5, 500.0]
    assert session.change_rule("nobody", None) is None
    session.change_rule(other.name, None)
    assert [rule.name for rule in session.rules()] == [moved.name]

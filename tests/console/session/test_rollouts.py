"""Plans over real folders: against counts from the files with pandas, and against `truth.json`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from console.errors import BadSettings
from console.jobs import SilentJob
from console.rollout.outcomes import Harm, Source, Split
from console.rollout.plan import Bake, Binding, Degree, Gate, GateKind, MetricKind, Plan, SetWeight, Worse
from console.rollout.replay import as_bytes, salt_of
from console.rollout.routing import buckets_of
from console.rollout.state import Ending
from console.session import Session
from console.session.rollouts import Setup, harm_of, keep_replay, prepare, requests_of, run, try_out
from tests.console.folders import MakeFolder

ERRORS = Gate("errors", GateKind.ERROR_SHARE, binding=Binding(MetricKind.ERROR_RATE))
CAREFUL = Plan("careful", steps=(SetWeight(20), Bake(3600), SetWeight(50), Bake(9000)),
               gates=(Gate("split", GateKind.SRM), ERRORS), degree=Degree.FULL, attribution_s=1800)
QUICK = replace(CAREFUL, steps=(SetWeight(20), Bake(600), SetWeight(50), Bake(600)))
RANDOMISED = Setup(CAREFUL, candidate="ctr-v2", declared_random=True)


@pytest.fixture(scope="module")
def canary_folder(log_folder: MakeFolder) -> Path:
    return log_folder("bad-canary", "parquet", rows=16_000, days=0.5)


@pytest.fixture(scope="module")
def session(canary_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    opened = Session.open(canary_folder, workspace=tmp_path_factory.mktemp("canary") / "w.duckdb")
    opened.load(SilentJob())
    yield opened  # type: ignore[misc]
    opened.close()


@pytest.fixture(scope="module")
def raw(canary_folder: Path) -> pd.DataFrame:
    """The files, with nothing of ours."""
    read = pd.concat([pd.read_parquet(file) for file in sorted((canary_folder / "predictions").glob("*.parquet"))])
    read["at"] = pd.to_datetime(read["ts"], utc=True).astype("int64") / 1e9
    if read["at"].max() < 1e9:          # kept in microseconds
        read["at"] *= 1e3
    read["failed"] = read["status_code"] >= 500
    return read.sort_values("at")


def test_that_full_automation_stops_a_bad_canary_and_the_blast_radius_is_that_of_the_raw_rows(
        session: Session, raw: pd.DataFrame) -> None:
    found = prepare(session.store, RANDOMISED, SilentJob())
    run(found, SilentJob())
    replay = found.replay
    assert (replay.stable, replay.state.ending) == ("ctr-v1", Ending.ABORTED)
    steps = [(entry.at, dict(entry.changes)["weight"]) for entry in replay.log if "weight" in dict(entry.changes)]
    weight = np.zeros(len(raw))
    for at, percent in steps:
        weight[raw["at"].to_numpy() >= at] = percent
    users = raw["user_id"].astype(str)
    own = dict(zip(users.unique(), buckets_of(salt_of(CAREFUL, 0), users.unique()), strict=True))
    met = raw[users.map(own).to_numpy() < weight * 100]
    blast = replay.blast()
    assert (blast.requests, blast.users) == (len(met), met["user_id"].nunique())
    assert blast.errors == met[met["model_version"] == "ctr-v2"]["failed"].sum()
    assert blast.of_requests == (weight > 0).sum()
    assert not (replay.went_to_candidate() & (replay.requests.at >= steps[-1][0])).any()
    assert (replay.start_s // 60) == raw[raw["model_version"] == "ctr-v2"]["at"].min() // 60


def test_that_the_canary_as_it_ran_is_counted_as_in_the_files(session: Session, raw: pd.DataFrame) -> None:
    found = prepare(session.store, replace(RANDOMISED, split=Split.LOGGED), SilentJob())
    run(found, SilentJob())
    replay = found.replay
    assert replay.state.ending is Ending.ABORTED
    rows = raw[(raw["at"] >= replay.start_s) & (raw["at"] < replay.log[-1].at)]
    met, stayed = rows[rows["model_version"] == "ctr-v2"], rows[rows["model_version"] == "ctr-v1"]
    blast = replay.blast()
    assert (blast.requests, blast.users, blast.errors) == (len(met), met["user_id"].nunique(), met["failed"].sum())
    minute = ((rows["at"] - replay.start_s) // 60).astype(int)
    rate = stayed.groupby(minute)["failed"].mean().reindex(range(minute.max() + 1)).fillna(stayed["failed"].mean())
    assert blast.excess_errors == pytest.approx(met["failed"].sum() - (met.groupby(minute).size() * rate).sum())
    told = {row.metric: row for row in found.comparison()}
    by_version = raw.groupby("model_version")["latency_ms"].mean()
    assert told["latency"].candidate == pytest.approx(by_version["ctr-v2"])
    assert told["latency"].differs


def test_that_a_candidate_is_made_of_the_requests_of_one_version_alone(session: Session, raw: pd.DataFrame) -> None:
    found = prepare(session.store, Setup(CAREFUL), SilentJob())
    own = (raw["model_version"] == "ctr-v1").sum()
    assert len(found.replay.requests) == own < len(raw)
    assert found.replay.stable == "ctr-v1" and found.replay.requests.source is Source.SYNTHETIC
    assert f"requests of ctr-v1: identical. The log has other versions too; {own / len(raw):.1%}" in found.why


def test_that_an_undeclared_canary_gets_no_verdict(session: Session) -> None:
    found = prepare(session.store, replace(RANDOMISED, declared_random=False), SilentJob())
    assert found.replay.requests.source is Source.CONFOUNDED
    assert "nobody declared it" in found.why
    run(found, SilentJob())
    assert found.replay.state.ending is None


def test_that_clicks_have_the_time_at_which_they_were_told(session: Session, canary_folder: Path) -> None:
    requests, _ = requests_of(session.store, RANDOMISED, SilentJob())
    labels = pd.concat([pd.read_parquet(file) for file in sorted((canary_folder / "labels").glob("*.parquet"))])
    clicked, at = requests.stable.clicked, requests.stable.clicked_at
    assert clicked is not None and at is not None
    assert np.isfinite(clicked).sum() == labels["request_id"].nunique()
    assert np.nansum(clicked) == labels.drop_duplicates("request_id")["clicked"].sum()
    known = np.isfinite(clicked)
    assert (at[known] > requests.at[known]).all()


def test_that_a_rehearsal_is_kept_with_its_audit_log(session: Session) -> None:
    setup = Setup(CAREFUL, harm=Harm("errors x20", errors_times=20))
    found = prepare(session.store, setup, SilentJob())
    run(found, SilentJob())
    number = keep_replay(session.store, found)
    (kept,) = [row for at, row in session.store.kept_rollouts() if at == number]
    assert (kept.kind, kept.source, kept.ending) == ("replay", "synthetic", found.replay.state.ending.value)  # type: ignore[union-attr]
    assert kept.requests == found.replay.blast().requests
    lines = session.store.rollout_events(number)
    assert [line.sentence for line in lines] == [entry.sentence for entry in found.replay.log]
    again = prepare(session.store, setup, SilentJob())
    run(again, SilentJob())
    assert as_bytes(again.replay.log) == as_bytes(found.replay.log)


def test_that_a_plan_is_tried_out_on_the_log(session: Session) -> None:
    found = try_out(session.store, Setup(QUICK), SilentJob(), runs=10,
                    harms=(Harm(), Harm("errors x20", errors_times=20)))
    assert [result.runs for result in found.results] == [10, 10]
    assert found.left_out == ("split",)
    assert found.of.endswith("requests of ctr-v1 are used: the log has other versions too.")
    with pytest.raises(BadSettings):
        try_out(session.store, replace(RANDOMISED, source=Source.RANDOMISED), SilentJob())


@pytest.mark.parametrize("text", ["", "errors", "errors_times", "errors_times=x", "name=3", "errors_times=nan"])
def test_that_what_is_no_harm_is_refused(text: str) -> None:
    assert harm_of("errors x5").errors_times == 5
    assert harm_of("errors_times=3,latency_times=1.5") == Harm("errors_times=3,latency_times=1.5", errors_times=3,
                                                               latency_times=1.5)
    with pytest.raises(BadSettings):
        harm_of(text)


@pytest.mark.long
def test_that_the_open_bandit_shows_no_difference(shared_logs: Path, tmp_path: Path) -> None:
    truth = json.loads((shared_logs.parent / "truth.json").read_text())["open-bandit-all"]["by_policy"]
    opened = Session.open(shared_logs / "open-bandit-all", workspace=tmp_path / "w.duckdb")
    try:
        opened.load(SilentJob())
        either = Gate("clicks", GateKind.DIFFERENCE, binding=Binding(MetricKind.CTR, worse=Worse.EITHER))
        plan = Plan("half", steps=(SetWeight(50), Bake(6 * 86400)), gates=(either,), degree=Degree.FULL,
                    check_every_s=600)
        found = prepare(opened.store, Setup(plan, stable="random", candidate="bts", probability=0.5,
                                            split=Split.LOGGED), SilentJob())
        assert found.replay.requests.source is Source.RANDOMISED
        (row,) = [row for row in found.comparison() if row.metric == "CTR"]
        assert (row.candidate, row.stable) == (truth["bts"]["ctr"], truth["random"]["ctr"])
        assert (row.n_candidate, row.n_stable) == (truth["bts"]["rows"], truth["random"]["rows"])
        # a plain interval of two shares has a half width of 0.18 points; one for every look is wider
        plain = 1.96 * np.sqrt(0.0042 * 0.9958 / 10_000 + 0.0038 * 0.9962 / 10_000)
        assert row.low < 0.0004 - plain and row.high > 0.0004 + plain
        assert not row.differs
        assert "no difference shown" in row.sentence
        run(found, SilentJob())
        assert found.replay.state.ending is Ending.PROMOTED
        assert "No difference shown" in found.view.gates[0].reason
    finally:
        opened.close()

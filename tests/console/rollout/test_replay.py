"""A plan over a log: against counting by hand with pandas, and what must not matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import BadSettings
from console.rollout import events as ev
from console.rollout.finding import Outcome
from console.rollout.outcomes import Harm, Outcomes, Requests, Source, Split, judged_source, spoiled
from console.rollout.plan import (
    Bake,
    Binding,
    Counting,
    Degree,
    Gate,
    GateKind,
    Kind,
    MetricKind,
    Plan,
    SetMirrorRoute,
    Unit,
)
from console.rollout.replay import Operator, Replay, as_bytes, salt_of, slice_seconds
from console.rollout.routing import buckets_of
from console.rollout.state import Ending, Reason
from console.rollout.tally import Measure
from console.rollout.view import Action
from console.rollout.viewed import view_of
from tests.console.rollout.make import ERRORS, first, plan, requests
from tests.tiers import examples

SPLIT = Gate("split", GateKind.SRM)
SLOW = Gate("slow", GateKind.DIFFERENCE, binding=Binding(MetricKind.LATENCY_SHARE, limit=50.0))
CLICKS = Gate("clicks", GateKind.DIFFERENCE, binding=Binding(MetricKind.CTR), margin=0.01)
CAREFUL = plan(5, 25, 50, gates=(SPLIT, ERRORS, SLOW, CLICKS), attribution_s=600)
LOG = requests()
SHORT = requests(70, 80)
BAD = spoiled(LOG, Harm(errors_times=8), seed=1)


def ran(a_plan: Plan = CAREFUL, log: Requests = LOG, **more: object) -> Replay:
    """To its end."""
    found = Replay(a_plan, log, **more)  # type: ignore[arg-type]
    found.run()
    return found


def table(replay: Replay) -> pd.DataFrame:
    """The rows, with what a person would need to count by hand."""
    r = replay.requests
    names = np.where(r.user >= 0, r.users[r.user] if len(r.users) else "", "")
    return pd.DataFrame({"at": r.at, "user": names, "minute": ((r.at - replay.start_s) // replay.slice_s).astype(int),
                         "failed": r.candidate.failed, "failed_stable": r.stable.failed})


def test_that_identical_versions_are_promoted_and_a_bad_one_is_stopped() -> None:
    good, bad = ran(), ran(log=BAD)
    assert (good.state.ending, good.state.stable) == (Ending.PROMOTED, "candidate")
    assert (bad.state.ending, bad.state.weight) == (Ending.ABORTED, 0)
    assert "gate errors failed. More than its part:" in bad.state.why
    assert bad.clock_s < good.clock_s


def test_that_the_blast_radius_is_that_counted_by_hand() -> None:
    replay = ran(log=BAD)
    rows = table(replay)
    steps = [(entry.at, dict(entry.changes)["weight"]) for entry in replay.log if "weight" in dict(entry.changes)]
    assert steps[-1][1] == 0
    rows["weight"] = 0.0
    for at, weight in steps:
        rows.loc[rows["at"] >= at, "weight"] = weight
    own = dict(zip(replay.requests.users, buckets_of(salt_of(CAREFUL, 0), replay.requests.users), strict=True))
    met = rows[rows["user"].map(own) < rows["weight"] * 100]
    blast = replay.blast()
    assert (blast.requests, blast.users) == (len(met), met["user"].nunique())
    assert blast.errors == met["failed"].sum()
    assert blast.excess_errors == met["failed"].sum() - met["failed_stable"].sum()
    assert blast.of_requests == (rows["weight"] > 0).sum()
    assert replay.went_to_candidate().sum() == len(met)
    ended = steps[-1][0]
    assert not replay.went_to_candidate()[replay.requests.at >= ended].any()


@given(st.integers(300, 9000), st.lists(st.integers(1, 40), max_size=6), st.integers(0, 3))
@examples(4, 300)
def test_that_the_log_is_the_same_byte_for_byte_at_any_speed(at_once: int, strides: list[int], seed: int) -> None:
    script: list[ev.ByPerson] = [ev.Pause(1.7e9 + 700), ev.Resume(1.7e9 + 1400), ev.Promote(1.7e9 + 2000)]
    whole = Replay(CAREFUL, SHORT, seed=seed)
    whole.run(script, until_ended=False)
    bits = Replay(CAREFUL, SHORT, seed=seed, at_once=at_once)
    bits.start()
    waiting = list(script)
    for stride in [*strides, 10_000]:
        for _ in range(stride):
            while waiting and waiting[0].at <= bits.clock_s:
                bits.do(replace(waiting.pop(0), at=bits.clock_s))
            bits.advance(1)
            if bits.over:
                break
        view_of(bits)                   # looking changes nothing
    assert as_bytes(bits.log) == as_bytes(whole.log)
    assert bits.blast() == whole.blast()


def test_that_a_replay_that_begins_again_is_the_same_and_leaves_the_first_alone() -> None:
    one = Replay(CAREFUL, BAD, operator=Operator(300))
    one.run()
    log, blast = as_bytes(one.log), one.blast()
    other = one.again()
    assert (other.done, other.log, other.state.ending) == (0, [], None)
    other.run()
    assert as_bytes(other.log) == log == as_bytes(one.log)
    assert other.blast() == blast == one.blast()
    assert other.tally is one.tally


@given(st.integers(2000, 23_999))
@examples(4, 200)
def test_that_what_is_decided_depends_on_nothing_that_comes_later(rows: int) -> None:
    whole = Replay(CAREFUL, BAD)
    whole.run(until_ended=False)
    part = Replay(CAREFUL, first(BAD, rows))
    part.run(until_ended=False)
    until = float(part.requests.at[-1]) - 60
    early = [entry for entry in whole.log if entry.at <= until]
    assert as_bytes(entry for entry in part.log if entry.at <= until) == as_bytes(early)


def test_that_clicks_that_come_after_their_window_never_change_a_verdict() -> None:
    late = LOG.stable.clicked_at > LOG.at + 600  # type: ignore[operator]
    assert late.any()
    other = replace(LOG.stable, clicked=np.where(late, 0.0, LOG.stable.clicked))  # type: ignore[arg-type]
    assert other.clicked is not None and other.clicked.sum() < LOG.stable.clicked.sum()  # type: ignore[union-attr]
    assert as_bytes(ran(log=replace(LOG, stable=other, candidate=other)).log) == as_bytes(ran().log)


def test_that_unripe_clicks_are_not_judged() -> None:
    replay = Replay(CAREFUL, LOG)
    replay.start()
    replay.advance(10)
    assert replay.findings[1, 3].outcome is Outcome.HELD
    replay.advance(1)
    test = replay.measuring.test(replay.state.runs[0], 3)
    in_the_first_minute = int(replay.tally.first_row[1])
    assert test is not None
    assert replay.findings[1, 3].n_c + replay.findings[1, 3].n_s in (0, in_the_first_minute)
    assert test.total.n_c + test.total.n_s == in_the_first_minute  # type: ignore[union-attr]


def test_that_every_request_goes_to_one_version_and_none_is_counted_twice() -> None:
    replay = Replay(CAREFUL, LOG)
    replay.start()
    replay.advance(35)
    table_ = replay.reading.table(Measure(MetricKind.REQUESTS), 0, 35)
    assert (table_[:, 0] + table_[:, 3]).tolist() == replay.tally.rows[:35, -1].tolist()
    assert table_[:, 0].sum() == replay.went_to_candidate().sum()
    for at in (0, 12, 34):
        assert tuple(table_[at]) == pytest.approx(replay.reading.slice_of(Measure(MetricKind.REQUESTS), at)[:6])


def test_that_a_salt_or_seed_chooses_other_users_first() -> None:
    one, other = Replay(CAREFUL, LOG, seed=1), Replay(CAREFUL, LOG, seed=2)
    assert (one.routing.buckets != other.routing.buckets).mean() > 0.9
    assert (Replay(CAREFUL, LOG, seed=1).routing.buckets == one.routing.buckets).all()


def test_that_requests_without_users_are_routed_one_by_one_and_it_is_said() -> None:
    replay = ran(log=requests(named=False))
    assert "may meet both versions" in view_of(replay).sticky
    assert replay.state.ending is Ending.PROMOTED
    assert replay.blast().users is None


def test_that_a_request_that_is_spoiled_at_a_low_weight_is_so_at_a_high_one_and_by_more_harm() -> None:
    twice, five = (spoiled(LOG, Harm(errors_times=k), seed=3).candidate.failed for k in (2, 5))
    assert twice is not None and five is not None and LOG.stable.failed is not None
    assert (twice >= LOG.stable.failed).all()
    assert (five >= twice).all()
    assert twice.mean() == pytest.approx(2 * LOG.stable.failed.mean(), rel=0.15)
    spoiled_clicks = spoiled(LOG, Harm(clicks_times=0.5), seed=3).candidate.clicked
    assert spoiled_clicks is not None and LOG.stable.clicked is not None
    assert (spoiled_clicks <= LOG.stable.clicked).all()


# ---- sources ---------------------------------------------------------------------------------------------------

def _two_versions(times: float = 6.0, share: float = 0.3, *, seed: int = 5, users: int = 900) -> Requests:
    """Both versions live: chance chose by user, and the candidate fails more."""
    log = requests(240, 200, seed=seed, users=users)
    generator = np.random.default_rng(seed)
    arm = (generator.random(len(log.users)) < share)[log.user].astype(np.int8)
    failed = np.where((arm == 1) & (generator.random(len(log)) < 0.01 * (times - 1)), 1.0, log.stable.failed)
    outcomes = replace(log.stable, failed=failed)
    return replace(log, stable=outcomes, candidate=outcomes, arm=arm, source=Source.RANDOMISED,
                   probability=np.full(len(log), share))


def test_that_of_a_randomised_log_rows_count_whose_version_is_the_simulated_one() -> None:
    log = _two_versions()
    replay = Replay(CAREFUL, log)
    replay.start()
    replay.advance(8)
    rows = slice(0, int(replay.tally.first_row[8]))
    simulated = replay.routing.buckets[rows] < 500
    total = replay.reading.table(Measure(MetricKind.ERROR_RATE), 0, 8).sum(axis=0)
    arm, failed = log.arm[rows], log.stable.failed[rows]  # type: ignore[index]
    assert total[0] == (simulated & (arm == 1)).sum()
    assert total[3] == (~simulated & (arm == 0)).sum()
    assert total[1] == failed[simulated & (arm == 1)].sum()
    kept = 0.3 * 0.05 + 0.7 * 0.95
    assert view_of(replay).kept_share == pytest.approx(kept, abs=0.03)
    assert ran(log=log).state.ending is Ending.ABORTED


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_that_the_split_of_a_randomised_log_is_held_to_what_is_kept_of_it(share: float) -> None:
    """The log has few users of the candidate; the plan wants more of them, and keeps those whose version agrees."""
    gates = (SPLIT,)
    replay = ran(plan(20, 50, gates=gates, bake_s=2400), _two_versions(share=share, times=1, users=15_000))
    assert replay.state.ending is Ending.PROMOTED


def test_that_a_randomised_log_can_be_judged_as_it_was_split() -> None:
    replay = ran(plan(30, gates=(ERRORS,), bake_s=1200), _two_versions(), split=Split.LOGGED)
    assert replay.state.ending is Ending.ABORTED
    ended = replay.log[-1].at
    rows = pd.DataFrame({"at": replay.requests.at, "arm": replay.requests.arm, "user": replay.requests.user,
                         "failed": replay.requests.stable.failed})
    rows = rows[(rows["at"] >= replay.start_s) & (rows["at"] < ended)]
    met = rows[rows["arm"] == 1]
    blast = replay.blast()
    assert (blast.requests, blast.users, blast.errors) == (len(met), met["user"].nunique(), met["failed"].sum())
    minute = ((rows["at"] - replay.start_s) // 60).astype(int)
    of_stable = rows[rows["arm"] == 0].groupby(minute)["failed"].mean()
    expected = (met.groupby(minute).size() * of_stable).sum()
    assert blast.excess_errors == pytest.approx(met["failed"].sum() - expected)


@pytest.mark.parametrize(("probability", "declared", "source"), [
    ([0.5, 0.5, 0.2], False, Source.RANDOMISED), ([0.5, 0.0, 0.2], False, Source.CONFOUNDED),
    ([0.5, np.nan, 0.2], False, Source.CONFOUNDED), (None, False, Source.CONFOUNDED), (None, True, Source.RANDOMISED)])
def test_that_versions_that_chance_did_not_choose_are_confounded(probability: list[float] | None, declared: bool,
                                                                 source: Source) -> None:
    given = None if probability is None else np.array(probability)
    assert judged_source(np.array([0, 1, 1], np.int8), given, declared_random=declared)[0] is source


def test_that_a_confounded_log_gets_no_verdict() -> None:
    replay = ran(log=replace(_two_versions(), source=Source.CONFOUNDED))
    assert {found.outcome for found in replay.findings.values()} == {Outcome.HELD}
    assert replay.state.ending is None
    assert "No gate says anything" in view_of(replay).source_sentence


def test_that_a_shadow_compares_both_answers_to_the_same_request() -> None:
    worse = replace(spoiled(LOG, Harm(errors_times=4), seed=2), source=Source.PAIRED)
    shadow = replace(plan(gates=(ERRORS,)), kind=Kind.SHADOW, steps=(SetMirrorRoute("m", 50), Bake(1200)))
    replay = ran(shadow, worse)
    assert replay.state.ending is Ending.ABORTED
    part = replay.reading.slice_of(Measure(MetricKind.ERROR_RATE), 0)
    rows = slice(0, int(replay.tally.first_row[1]))
    copied = replay.routing.buckets[rows] < 5000
    d = (worse.candidate.failed - worse.stable.failed)[rows][copied]  # type: ignore[operator]
    assert (part.n_c, part.n_s, part.pairs, part.only_c, part.only_s) == (
        copied.sum(), copied.sum(), copied.sum(), (d > 0).sum(), 0)
    assert replay.blast().requests == 0
    assert ran(shadow, replace(LOG, source=Source.PAIRED)).state.ending is Ending.COMPLETED


def test_that_a_gate_without_its_column_is_refused_with_its_name() -> None:
    with pytest.raises(BadSettings, match="Gate score measures score mean"):
        Replay(plan(5, gates=[Gate("score", GateKind.DIFFERENCE, binding=Binding(MetricKind.SCORE_MEAN))]), LOG)
    with pytest.raises(BadSettings, match="clicks"):
        Replay(plan(5, gates=[CLICKS]), replace(LOG, source=Source.PAIRED))


# ---- gates within a replay -------------------------------------------------------------------------------------

def test_that_fixed_limits_see_their_window_and_the_unit_that_they_are_written_in() -> None:
    percent_ = Gate("success", binding=Binding(MetricKind.SUCCESS_RATE, window_s=120, scale=100.0), at_least=99.0,
                    interval_s=60, failure_limit=99)
    slow = Gate("p99", binding=Binding(MetricKind.LATENCY_PERCENTILE, percentile=99), at_most=1.0, interval_s=60,
                failure_limit=99)
    replay = Replay(plan(50, gates=[percent_, slow], counting=Counting.ARGO, bake_s=6000), LOG)
    replay.start()
    replay.advance(7)
    rows = slice(int(replay.tally.first_row[5]), int(replay.tally.first_row[7]))
    mine = replay.routing.buckets[rows] < 5000
    assert replay.findings[1, 0].candidate == pytest.approx(
        100 * (1 - LOG.stable.failed[rows][mine].mean()))  # type: ignore[index]
    rows = slice(int(replay.tally.first_row[6]), int(replay.tally.first_row[7]))
    mine = replay.routing.buckets[rows] < 5000
    exact = np.sort(LOG.stable.latency_ms[rows][mine])[int(np.ceil(0.99 * mine.sum())) - 1]  # type: ignore[index]
    assert replay.findings[1, 1].candidate == pytest.approx(exact, rel=0.011)


def test_that_of_a_user_only_the_first_error_counts() -> None:
    log = requests(60, 100, users=20, errors=0.3)
    by_user = Replay(plan(50, gates=[ERRORS], bake_s=6000), log)
    by_request = Replay(plan(50, gates=[ERRORS], bake_s=6000, unit=Unit.REQUEST), log)
    for replay in (by_user, by_request):
        replay.start()
        replay.advance(30)
    counted = [replay.measuring.test(replay.state.runs[0], 0).total for replay in (by_user, by_request)]  # type: ignore[union-attr]
    assert counted[0].x_c + counted[0].x_s == 20
    assert counted[1].x_c + counted[1].x_s > 500


def test_that_the_judge_looks_once_a_step_at_the_minutes_of_that_step() -> None:
    judge = Gate("judge", GateKind.RANK_SUM, binding=Binding(MetricKind.LATENCY_MEAN))
    good = ran(plan(20, 50, gates=[judge]))
    assert good.state.ending is Ending.PROMOTED
    assert len([entry for entry in good.log if entry.what == "gate"]) == 2
    slow = ran(plan(20, 50, gates=[judge]), spoiled(LOG, Harm(latency_times=1.6), seed=0))
    assert (slow.state.ending, slow.clock_s) == (Ending.ABORTED, slow.start_s + 600)
    assert "High: 98 % interval" in slow.state.why


# ---- people ----------------------------------------------------------------------------------------------------

def test_that_a_person_who_reacts_late_lets_more_requests_meet_a_bad_candidate() -> None:
    helped = replace(CAREFUL, degree=Degree.AI_ASSISTANCE)
    alone = ran(log=BAD)
    late = ran(helped, BAD, operator=Operator(600))
    assert late.state.ending is Ending.ABORTED
    assert late.log[-1].at == alone.log[-1].at + 600
    assert late.blast().requests > alone.blast().requests
    assert late.log[-1].who == "operator"
    assert as_bytes(ran(helped, BAD, operator=Operator(600, 0.5), seed=4).log) == as_bytes(
        ran(helped, BAD, operator=Operator(600, 0.5), seed=4).log)


def test_that_no_traffic_holds_and_promotes_nothing() -> None:
    log = replace(LOG, at=LOG.at + np.where(np.arange(len(LOG)) < 2000, 0, 86_400.0))
    replay = Replay(CAREFUL, log)
    replay.start()
    replay.advance(600)
    assert replay.state.reason is Reason.STALE_DATA
    assert replay.state.weight == 5
    replay.run([ev.Start(replay.clock_s, "candidate")])
    assert replay.state.ending is Ending.PROMOTED


def test_that_the_clock_ticks_as_often_as_the_plan_checks() -> None:
    assert slice_seconds(CAREFUL) == 60
    assert slice_seconds(plan(5, gates=[replace(ERRORS, interval_s=45)])) == 15


def test_that_the_view_tells_the_same_numbers_as_the_rows() -> None:
    replay = ran(log=BAD)
    view = view_of(replay)
    candidate = next(arm for arm in view.arms if arm.name == "candidate")
    assert candidate.requests == replay.went_to_candidate().sum()
    series = {each.name: each for each in view.series}
    assert set(series) == {"errors", "latency", "CTR", "slow"}
    assert np.nansum(series["errors"].n_candidate) == candidate.requests
    assert view.weights.live.tolist()[-1] == 0
    assert view.action(Action.RETRY).allowed
    assert not view.action(Action.PAUSE).allowed
    assert [gate.name for gate in view.gates] == ["split", "errors", "slow", "clicks"]
    assert next(gate for gate in view.gates if gate.name == "errors").outcome is Outcome.FAILED
    assert view.blast.sentence.startswith(f"{candidate.requests:,} requests of ")
    hidden = Replay(replace(CAREFUL, degree=Degree.HUMAN_ONLY), BAD)
    hidden.start()
    hidden.advance(5)
    assert {gate.outcome for gate in view_of(hidden).gates} == {None}


def test_that_an_outcome_that_nobody_knows_counts_for_nobody() -> None:
    failed = LOG.stable.failed.copy()  # type: ignore[union-attr]
    failed[::3] = np.nan
    log = replace(LOG, stable=Outcomes(failed=failed), candidate=Outcomes(failed=failed))
    replay = ran(plan(50, gates=[ERRORS]), log)
    table_ = replay.reading.table(Measure(MetricKind.ERROR_RATE), 0, replay.done).sum(axis=0)
    until = int(replay.tally.first_row[replay.done])
    assert table_[0] + table_[3] == np.isfinite(failed[:until]).sum()

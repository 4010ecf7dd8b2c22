"""Many runs of a plan over one log: counts that can be known beforehand, and the same run as a replay would give."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import numpy as np
import pytest

from console.rollout.operators import Operator
from console.rollout.outcomes import Harm
from console.rollout.plan import Binding, Degree, Gate, GateKind, MetricKind
from console.rollout.state import Ending
from console.rollout.what_if import Run, WhatIfLog, result_of, spread, what_if, wilson
from tests.console.rollout.make import ERRORS, FIXED, plan, requests

LOG = requests(180, 300, errors=0.01, users=5000)
RAMP = plan(5, 25, 50, gates=[ERRORS])
IDENTICAL, TWENTY = Harm(), Harm("errors x20", errors_times=20)


def test_that_runs_are_counted_as_what_became_of_them() -> None:
    runs = [Run(Ending.ABORTED, 300, 40, 4, 0.0, "errors"), Run(Ending.ABORTED, 600, 80, 8, 0.0, "errors"),
            Run(Ending.PROMOTED, 2400, 900, 1, 0.0), Run(None, 9999, 10, 0, 0.0)]
    found = result_of("x", runs)
    assert (found.aborted, found.promoted, found.unfinished, found.aborted_share) == (2, 1, 1, 0.5)
    assert (found.minutes.median, found.to_full.median, found.requests.median) == (7.5, 40, 60)
    assert found.stopped_by == (("errors", 2),)
    assert isnan(spread([]).median)


def test_that_the_interval_of_a_share_is_that_of_wilson() -> None:
    assert wilson(10, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)       # as in the literature
    assert wilson(0, 0) == (0.0, 1.0)


def test_that_a_good_candidate_goes_through_and_a_gross_one_is_stopped_at_once() -> None:
    found = what_if(RAMP, LOG, runs=40, harms=[IDENTICAL, TWENTY])
    good, gross = found.results
    assert good.aborted <= 4
    assert good.to_full.median == 30
    assert good.excess_errors.high == 0
    assert (gross.aborted, gross.promoted) == (40, 0)
    assert gross.minutes.median <= 4
    assert gross.requests.median < 150
    assert gross.stopped_by == (("errors", 40),)
    assert "is stopped in" in found.sentences[0]
    assert found.sentences[1].startswith("At 5 requests a second this plan notices errors x20 in 100.0% of 40 runs")


def test_that_the_same_seed_gives_the_same_runs_and_another_one_others() -> None:
    one, again, other = (WhatIfLog(RAMP, LOG, seed=seed).runs(TWENTY, 12) for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_that_a_longer_look_is_the_same_run_as_a_shorter_one() -> None:
    log = WhatIfLog(RAMP, LOG, seed=1)
    assert log.runs(TWENTY, 5) == log.runs(TWENTY, 12)[:5]


def test_that_a_run_serves_the_share_of_requests_that_its_weight_says() -> None:
    run = WhatIfLog(plan(50, gates=[]), LOG, seed=0).runs(IDENTICAL, 30)
    assert np.mean([each.requests for each in run]) == pytest.approx(10 * 300 * 0.5, rel=0.05)
    assert {each.seconds for each in run} == {600}


def test_that_users_and_times_differ_from_run_to_run() -> None:
    assert len({run.requests for run in WhatIfLog(RAMP, LOG, seed=0).runs(IDENTICAL, 20)}) > 15


def test_that_a_late_person_lets_more_requests_meet_it() -> None:
    helped = replace(RAMP, degree=Degree.AI_ASSISTANCE)
    quick, late = (what_if(helped, LOG, runs=15, harms=[TWENTY], operator=operator).results[0]
                   for operator in (None, Operator(900.0)))
    assert late.minutes.median == pytest.approx(quick.minutes.median + 15, abs=1)
    assert late.requests.median > 2 * quick.requests.median


def test_that_a_fixed_limit_stops_good_candidates_and_its_rate_is_told() -> None:
    strict = replace(FIXED, interval_s=60.0, min_sample=0)
    found = what_if(plan(5, 25, 50, gates=[strict], min_errors=0), LOG, runs=30, harms=[IDENTICAL]).results[0]
    assert found.aborted > 15
    assert found.stopped_by[0][0] == "errors"


def test_that_a_split_cannot_be_tried_and_that_is_said() -> None:
    found = what_if(plan(5, gates=[ERRORS, Gate("split", GateKind.SRM)]), LOG, runs=3, harms=[IDENTICAL])
    assert found.left_out == ("split",)
    assert found.results[0].promoted == 3


@pytest.mark.parametrize(("harm", "binding", "limit"), [
    (Harm(latency_times=1.2), Binding(MetricKind.LATENCY_PERCENTILE, percentile=50), 23.7),
    (Harm(latency_times=1.2), Binding(MetricKind.LATENCY_MEAN), 24.8)])
def test_that_slower_answers_are_measured_from_sums_and_bins(harm: Harm, binding: Binding, limit: float) -> None:
    gate = Gate("slow", binding=binding, at_most=limit, interval_s=60.0)
    log = WhatIfLog(plan(50, gates=[gate]), LOG, seed=0)
    assert {run.ending for run in log.runs(IDENTICAL, 5)} == {Ending.PROMOTED}
    assert {run.ending for run in log.runs(harm, 5)} == {Ending.ABORTED}


@pytest.mark.long
def test_that_identical_candidates_are_stopped_no_more_often_than_alpha() -> None:
    log = requests(600, 600, errors=0.01, users=20_000, seed=8)
    found = what_if(plan(5, 25, 50, 75, gates=[ERRORS]), log, runs=600, harms=[IDENTICAL, Harm("x2", errors_times=2)])
    assert found.results[0].share_low <= 0.05
    assert found.results[0].aborted_share <= 0.05
    assert found.results[1].aborted_share >= 0.97

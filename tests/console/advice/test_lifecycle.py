"""Lines of time of model versions, from counts that the test makes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from console.advice.lifecycle import (
    Advised,
    Alarmed,
    Counts,
    Facts,
    Happened,
    LifecycleView,
    LifeEvent,
    Rehearsed,
    Reported,
    Stage,
    lifecycle,
)
from console.drift.course_view import CourseRow, DriftKind, RowGroup
from console.window import Window, from_epoch

HOUR, BEGIN, BUCKETS, EACH = 3600.0, 1_772_409_600.0, 48, 1000.0
"""Two days of 1000 requests an hour."""
NOTHING = np.zeros(0)


def at(hour: float) -> Any:
    return from_epoch(BEGIN + hour * HOUR)


def counts(candidate: dict[int, float], *, failed: tuple[float, float] | None = None) -> Counts:
    """Two versions; `candidate` is the share of v2 from an hour on. failed: how many of each version's do."""
    share = np.zeros(BUCKETS)
    for hour, part in sorted(candidate.items()):
        share[hour:] = part
    n = {"v1": np.round(EACH * (1 - share)), "v2": np.round(EACH * share)}
    n = {version: part for version, part in n.items() if part.any()}
    spans = {}
    for version, part in n.items():
        there = np.flatnonzero(part)
        spans[version] = (at(float(there[0])), at(float(there[-1]) + 1))
    bad = {version: n[version] * rate for version, rate in zip(n, failed, strict=True)} if failed else {}
    return Counts(Window(at(0), at(BUCKETS)), BEGIN + HOUR * np.arange(BUCKETS), HOUR, n, bad, spans, 60.0)


def moved(column: str, hour: float, *, group: RowGroup = RowGroup.INPUT, what: str = "values",
          ends: float | None = None, kind: DriftKind = DriftKind.SUDDEN, size: float = 0.2) -> CourseRow:
    return CourseRow(column, column, what, group, "D", NOTHING, NOTHING, NOTHING, NOTHING.astype(bool), kind,
                     onset=at(hour), onset_low=at(hour), onset_high=at(hour), ends=None if ends is None else at(ends),
                     size=size, sentence=f"{column} moved.")


def alarm(rule: str, hour: float, *, version: str | None = None, end: float | None = None) -> Alarmed:
    return Alarmed(rule, version or "", version, at(hour), None if end is None else at(end), f"{rule} is high.")


def told(found: Counts, **facts: Any) -> LifecycleView:
    return lifecycle(found, Facts(course_bucket_s=HOUR, **facts))


def events(view: LifecycleView, version: str, what: Happened) -> list[LifeEvent]:
    return [one for life in view.versions if life.version == version for one in life.events if one.what is what]


def stage(view: LifecycleView, version: str) -> Stage | None:
    return next(life.stage for life in view.versions if life.version == version)


def test_that_a_ramp_is_told_step_by_step_where_it_was_reached() -> None:
    view = told(counts({10: 0.02, 12: 0.1, 20: 0.5, 30: 1.0}))
    assert [(one.at, one.sentence.split(" (")[0]) for one in events(view, "v2", Happened.RAMPED)] == [
        (at(12), "At 10 % of the requests"), (at(20), "At 50 % of the requests"), (at(30), "At 100 % of the requests")]
    assert events(view, "v2", Happened.FIRST_SEEN)[0].at == at(10)
    (last,) = events(view, "v1", Happened.LAST_SEEN)
    assert last.at == at(30) and "v2 has them since" in last.sentence
    assert stage(view, "v1") is None and [life.serving for life in view.versions] == [False, True]


def test_that_requests_that_go_back_to_the_version_before_are_a_rollback() -> None:
    view = told(counts({10: 0.1, 20: 0.25, 30: 0.0}))
    (back,) = events(view, "v2", Happened.ROLLED_BACK)
    assert back.at == at(30) and "went back to v1" in back.sentence and "at most 25 %" in back.sentence
    assert not events(view, "v2", Happened.LAST_SEEN) and not events(view, "v1", Happened.LAST_SEEN)


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_that_a_step_is_not_told_of_a_share_that_only_chance_lifts(seed: int) -> None:
    found = counts({10: 0.05})
    noisy = np.random.default_rng(seed).binomial(100, 0.05, BUCKETS - 10).astype(float)
    few = {"v1": found.requests["v1"] / 10, "v2": np.zeros(BUCKETS)}
    few["v2"][10:], few["v1"][10:] = noisy, 100 - noisy
    assert max(noisy) >= 9                                  # alone such a bucket would be a step
    view = told(Counts(found.window, found.starts_s, HOUR, few, {}, found.spans, 60.0))
    assert not events(view, "v2", Happened.RAMPED)


def test_that_what_happens_belongs_to_the_versions_that_served_then() -> None:
    report = Reported("INC-1", "Slow", "open", Window(at(22), at(24)), closed=False)
    mine = alarm("mine", 15, version="v2", end=16)
    view = told(counts({10: 0.1, 20: 1.0}), reported=(report,), rules=2,
                alarms=(alarm("old", 5, end=6), alarm("both", 15, end=16), mine))
    of = {version: [one.reference for one in events(view, version, Happened.ALARMED)] for version in ("v1", "v2")}
    assert of == {"v1": ["old", "both"], "v2": ["both", "mine"]}
    assert not events(view, "v1", Happened.REPORTED)
    (reported,) = events(view, "v2", Happened.REPORTED)
    assert (reported.reference, reported.until) == ("INC-1", at(24))


def test_that_a_rule_that_flaps_is_told_once() -> None:
    rows = tuple(alarm("flap", hour, end=hour + 0.5) for hour in range(5, 15))
    (one,) = events(told(counts({}), alarms=rows), "v1", Happened.ALARMED)
    assert "fired 10 times" in one.sentence and (one.at, one.until) == (at(5), at(14.5))


def test_that_columns_that_change_together_are_one_event_and_a_change_of_answers_is_the_newcomers() -> None:
    rows = (moved("price", 25), moved("age", 25, size=0.4), moved("score", 20, group=RowGroup.PREDICTION))
    view = told(counts({20: 0.2}), courses=rows)
    assert [one.at for one in events(view, "v1", Happened.DRIFTED)] == [at(25)]
    (own, both) = events(view, "v2", Happened.DRIFTED)
    assert (own.reference, both.reference) == ("score", "age") and "price and age changed" in both.sentence


def test_that_a_replay_is_told_of_the_candidate_of_the_log_or_of_whose_requests_it_was_made_from() -> None:
    mine = Rehearsed(1, "careful", "randomised", "v1", "v2", at(12), at(14), "aborted", "Errors rose.")
    made = Rehearsed(2, "careful", "synthetic", "stable", "candidate", at(5), at(9), "promoted", "")
    view = told(counts({10: 0.5}), rehearsed=(mine, made))
    assert [one.at for one in events(view, "v2", Happened.ABORTED)] == [at(14)]
    assert "Errors rose" in events(view, "v2", Happened.ABORTED)[0].sentence
    assert [one.reference for one in events(view, "v1", Happened.PROMOTED)] == ["2"]
    assert not events(view, "v2", Happened.PROMOTED)


def advised(cause: str = "shock", recommended: str = "model", strategy: str = "", leading: str = "all", *,
            sure: bool = True) -> Advised:
    return Advised("RES-1", at(24), cause, recommended, sure, strategy, leading, "It was a shock.", "Fall back.",
                   "Train on the new.")


CASES = [
    pytest.param({}, Stage.MONITOR, "no alarm rule", id="nothing"),
    pytest.param({"courses": (moved("price", 30, kind=DriftKind.SCHEMA),)}, Stage.DATA, "price", id="schema"),
    pytest.param({"courses": (moved("price", 30, what="missing"),)}, Stage.DATA, "source", id="missing cells"),
    pytest.param({"courses": (moved("price", 30),)}, Stage.DATA, "alone", id="one input"),
    pytest.param({"courses": (moved("price", 30), moved("age", 30)), "outcomes": True}, Stage.MONITOR, "advice",
                 id="inputs and not outcomes"),
    pytest.param({"courses": (moved("clicked", 30, group=RowGroup.RELATION),)}, Stage.MODEL, "clicked", id="concept"),
    pytest.param({"advised": (advised(strategy="post"),)}, Stage.MODEL, "Train on the new", id="training helps"),
    pytest.param({"advised": (advised(recommended="stump"),)}, Stage.DEPLOY, "Fall back", id="a heuristic is better"),
    pytest.param({"advised": (advised(recommended="stump", leading=""),)}, Stage.SCOPE, "simpler", id="nothing learns"),
    pytest.param({"advised": (advised(),)}, Stage.MONITOR, "Wait for outcomes", id="not distinguishable yet"),
    pytest.param({"advised": (advised("pipeline"),)}, Stage.DATA, "It was a shock", id="a pipeline"),
    pytest.param({"alarms": (alarm("errors", 40),), "rules": 1}, Stage.MONITOR, "errors is high", id="an alarm fires"),
]


@pytest.mark.parametrize("facts, where, words", CASES)
def test_that_the_evidence_points_at_a_stage(facts: dict[str, Any], where: Stage, words: str) -> None:
    (life,) = told(counts({}), **facts).versions
    assert life.stage is where and words in life.reason


def test_that_a_version_on_its_way_is_a_matter_of_deployment_and_one_that_fails_more_is_taken_back() -> None:
    assert stage(told(counts({10: 0.1})), "v2") is Stage.DEPLOY
    (_, life) = told(counts({10: 0.1}, failed=(0.01, 0.05))).versions
    assert life.stage is Stage.DEPLOY and "Take it back: it fails 5 % of its requests where the others fail 1 %" in \
        life.reason
    assert stage(told(counts({0: 0.1})), "v2") is Stage.MONITOR           # a split that there always was is no ramp
    assert told(counts({10: 0.1}, failed=(0.01, 0.05))).sentence.startswith("Version v1 has 90 % of the requests")


def test_that_a_change_that_went_when_a_version_went_was_that_ones() -> None:
    row = moved("score", 22, group=RowGroup.PREDICTION, ends=30, kind=DriftKind.TRANSIENT)
    view = told(counts({10: 0.3, 30: 0.0}), courses=(row,))
    assert events(view, "v2", Happened.DRIFTED) and not events(view, "v1", Happened.DRIFTED)
    assert events(view, "v2", Happened.DRIFTED)[0].until == at(30) == at(29) + timedelta(hours=1)

"""What changed at once is told apart by what moved with it: inputs and traffic, versions, holes, the weekend."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from console.advice.events import EventKind, KnownEvent
from console.advice.shock import ChangeCause, Shock, judge
from console.drift.course_view import CourseRow, DriftKind, RowGroup
from console.drift.courses import Axis
from console.drift.view import Verdict

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
BUCKETS, HOURS = 56, 6


def axis() -> Axis:
    starts = MONDAY.timestamp() + np.arange(BUCKETS) * HOURS * 3600.0
    return Axis(starts, HOURS * 3600.0, False, np.arange(BUCKETS) < 14, 8)


def at(bucket: int) -> datetime:
    return MONDAY + timedelta(hours=HOURS * bucket)


def row(column: str, bucket: int = 25, *, what: str = "values", group: RowGroup = RowGroup.INPUT,
        kind: DriftKind = DriftKind.SUDDEN, ends: int | None = None, runner_up: str = "none") -> CourseRow:
    return CourseRow(column, column if what == "values" else f"{column} {what}", what, group,
                     "D" if what == "values" else "points", np.full(BUCKETS, 0.2), np.full(BUCKETS, 100.0),
                     np.zeros(BUCKETS), np.zeros(BUCKETS, dtype=bool), kind, Verdict.ALARM, at(bucket), at(bucket),
                     at(bucket), None if ends is None else at(ends), (bucket,), 0.2, 0.0, 0.2, runner_up, 20.0, "",
                     f"{column} moved.")


def judged(*rows: CourseRow, requests: object = None, **more: object) -> Shock:
    n = np.full(BUCKETS, 500.0) if requests is None else requests
    return judge(rows, axis(), n, **more)  # type: ignore[arg-type]


def test_that_several_inputs_at_once_are_a_shock() -> None:
    found = judged(row("price"), row("country"), row("score", group=RowGroup.PREDICTION), row("age", 40))
    assert found.cause is ChangeCause.SHOCK
    assert found.onset == at(25)
    assert found.together == ("price", "country", "score")


def test_that_an_input_and_a_fall_of_the_traffic_are_a_shock() -> None:
    n = np.where(np.arange(BUCKETS) < 25, 600.0, 330.0) + np.tile([0.0, 4.0, -3.0, 2.0], 14)
    assert judged(row("price"), requests=n).together == ("price", "traffic")
    assert judged(row("price"), requests=n).cause is ChangeCause.SHOCK


@pytest.mark.parametrize(("rows", "cause"), [
    ((row("price"),), ChangeCause.PIPELINE),
    ((row("price"), row("age", what="missing")), ChangeCause.PIPELINE),
    ((row("age", what="missing"), row("age")), ChangeCause.PIPELINE),
    ((row("price"), row("fare"), row("cents", kind=DriftKind.SCHEMA)), ChangeCause.SCHEMA),
    ((row("clicked", what="relation", group=RowGroup.RELATION),), ChangeCause.CONCEPT),
    ((row("price", kind=DriftKind.GRADUAL),), ChangeCause.GRADUAL),
    ((row("price"), row("fare"), row("age", 10, kind=DriftKind.GRADUAL), row("km", 10, kind=DriftKind.GRADUAL)),
     ChangeCause.GRADUAL),
    ((), ChangeCause.NONE),
    ((row("price", 25), row("fare", 40)), ChangeCause.PIPELINE),
])
def test_that_other_causes_are_no_shock(rows: tuple[CourseRow, ...], cause: ChangeCause) -> None:
    assert judged(*rows).cause is cause


def test_that_what_a_new_version_moves_is_a_deployment_and_what_comes_in_is_not() -> None:
    place = np.arange(BUCKETS)
    share = np.where(place < 25, 0.1, 0.5)
    versions = {"v1": 500 * (1 - share), "v2": 500 * share}
    moved = (row("latency", group=RowGroup.SERVING), row("score", group=RowGroup.PREDICTION))
    found = judged(*moved, versions=versions)
    assert found.cause is ChangeCause.DEPLOYMENT
    assert "from 10 % to 50 %" in found.sentence
    assert judged(*moved, row("price"), row("country"), versions=versions).cause is ChangeCause.SHOCK
    assert judged(*moved, versions={"v1": 500 * np.ones(BUCKETS)}).cause is ChangeCause.NONE


def test_that_the_first_weekend_is_a_season_and_what_lasts_beyond_it_is_not() -> None:
    weekend = [replace(row(name, 20, kind=DriftKind.TRANSIENT, ends=28)) for name in ("price", "device")]
    assert judged(*weekend).cause is ChangeCause.SEASON
    assert judged(*(row(name, 20) for name in ("price", "device"))).cause is ChangeCause.SHOCK


def test_that_the_calendar_is_named_and_a_holiday_is_a_season() -> None:
    rows = row("price"), row("country")
    policy = KnownEvent("Lockdown", at(24), at(28), EventKind.POLICY)
    found = judged(*rows, events=[policy, KnownEvent("Far", at(40), at(44))])
    assert (found.cause, found.events) == (ChangeCause.SHOCK, (policy,))
    assert "Lockdown" in found.sentence
    assert judged(*rows, events=[replace(policy, kind=EventKind.HOLIDAY)]).cause is ChangeCause.SEASON


def test_that_holes_that_the_calendar_explains_are_a_shock() -> None:
    holes = row("dep_time", what="missing"), row("dep_delay", what="missing")
    assert judged(*holes).cause is ChangeCause.PIPELINE
    assert judged(*holes, events=[KnownEvent("Blizzard", at(24), at(30))]).cause is ChangeCause.SHOCK


def test_that_rows_that_always_ended_so_are_no_holes_where_no_model_reads_them() -> None:
    rng = np.random.default_rng(3)
    cancelled = np.where(np.arange(BUCKETS) == 25, 0.5, rng.uniform(0.01, 0.05, BUCKETS))
    gone = [replace(row(name, what="missing", kind=DriftKind.TRANSIENT, ends=27), values=cancelled)
            for name in ("departure", "arrival")]
    found = judged(*gone, row("departure", 25))
    assert found.cause is ChangeCause.SHOCK, found.sentence
    assert "without departure and arrival" in found.sentence
    assert judged(*gone).cause is not ChangeCause.SHOCK             # nothing beside it moved
    model = row("score", 40, group=RowGroup.PREDICTION)
    assert judged(*gone, row("departure", 25), model).cause is ChangeCause.PIPELINE
    others = replace(gone[1], values=np.where(np.arange(BUCKETS) == 25, 0.5, rng.uniform(0.01, 0.05, BUCKETS)))
    assert judged(gone[0], others, row("departure", 25)).cause is ChangeCause.PIPELINE


def test_that_a_lone_series_that_goes_on_is_probably_a_shock_and_one_that_stands_still_is_not() -> None:
    lone = replace(row("visitors", 25), values=np.where(np.arange(BUCKETS) < 25, 0.0, 0.6) + np.arange(BUCKETS) / 1000)
    found = judged(lone, series=1)
    assert found.cause is ChangeCause.SHOCK and found.sentence.startswith("Probably a shock")
    assert "only series" in found.sentence
    still = replace(lone, values=np.where(np.arange(BUCKETS) < 25, 0.0, 1.0))
    gaps = replace(lone, n=np.where(np.arange(BUCKETS) < 25, 100.0, 0.0))
    assert {judged(one, series=1).cause for one in (still, gaps)} == {ChangeCause.PIPELINE}
    assert judged(lone, row("others", 40, kind=DriftKind.NONE), series=2).cause is ChangeCause.PIPELINE
    assert judged(lone, row("others", 25), series=2).cause is ChangeCause.SHOCK


def test_that_what_held_nearly_since_the_beginning_changes_where_it_ends() -> None:
    clicked = row("clicked", 2, group=RowGroup.OUTCOME, kind=DriftKind.TRANSIENT, ends=30)
    order = row("order", 30, what="ranking", group=RowGroup.RELATION)
    found = judged(clicked, replace(clicked, column="x", title="x", group=RowGroup.RELATION), order)
    assert (found.cause, found.onset) == (ChangeCause.CONCEPT, at(30))
    assert "nearly since the log" in found.sentence


def test_that_a_moment_that_is_given_is_what_is_judged() -> None:
    rows = row("price"), row("country"), row("age", 45)
    assert judged(*rows, at=at(45)).together == ("age",)
    assert judged(*rows, at=at(10)).cause is ChangeCause.NONE

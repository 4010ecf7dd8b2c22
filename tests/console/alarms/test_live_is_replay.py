"""A log that grows row by row gives the history that its replay gives, late rows included; and both are what a plain
loop over the rows gives, which knows neither database nor arrays."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.alarms.evaluate import LAG_S, Live, history
from console.alarms.history import AlarmHistory
from console.alarms.machine import NEW, Sample, State, step
from console.alarms.rules import Band, BurnRate, Factor, NoData, Op, Rule, Side, Threshold
from console.jobs import JobStopped
from console.roles import Role, StreamKind
from console.store import Workspace
from console.store.seen import middles
from tests.console.store.made import NUMBER, REQUESTS, TEXT, TIME, column, put, stream
from tests.tiers import once

DAY = datetime(2026, 3, 2, tzinfo=UTC)
START = DAY.timestamp()


@dataclass(frozen=True)
class Row:
    at: int             # seconds after DAY
    version: str
    latency: int
    failed: bool


RULES = (
    Rule("errors", "error_rate", Threshold(Op.GREATER, 0.25, 0.125), every_s=20, for_s=20, min_samples=2,
         no_data_for_s=60),
    Rule("errors of a version", "error_rate", Threshold(Op.AT_LEAST, 0.5), by=Role.MODEL_VERSION, over_s=60, every_s=20,
         keep_firing_for_s=40, no_data=NoData.OK),
    Rule("traffic", "throughput", Threshold(Op.LESS, 0.1), over_s=40, every_s=20, for_s=40),
    Rule("slow", "latency_p95", Threshold(Op.GREATER, 60.0), over_s=40, every_s=20, min_samples=1, no_data_for_s=0),
    Rule("slow v2", "latency_p50", Band(120, 2.0, Side.BOTH, (30.0, 50.0), (5.0, 10.0)),
         where={Role.MODEL_VERSION: "v2"}, every_s=30, no_data=NoData.FIRING, no_data_for_s=60, for_s=30),
    Rule("budget", "error_rate", BurnRate(0.9, (Factor(2.0, 16800, 4200),), 7 * 86400), every_s=20, lag_s=20),
)


# ---- a plain loop --------------------------------------------------------------------------------------------------

def values_at(rule: Rule, rows: Sequence[Row], instant: float) -> dict[str, tuple[float, int]]:
    """Series -> value and rows behind it, over [instant - over, instant)."""
    inside = [row for row in rows if instant - rule.over_s <= START + row.at < instant]
    if rule.where:
        inside = [row for row in inside if row.version == rule.where[Role.MODEL_VERSION]]
    found: dict[str, tuple[float, int]] = {}
    for series in sorted({row.version for row in inside}) if rule.by is not None else [""]:
        own = [row for row in inside if rule.by is None or row.version == series]
        if rule.metric == "throughput":
            found[series] = len(own) / rule.over_s, len(own)
        elif rule.metric == "error_rate" and own:
            found[series] = sum(row.failed for row in own) / len(own), len(own)
        elif own:
            q = 0.95 if rule.metric.endswith("95") else 0.5
            ranked = sorted(row.latency for row in own)
            rank = max(1, math.ceil(q * len(own) - 1e-9))
            found[series] = float(middles(np.array([float(ranked[rank - 1])]))[0]), len(own)
    return found


def burn_at(rule: Rule, rows: Sequence[Row], instant: float) -> tuple[float, int, bool, float] | None:
    """Rate over the long window, its rows, whether it is too high, and how far: of the one factor."""
    assert isinstance(rule.condition, BurnRate)
    (factor,) = rule.condition.factors
    shorter = 21600 / rule.condition.period_s      # the logs here are younger than six hours

    def rate(length_s: int) -> tuple[float, int]:
        size = max(1, math.ceil(length_s * shorter / rule.every_s - 1e-9)) * rule.every_s
        own = [row for row in rows if instant - size <= START + row.at < instant]
        return sum(row.failed for row in own) / len(own) / 0.1 if own else math.nan, len(own)

    (long, n), (short, _) = rate(factor.long_s), rate(factor.short_s)
    if math.isnan(long):
        return None
    excess = min(long, 0.0 if math.isnan(short) else short) / factor.factor
    return long, n, excess > 1 + 1e-9, excess


def sample(rule: Rule, series: str, value: float, n: int, instant: float) -> Sample:
    enough = n >= rule.min_samples
    match rule.condition:
        case Threshold(op, level, clear):
            def beyond(limit: float) -> bool:
                return {Op.GREATER: value > limit, Op.AT_LEAST: value >= limit, Op.LESS: value < limit}[op]
            hot = beyond(level)
            excess = -value if op is Op.LESS else value
            held = hot or (clear is not None and beyond(clear))
            return Sample(rule.labels_of(series), value, hot, held, excess, enough)
        case Band() as band:
            slot = int(((instant - rule.over_s / 2) % band.period_s) // (band.period_s / len(band.median)))
            off = abs(value - band.median[slot])
            return Sample(rule.labels_of(series), value, off > band.width * band.scale[slot],
                          off > band.width * band.scale[slot], off, enough)
    raise AssertionError(rule)


def plainly(rule: Rule, polls: Sequence[Sequence[Row]]) -> tuple[list[tuple], list[tuple]]:
    """(alarms, states at each instant) of one rule, poll by poll."""
    rows: list[Row] = []
    state, alarms, states = NEW, {}, []
    instant = None
    for poll in polls:
        rows += poll
        if not rows:
            continue
        if instant is None:
            oldest = START + min(row.at for row in rows)
            instant = float((math.floor(oldest / rule.every_s) + 1) * rule.every_s)
            while not isinstance(rule.condition, BurnRate) and instant - rule.over_s < oldest:
                instant += rule.every_s         # only whole stretches are judged
        newest = START + max(row.at for row in rows)
        while instant <= newest - LAG_S - rule.lag_s:
            if isinstance(rule.condition, BurnRate):
                burnt = burn_at(rule, rows, instant)
                found = () if burnt is None else (Sample((), burnt[0], burnt[2], burnt[2], burnt[3],
                                                         burnt[1] >= rule.min_samples),)
            else:
                found = tuple(sample(rule, series, value, n, instant)
                              for series, (value, n) in values_at(rule, rows, instant).items())
            state = step(rule, state, instant, found)
            for alert in state.alerts.values():
                if alert.fired is not None:
                    alarms[alert.labels, alert.fired] = (alert.since, alert.fired, alert.resolved,
                                                         float(f"{alert.peak:.9g}"))
            for labels, fired in alarms:
                if labels not in state.alerts and alarms[labels, fired][2] is None:
                    alarms[labels, fired] = (*alarms[labels, fired][:2], instant, alarms[labels, fired][3])
            states.append((instant, state.state, state.error))
            instant += rule.every_s
    return sorted(((labels, *alarm) for (labels, _), alarm in alarms.items()), key=repr), states


def told(found: AlarmHistory, rule: Rule) -> list[tuple]:
    return sorted(((one.labels, one.since, one.start, one.end, float(f"{one.peak:.9g}")) for one in found.alarms
                   if one.rule == rule.name), key=repr)


def state_at(found: AlarmHistory, rule: Rule, instant: float) -> set[State]:
    """All states of a rule and its alarms that spans tell at an instant."""
    return {span.state for span in found.spans if span.rule == rule.name and span.start <= instant
            and (span.end is None or instant < span.end)}


# ---- logs that grow ------------------------------------------------------------------------------------------------

def write(ws: Workspace, rows: Sequence[Row], arrived: datetime | None) -> None:
    if rows:
        first = ws.totals().rows_loaded if ws.streams() else 0
        put(ws, REQUESTS, {"ts": [(DAY + timedelta(seconds=row.at)).isoformat() for row in rows],
                           "id": [f"r{first + number}" for number in range(len(rows))],
                           "version": [row.version for row in rows], "latency": [str(row.latency) for row in rows],
                           "status": ["500" if row.failed else "200" for row in rows]}, first=first, arrived=arrived)
    ws.refresh()


def agree(archive: Sequence[Row], polls: Sequence[Sequence[Row]], clock: datetime) -> None:
    """Live, replayed and by the plain loop."""
    with tempfile.TemporaryDirectory() as folder:
        ws = Workspace.open(Path(folder) / "w.duckdb", folder=None)
        try:
            live = Live(ws, RULES)
            write(ws, archive, None)
            live.advance()
            for number, poll in enumerate(polls):
                write(ws, poll, clock + timedelta(seconds=number))
                live.advance()
            watched, replayed = live.history(), history(ws, RULES)
        finally:
            ws.close()
    assert watched.alarms == replayed.alarms
    assert watched.spans == replayed.spans
    assert (watched.first, watched.last, watched.evaluations) == (replayed.first, replayed.last, replayed.evaluations)
    for rule in RULES:
        alarms, states = plainly(rule, [archive, *polls])
        assert repr(told(watched, rule)) == repr(alarms), rule.name
        for instant, state, _ in states:
            expected = {state} if state is not State.INACTIVE else set()
            assert expected <= state_at(watched, rule, instant) or state is State.INACTIVE, (rule.name, instant)
            if state is State.INACTIVE:
                assert not state_at(watched, rule, instant), (rule.name, instant)


row = st.builds(Row, st.integers(0, 600), st.sampled_from(["v1", "v2"]), st.sampled_from([1, 20, 35, 50, 80, 200]),
                st.booleans())
CLOCKS = st.sampled_from([datetime(2027, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)])


@st.composite
def growing(draw):
    """An archive and polls that come in about the order of their times, some of them very late."""
    rows = sorted(draw(st.lists(row, min_size=1, max_size=40)), key=lambda one: one.at)
    late = draw(st.lists(st.sampled_from([0, 0, 0, 0, 30, 90, 400]), min_size=len(rows), max_size=len(rows)))
    rows = [one for one, _ in sorted(zip(rows, late, strict=True), key=lambda pair: pair[0].at + pair[1])]
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=8)))
    parts = [rows[low:high] for low, high in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    return (parts[0], parts[1:]) if draw(st.booleans()) else ([], parts)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(growing(), CLOCKS)
def test_that_live_replay_and_a_plain_loop_agree(log, clock: datetime) -> None:
    agree(*log, clock)


@pytest.mark.long
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(growing(), CLOCKS)
def test_that_live_replay_and_a_plain_loop_agree_on_many_logs(log, clock: datetime) -> None:
    agree(*log, clock)


@pytest.mark.parametrize("chunk", [1, 7])
def test_that_the_length_of_what_is_read_at_once_changes_nothing(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.alarms.evaluate.CHUNK", chunk)
    rows = [Row(at, f"v{at % 2 + 1}", 20 if at % 50 else 200, 200 <= at < 400) for at in range(0, 600, 7)]
    agree(rows[:20], [rows[20:60], rows[65:80], rows[60:65], rows[80:]], datetime(2027, 1, 1, tzinfo=UTC))


SAMPLES = stream("scrapes", column("ts", TIME, Role.TIMESTAMP), column("name", TEXT, Role.METRIC_NAME),
                 column("value", NUMBER, Role.METRIC_VALUE), column("kind", TEXT, Role.METRIC_KIND),
                 column("added", NUMBER, Role.METRIC_INCREASE), kind=StreamKind.SAMPLES)
SAMPLED = tuple(Rule(f"{name} over {over}", f"sampled:{name}", Threshold(Op.GREATER, 5.0), over_s=over, every_s=60)
                for name in ("degrees", "requests_total") for over in (60, 300))


@pytest.mark.parametrize("seed", once(*range(4)))
def test_that_series_of_samples_are_judged_alike_live_and_replayed(seed: int, tmp_path: Path) -> None:
    """Scrapes with holes and restarts, read in pieces that end anywhere."""
    rng = np.random.default_rng(seed)
    step_s, total, cells = int(rng.choice([15, 30, 60])), 0, []
    for number in range(100):
        if rng.random() < 0.1:
            continue
        total = 0 if rng.random() < 0.03 else total + int(rng.integers(0, 10 * step_s))
        at = (DAY + timedelta(seconds=number * step_s + int(rng.integers(0, 2)))).isoformat()
        cells += [(at, "degrees", str(rng.integers(0, 10)), "gauge"), (at, "requests_total", str(total), "counter")]
    cuts = [0, *sorted(int(cut) for cut in rng.integers(0, len(cells), 12)), len(cells)]
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    try:
        live = Live(ws, SAMPLED)
        for poll, (low, high) in enumerate(pairwise(cuts)):
            part = cells[low:high]
            if part:
                put(ws, SAMPLES, {**{name: [row[place] for row in part]
                                     for place, name in enumerate(("ts", "name", "value", "kind"))},
                                  "added": [None] * len(part)}, first=low,
                    arrived=datetime(2027, 1, 1, tzinfo=UTC) + timedelta(seconds=poll))
            ws.refresh()
            live.advance()
        watched, replayed = live.history(), history(ws, SAMPLED)
    finally:
        ws.close()
    assert watched.alarms == replayed.alarms
    assert watched.spans == replayed.spans
    assert {one.rule for one in watched.alarms} == {rule.name for rule in SAMPLED}


def test_that_judging_can_be_stopped_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopping:
        def __init__(self, after: int) -> None:
            self.left = after

        def report(self, done: int, total: int, note: str) -> None:
            pass

        def stop_if_asked(self) -> None:
            self.left -= 1
            if self.left < 0:
                raise JobStopped

    monkeypatch.setattr("console.alarms.evaluate.CHUNK", 5)
    rows = [Row(at, "v1", 20, 200 <= at < 400) for at in range(0, 600, 7)]
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    try:
        write(ws, rows, None)
        live = Live(ws, RULES)
        for _ in range(3):
            with pytest.raises(JobStopped):
                live.advance(Stopping(2))
        live.advance()
        assert live.history().spans == history(ws, RULES).spans
        assert live.history().evaluations == history(ws, RULES).evaluations
    finally:
        ws.close()

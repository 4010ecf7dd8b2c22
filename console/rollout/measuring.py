"""Feeds the tests behind a plan's gates, slice by slice, from what was added up."""

from __future__ import annotations

from math import nan

import numpy as np
from numpy.typing import NDArray

from console.rollout.difference import Difference
from console.rollout.error_share import ErrorShare
from console.rollout.finding import Finding, Outcome, Why
from console.rollout.fixed import Fixed
from console.rollout.gates import GateTest, test_behind
from console.rollout.outcomes import Floats, Requests, Source
from console.rollout.plan import Arm, Binding, Gate, GateKind, MetricKind, Plan, Unit
from console.rollout.rank_sum import RankSum
from console.rollout.slices import EMPTY, Slice
from console.rollout.srm import SampleRatio
from console.rollout.state import Run, State
from console.rollout.tally import ERRORS, FIRST_ERRORS, Measure, Sums, Tally, delay_slices, measure_of, percentile

CONFOUNDED = Finding(Outcome.HELD, Why.NO_DATA)


class Routed:
    """What was in force in each slice, as it becomes known: bands below `live` had the candidate, those below `mirror`
    its copies."""

    def __init__(self) -> None:
        self.live: list[int] = []
        self.mirror: list[int] = []
        self.weight: list[float] = []

    def append(self, live: int, mirror: int, weight: float) -> None:
        """One more slice."""
        self.live.append(live)
        self.mirror.append(mirror)
        self.weight.append(weight)


class FirstErrors:
    """Errors of which only the first of each user counts, among those requests that a gate sees. It depends on who had
    which version when, so it is found as the clock goes on: errors are few."""

    def __init__(self, requests: Requests, place: NDArray[np.uint8], first_row: NDArray[np.int64]) -> None:
        self._user, self._place = requests.user, place
        self._failed: list[NDArray[np.int64]] = []
        self._begin: list[NDArray[np.int64]] = []
        for side, outcomes in enumerate((requests.stable, requests.candidate)):
            failed = np.zeros(0, np.int64) if outcomes.failed is None else np.flatnonzero(outcomes.failed > 0)
            if requests.arm is not None:
                failed = failed[requests.arm[failed] == side]
            self._failed.append(failed)
            self._begin.append(np.searchsorted(failed, first_row))
        self._met = np.zeros(len(requests.users), np.bool_)

    def start_again(self) -> None:
        """A new rollout: nobody has failed yet."""
        self._met[:] = False

    def of(self, at: int, bands: tuple[int, int, int, int]) -> tuple[float, float]:
        """Of the candidate and of stable in a slice; to be asked once for each, in order."""
        c0, c1, s0, s1 = bands
        return self._side(1, at, c0, c1), self._side(0, at, s0, s1)

    def _side(self, side: int, at: int, low: int, high: int) -> float:
        begin, end = self._begin[side][at], self._begin[side][at + 1]
        if begin == end or low == high:
            return 0.0
        rows = self._failed[side][begin:end]
        place = self._place[rows]
        who = self._user[rows[(place >= low) & (place < high)]]
        named = who[who >= 0]
        fresh = np.unique(named[~self._met[named]])
        self._met[fresh] = True
        return float(len(who) - len(named) + len(fresh))


class Reading:
    """Numbers of a slice of time, by the bands in force. Plain numbers: it is asked a million times in a what-if."""

    def __init__(self, tally: Tally, routed: Routed, source: Source, *, logged_split: bool) -> None:
        self.tally, self.routed, self.source, self.logged = tally, routed, source, logged_split
        self.users = tally.users
        self.first: list[tuple[float, float]] | None = None     # first errors by slice, where they are found as it goes
        self._whole = tally.rows.shape[1] - 1

    def bands(self, at: int) -> tuple[int, int, int, int]:
        """Of a slice: from and to of the candidate's bands, from and to of stable's."""
        live, mirror, whole = self.routed.live[at], self.routed.mirror[at], self._whole
        if self.logged and live:
            return 0, whole, 0, whole
        if live:
            return 0, live, live, whole
        return 0, mirror, 0, mirror if self.source in (Source.PAIRED, Source.SYNTHETIC) else whole

    def slice_of(self, measure: Measure, at: int) -> Slice:
        """Of a measure; EMPTY where the log does not have it."""
        tally = self.tally
        if measure is FIRST_ERRORS and self.first is not None and self.routed.live[at]:
            part, (hits_c, hits_s) = self.slice_of(ERRORS, at), self.first[at]
            return Slice(part.n_c, hits_c, hits_c, part.n_s, hits_s, hits_s, part.weight)
        if measure is FIRST_ERRORS and measure not in tally.candidate:
            measure = ERRORS
        candidate, stable = tally.candidate.get(measure), tally.stable.get(measure)
        if candidate is None or stable is None:
            return EMPTY
        c0, c1, s0, s1 = self.bands(at)
        weight = self.routed.weight[at]
        if tally.pairs and measure in tally.pairs and not self.routed.live[at] and self.routed.mirror[at]:
            five = [float(each[at, c1] - each[at, c0]) for each in tally.pairs[measure]]
            return Slice(*_between(candidate, at, c0, c1), *_between(stable, at, s0, s1), weight, *five)
        return Slice(*_between(candidate, at, c0, c1), *_between(stable, at, s0, s1), weight)

    def table(self, measure: Measure, since: int, until: int) -> Floats:
        """The first six numbers of `slice_of` for slices since (with) to until (without): shape (slices, 6)."""
        found = np.zeros((max(0, until - since), 6))
        candidate, stable = self.tally.candidate.get(measure), self.tally.stable.get(measure)
        if candidate is None or stable is None or not len(found):
            return found
        rows = np.arange(since, until)
        live, mirror = (np.array(each[since:until]) for each in (self.routed.live, self.routed.mirror))
        whole = np.full(len(rows), self._whole)
        beside = mirror if self.source in (Source.PAIRED, Source.SYNTHETIC) else whole
        c1 = np.where(live > 0, whole if self.logged else live, mirror)
        s0 = np.where((live > 0) & (not self.logged), live, 0)
        s1 = np.where(live > 0, whole, beside)
        for column, grid in enumerate((candidate.n, candidate.x, candidate.xx)):
            found[:, column] = grid[rows, c1]
        for column, grid in enumerate((stable.n, stable.x, stable.xx), start=3):
            found[:, column] = grid[rows, s1] - grid[rows, s0]
        return found

    @property
    def keeps(self) -> bool:
        """Whether only those rows count whose logged version is the simulated one."""
        return self.source is Source.RANDOMISED and not self.logged

    def users_of(self, at: int) -> Slice:
        """Users at their first request."""
        c0, c1, s0, s1 = self.bands(at)
        stable, candidate = self.users
        if self.logged or self.routed.live[at]:
            weight = self.routed.weight[at]
            if self.keeps:
                weight = self._kept_weight(at, weight)
            return Slice(float(candidate[at, c1] - candidate[at, c0]), 0, 0, float(stable[at, s1] - stable[at, s0]), 0,
                         0, weight)
        return EMPTY

    def _kept_weight(self, at: int, weight: float) -> float:
        """What of the users of a slice should have met the candidate, in percent. Only those are kept whose logged
        version is the simulated one: where few had the candidate, few of its simulated users are."""
        stable, candidate = (float(each[at, self._whole]) for each in self.users)
        kept, others = weight * candidate, (100 - weight) * stable
        return 100 * kept / (kept + others) if kept + others else 0.0

    def candidate_requests(self, at: int) -> float:
        """Requests that the candidate answered, live or as copies, and whose outcome with it is known."""
        c0, c1, _, _ = self.bands(at)
        if self.source is Source.RANDOMISED:
            sums = self.tally.candidate.get(Measure(MetricKind.REQUESTS))
            return float(sums.n[at, c1] - sums.n[at, c0]) if sums is not None else 0.0
        return float(self.tally.rows[at, c1] - self.tally.rows[at, c0])


def _between(sums: Sums, at: int, low: int, high: int) -> tuple[float, float, float]:
    n, x = sums.n, sums.x
    if sums.xx is x:        # a share: hits are their own squares
        hits = float(x[at, high] - x[at, low])
        return float(n[at, high] - n[at, low]), hits, hits
    return (float(n[at, high] - n[at, low]), float(x[at, high] - x[at, low]),
            float(sums.xx[at, high] - sums.xx[at, low]))


class _Asked:
    """A gate of a run, since it was asked first.

    measure     what it reads; delay: so many slices old they must be;  next: the first slice that it has not seen
    """

    __slots__ = ("binding", "delay", "measure", "next", "test")

    def __init__(self, test: GateTest, binding: Binding, measure: Measure, delay: int, since: int) -> None:
        self.test, self.binding, self.measure, self.delay, self.next = test, binding, measure, delay, since


class Measuring:
    """The tests of all runs that go on."""

    def __init__(self, plan: Plan, reading: Reading) -> None:
        self.plan, self.reading = plan, reading
        self._asked: dict[tuple[int, int], _Asked] = {}
        self._begun: dict[int, int] = {}

    def begin(self, state: State, at: int) -> None:
        """Slices of a run that is new count from `at` on; those of runs that are over are forgotten."""
        running = {run.number for run in state.runs}
        for run in state.runs:
            self._begun.setdefault(run.number, at)
        for key in [key for key in self._asked if key[0] not in running]:
            del self._asked[key]

    def test(self, run: Run, place: int) -> GateTest | None:
        """The test behind a gate of a run, where it was asked."""
        asked = self._asked.get((run.number, place))
        return asked.test if asked is not None else None

    def look(self, state: State, run: Run, place: int, at: int, *, turns: bool) -> Finding:
        """Measure one gate at the end of slice `at`."""
        gate, reading = run.gates[place], self.reading
        if reading.source is Source.CONFOUNDED:
            return CONFOUNDED
        key = run.number, place
        asked = self._asked.get(key)
        if asked is None:
            binding = gate.binding or Binding(MetricKind.ERROR_RATE)
            asked = self._asked[key] = _Asked(
                test_behind(gate, self.plan), binding, self._measure(gate, binding),
                delay_slices(binding, self.plan.attribution_s, reading.tally.slice_s), self._begun.get(run.number, 0))
        test = asked.test
        if isinstance(test, Fixed):
            return self._fixed(test, gate, asked, self._begun.get(run.number, 0), at)
        if isinstance(test, SampleRatio):
            for slice_ in range(asked.next, at + 1):
                test.add(reading.users_of(slice_), kept=reading.keeps)
            asked.next = at + 1
            return test.look(turns=turns)
        ready = at - asked.delay
        if isinstance(test, RankSum):
            since = max(self._begun.get(run.number, 0),
                        int((state.step_at - reading.tally.start_s) // reading.tally.slice_s))
            return self._judged(test, gate, since, ready, turns)
        for slice_ in range(asked.next, ready + 1):
            if reading.routed.live[slice_] or reading.routed.mirror[slice_]:
                test.add(reading.slice_of(asked.measure, slice_))
        asked.next = max(asked.next, ready + 1)
        return test.look(turns=turns)

    def again(self, run: Run, place: int) -> Finding | None:
        """What the last measurement found, with all its numbers; None where it was none, or of a number alone."""
        test = self.test(run, place)
        return test.look() if isinstance(test, ErrorShare | Difference | SampleRatio | RankSum) else None

    def _measure(self, gate: Gate, binding: Binding) -> Measure:
        """Of errors only the first of each user counts, where the unit is the user: users who fail once fail again."""
        measure = measure_of(binding)
        if measure == ERRORS and self.plan.unit is Unit.USER and gate.kind in (GateKind.ERROR_SHARE,
                                                                               GateKind.DIFFERENCE):
            return FIRST_ERRORS
        return measure

    def _judged(self, test: RankSum, gate: Gate, since: int, until: int, turns: bool) -> Finding:
        test.start_again()
        measure = measure_of(gate.binding or Binding(MetricKind.ERROR_RATE))
        for slice_ in range(since, until + 1):
            part = self.reading.slice_of(measure, slice_)
            test.point(part.x_c / part.n_c if part.n_c else nan, part.x_s / part.n_s if part.n_s else nan, part.n_c,
                       part.n_s)
        return test.look(turns=turns)

    def _fixed(self, test: Fixed, gate: Gate, asked: _Asked, begun: int, at: int) -> Finding:
        reading, binding = self.reading, gate.binding
        if binding is None:
            return CONFOUNDED
        slice_s = reading.tally.slice_s
        until = at - asked.delay
        since = asked.next if not binding.window_s else until + 1 - max(1, round(binding.window_s / slice_s))
        since = max(since, begun)
        asked.next = max(since, until + 1)
        if binding.metric is MetricKind.LATENCY_PERCENTILE:
            return self._percentile(test, binding, since, until)
        part = EMPTY
        measure = measure_of(binding)
        for slice_ in range(since, until + 1):
            part = part.plus(reading.slice_of(measure, slice_))
        n, x, other_n, other_x = _of_arm(part, binding.arm)
        if binding.metric is MetricKind.REQUESTS:
            return test.look(n * binding.scale, n)
        if n <= 0:
            return test.look(None, 0.0)
        rate, other = x / n, other_x / other_n if other_n else nan
        if binding.metric is MetricKind.SUCCESS_RATE:
            rate, other = 1 - rate, 1 - other
        return test.look(rate * binding.scale, n, x, other * binding.scale)

    def _percentile(self, test: Fixed, binding: Binding, since: int, until: int) -> Finding:
        tally, counts, number = self.reading.tally, 0.0, nan
        if until < since or tally.candidate_bins is None or tally.stable_bins is None:
            return test.look(None, 0.0)
        c0, c1, s0, s1 = self.reading.bands(until)
        while since < until and self.reading.bands(since) != (c0, c1, s0, s1):
            since += 1
        bins, low, high = (tally.candidate_bins, c0, c1) if binding.arm is Arm.CANDIDATE else \
            (tally.stable_bins, s0, s1)
        counts = float((bins.counts[since: until + 1, high] - bins.counts[since: until + 1, low]).sum())
        number = percentile(bins, since, until + 1, low, high, binding.percentile)
        return test.look(number * binding.scale if counts else None, counts)


def _of_arm(part: Slice, arm: Arm) -> tuple[float, float, float, float]:
    match arm:
        case Arm.CANDIDATE:
            return part.n_c, part.x_c, part.n_s, part.x_s
        case Arm.BOTH:
            return part.n_c + part.n_s, part.x_c + part.x_s, part.n_s, part.x_s
        case _:
            return part.n_s, part.x_s, part.n_c, part.x_c

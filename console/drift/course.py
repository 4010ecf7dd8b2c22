"""The kind of change that a series of buckets shows: none, sudden, gradual, recurring or transient, and since when."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.drift.result import NAN, Floats
from console.drift.season import DAY, WEEK, autocorrelation, season_columns
from console.errors import TooFewRows

Flags = NDArray[np.bool_]

LEAST_BUCKETS = 12
"""With fewer, five kinds cannot be told apart."""
MOST_BUCKETS = 240
"""Longer series are averaged over neighbours first: the work goes with the square, at 240 it is a quarter of a second
with a season, at 60 ten milliseconds without."""
LEAST_SIDE = 2
"""Buckets on each side of a pulse, and before a step; one alone may be a wild one."""
LEAST_AFTER = 1
"""Buckets after a step: what began in the newest one is told at once, and would be a slope otherwise. Between others a
wild one is transient."""
LEAST_SLOPE = 4
"""Buckets over which a slope goes; a shorter one is a step."""
SLOPE_PARAMETERS = 3.65
"""A slope pays for its second end a third of what another change costs: then, at 3 deviations of the noise, steps and
slopes are taken for each other about equally often. In full, two of three slopes over a third of the series would be
called sudden."""
WITHIN = (0.25, 0.5, 0.75)
"""A step seldom falls between two buckets: the share of its bucket that already is on the new level. Without them a
large step within a bucket is a short slope."""
WITHIN_PARAMETERS = 0.35
"""What they cost: there are four times as many places for a step."""
DOUBT = 3.0
"""By how much any change has to be better than none: "positive" evidence (A. E. Raftery, Sociol. Methodol. 25 (1995)).
A place that is searched for costs a little more than the two ln n of the formula."""
LEAST_SWITCHES = 3
"""A, B, A, B: with two changes it came and went."""
INTERVAL_95 = 3.841458820694124
"""The 95 % point of chi-square: onsets whose fit is no worse than that belong to the interval."""
SEASONAL = 0.5
"""Two alternating levels that repeat after a day or a week as well as this are a season and no drift."""
WANDERING = 0.25
"""From this correlation of neighbouring residuals on, the buckets count for fewer than they are."""


class CourseKind(StrEnum):
    """The shapes of J. Gama et al., ACM Comput. Surv. 46 (2014), 44, and what came and went."""

    NONE = "none"
    SUDDEN = "sudden"
    GRADUAL = "gradual"
    RECURRING = "recurring"
    TRANSIENT = "transient"


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What was found in a series.

    onset                  the first bucket that differs, None for no change; low and high its 95 % interval
    ends                   the bucket from which it stays as it is (gradual) or is as before (transient), else None
    before, after          the two levels, without the season
    runner_up, bic_gap     the next best kind, and by how much it is worse; under 2 nothing is decided, over 10 all is
    season                 what was taken out: "", "day", "week" or "day and week"
    fitted                 shape (n,), the curve that was found, with the season
    switches               the buckets from which another level holds: one of a step, two of a pulse or a slope
    """

    kind: CourseKind
    onset: int | None
    onset_low: int | None
    onset_high: int | None
    ends: int | None
    before: float
    after: float
    runner_up: CourseKind
    bic_gap: float
    season: str
    fitted: Floats
    switches: tuple[int, ...] = ()

    @property
    def size(self) -> float:
        """How far the second level lies above the first: whether that matters is the limit's to say, not BIC's."""
        return self.after - self.before


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """One curve: the cost is n ln(RSS / n), `levels_and_places` what it has to pay for."""

    kind: CourseKind
    rss: float
    parameters: float
    season: str
    curve: Floats                       # shape (n,), 0 before, 1 after
    basis: Floats                       # shape (n, p), orthonormal: the constant and the season
    onset: int | None = None
    ends: int | None = None
    rss_by_onset: Floats | None = None  # shape (n,), inf where no change can begin


def course(values: ArrayLike, *, weights: ArrayLike | None = None, bucket_hours: float | None = None,
           hour_of_week: float | None = None, among: int = 1) -> Course:
    """Which of five kinds of change a series of buckets shows, by the least BIC.

    values   shape (n,), one number a bucket (an error rate, D to the reference beyond chance, a mean); NaN for a bucket
             without rows
    weights  shape (n,), what a bucket counts, its rows for instance; all the same without
    bucket_hours, hour_of_week   with them a daily or weekly season is fitted together with the change, so that it is
                                 none; the second is that of the first bucket's start, 0 for Monday, 0:00
    among    how many series are looked at together: each has to be better than none by so much more that all of them
             jump by chance as seldom as one
    BIC is n ln(RSS / n) + (levels + 2 x changes + columns of the season) ln n (G. Schwarz, Ann. Statist. 6 (1978),
    461-464), with a little less for the end of a slope and a little more for any change. Where the residuals of the
    best curve go along with their neighbours, n in the first term is as small as that makes it: a number that wanders
    has seldom jumped.
    Raises TooFewRows with fewer than 12 buckets that have a value.
    """
    given = np.asarray(values, dtype=np.float64).ravel()
    weight = np.ones(len(given)) if weights is None else np.asarray(weights, dtype=np.float64).ravel().copy()
    weight[~np.isfinite(given) | ~(weight > 0)] = 0
    if np.count_nonzero(weight) < LEAST_BUCKETS:
        raise TooFewRows(f"Fewer than {LEAST_BUCKETS} buckets have a value",
                         do="Choose a longer window, or shorter buckets")
    if len(given) > MOST_BUCKETS:
        return _coarser(given, weight, bucket_hours, hour_of_week, among)
    y = np.where(weight > 0, given, 0.0)
    root = np.sqrt(weight / weight[weight > 0].mean())
    fits: list[_Fit] = []
    for name, columns in season_columns(len(y), bucket_hours, hour_of_week):
        basis, _ = np.linalg.qr(np.column_stack([np.ones(len(y)), columns]) * root[:, None])
        fits += _curves(y, root, basis, name)
        again = _alternating(y, root, basis, name)
        if again is not None and not _repeats(again, bucket_hours):
            fits.append(again)
    return _decided(fits, y, root, DOUBT + 2 * math.log(among))


def _curves(y: Floats, root: Floats, basis: Floats, season: str) -> list[_Fit]:
    """No change, the best step, slope and pulse: one column f beside the season, whose sums come from running sums."""
    n, p = basis.shape
    rest = root * y - basis @ (basis.T @ (root * y))
    flat = float(np.dot(rest, rest))
    series = np.column_stack([root * rest, root[:, None] * basis, root * root])
    place = np.arange(n, dtype=np.float64)
    sums = _running(series)
    sums_by_place = _running(series * place[:, None])
    squares = _running((root * root * place * place)[:, None])[:, 0]
    seen = np.concatenate([[0], np.cumsum(root > 0)])

    inside = sums[None, :, :] - sums[:-1, None, :]                              # over [start, end)
    pulse = flat - _gain(inside[..., 0], inside[..., 1:-1], inside[..., -1])
    long_enough = seen[None, :] - seen[:-1, None]
    step = np.where((seen[:-1] >= LEAST_SIDE) & (long_enough[:, n] >= LEAST_AFTER) & (root > 0), pulse[:, n], np.inf)
    came_and_went = (seen[:-1, None] >= LEAST_SIDE) & (long_enough >= 1) & (seen[n] - seen[None, :] >= LEAST_SIDE)
    pulse = np.where(came_and_went, pulse, np.inf)

    first, last = np.arange(n)[:, None], np.arange(n)[None, :]
    length = np.where(last > first, last - first, 1).astype(np.float64)
    over = sums[1:][None, :, :] - sums[:-1][:, None, :]                         # over [first, last]
    over_by_place = sums_by_place[1:][None, :, :] - sums_by_place[:-1][:, None, :]
    after = sums[-1] - sums[1:]
    total = (over_by_place - first[..., None] * over) / length[..., None] + after[None, :, :]
    square = (squares[1:][None, :] - squares[:-1][:, None] - 2 * first * over_by_place[..., -1]
              + first * first * over[..., -1]) / length**2 + after[None, :, -1]
    slope = flat - _gain(total[..., 0], total[..., 1:-1], square)
    slope = np.where(last - first >= LEAST_SLOPE, slope, np.inf)

    k = int(np.argmin(step))
    within = np.stack([_within(flat, sums, series, share) for share in WITHIN])
    usable = (root > 0) & (seen[:-1] >= LEAST_SIDE) & (seen[n] - seen[1:] >= LEAST_SIDE)
    within = np.where(usable[None, :], within, np.inf)
    part, w = (int(i) for i in np.unravel_index(int(np.argmin(within)), within.shape))
    s, e = (int(i) for i in np.unravel_index(int(np.argmin(pulse)), pulse.shape))
    a, b = (int(i) for i in np.unravel_index(int(np.argmin(slope)), slope.shape))
    slope_onset = np.concatenate([[np.inf], slope.min(axis=1)[:-1]])            # differs from the next bucket on
    return [_Fit(CourseKind.NONE, flat, p, season, np.zeros(n), basis),
            _Fit(CourseKind.SUDDEN, float(step[k]), p + 3, season, (place >= k).astype(np.float64), basis, k, None,
                 step),
            _Fit(CourseKind.SUDDEN, float(within[part, w]), p + 3 + WITHIN_PARAMETERS, season,
                 np.where(place == w, WITHIN[part], place > w), basis, w, None, np.minimum(step, within.min(axis=0))),
            _Fit(CourseKind.TRANSIENT, float(pulse[s, e]), p + 5, season,
                 ((place >= s) & (place < e)).astype(np.float64), basis, s, e, pulse.min(axis=1)),
            _Fit(CourseKind.GRADUAL, float(slope[a, b]), p + SLOPE_PARAMETERS, season,
                 np.clip((place - a) / max(1, b - a), 0, 1), basis, a + 1, b, slope_onset)]


def _within(flat: float, sums: Floats, series: Floats, share: float) -> Floats:
    """What is left by a step within each bucket, of which that share is on the new level."""
    with_curve = share * series + sums[-1] - sums[1:]
    square = share**2 * series[:, -1] + sums[-1, -1] - sums[1:, -1]
    left: Floats = flat - _gain(with_curve[:, 0], with_curve[:, 1:-1], square)
    return left


def _running(series: Floats) -> Floats:
    return np.concatenate([np.zeros((1, series.shape[1])), np.cumsum(series, axis=0)])


def _gain(with_rest: Floats, with_basis: Floats, square: Floats) -> Floats:
    """By how much a column beside the basis lowers the sum of squares; none where the basis knows it already."""
    own = square - np.einsum("...j,...j->...", with_basis, with_basis)
    usable = own > 1e-9 * np.maximum(square, 1e-300)
    gain: Floats = np.where(usable, with_rest**2 / np.where(usable, own, 1.0), 0.0)
    return gain


def _alternating(y: Floats, root: Floats, basis: Floats, season: str) -> _Fit | None:
    """Two levels in turn: the cheapest path through them, levels and season mended in between."""
    n, p = basis.shape
    seen = root > 0
    cleared = y - _season_of(root, basis, y, np.zeros(n))
    state = _above(cleared, seen)
    for _ in range(4):
        levels = [float(np.average(cleared[seen & side], weights=root[seen & side] ** 2))
                  if np.any(seen & side) else NAN for side in (~state, state)]
        if any(math.isnan(level) for level in levels):
            return None
        rss = float(np.sum((root * (cleared - np.where(state, levels[1], levels[0])))[seen] ** 2))
        noise = max(rss / np.count_nonzero(seen), 1e-12 * (levels[1] - levels[0]) ** 2, 1e-300)
        found = _path(cleared, root, levels[0], levels[1], noise, 2 * math.log(n))
        cleared = y - _season_of(root, basis, y, found.astype(np.float64))
        if np.array_equal(found, state):
            break
        state = found
    switches = np.flatnonzero(np.diff(state.astype(int))) + 1
    if len(switches) < LEAST_SWITCHES:
        return None
    if state[0]:
        state = ~state
    curve = state.astype(np.float64)
    onsets = np.full(n, np.inf)
    for k in range(1, int(switches[1])):
        onsets[k] = _rss(y, root, basis, np.where(np.arange(n) < switches[1], np.arange(n) >= k, curve))
    return _Fit(CourseKind.RECURRING, _rss(y, root, basis, curve), p + 1 + 2 * len(switches), season, curve, basis,
                int(switches[0]), None, onsets)


def _above(values: Floats, seen: Flags) -> Flags:
    """The values of the upper of two groups: the cut of the sorted values that leaves least within them."""
    rising = np.sort(values[seen])
    n, below = np.arange(1, len(rising)), np.cumsum(rising)[:-1]
    between = (below / n - (rising.sum() - below) / (len(rising) - n)) ** 2 * n * (len(rising) - n)
    above: Flags = values > rising[int(np.argmax(between))]
    return above


def _path(values: Floats, root: Floats, low: float, high: float, noise: float, switch: float) -> Flags:
    """The cheapest way through two levels, in the sense of A. Viterbi (1967)."""
    costs = np.column_stack([(root * (values - level)) ** 2 / noise for level in (low, high)]).tolist()
    came_from: list[tuple[int, int]] = []
    one, other = 0.0, 0.0
    for at_low, at_high in costs:
        came_from.append((0 if one <= other + switch else 1, 1 if other <= one + switch else 0))
        one, other = min(one, other + switch) + at_low, min(other, one + switch) + at_high
    state = 0 if one <= other else 1
    path = []
    for step in reversed(came_from):
        path.append(state)
        state = step[state]
    return np.array(path[::-1], dtype=bool)


def _coefficients(y: Floats, root: Floats, basis: Floats, curve: Floats) -> tuple[float, Floats]:
    """The size of the curve, and what is left for the basis."""
    f = root * curve
    own = f - basis @ (basis.T @ f)
    square = float(np.dot(own, own))
    size = float(np.dot(own, root * y)) / square if square > 1e-9 * max(float(np.dot(f, f)), 1e-300) else 0.0
    return size, basis.T @ (root * y - size * f)


def _rss(y: Floats, root: Floats, basis: Floats, curve: Floats) -> float:
    size, rest = _coefficients(y, root, basis, curve)
    left = root * (y - size * curve) - basis @ rest
    return float(np.dot(left, left))


def _season_of(root: Floats, basis: Floats, y: Floats, curve: Floats) -> Floats:
    """The season alone, around 0, when the curve is fitted beside it."""
    _, rest = _coefficients(y, root, basis, curve)
    fitted = (basis @ rest) / np.where(root > 0, root, 1.0)
    return fitted - float(np.average(fitted, weights=root**2))


def _repeats(fit: _Fit, bucket_hours: float | None) -> bool:
    """Whether the alternation comes back after a day or a week: then it is a season that the waves did not fit."""
    if not bucket_hours:
        return False
    return any(autocorrelation(fit.curve, period / bucket_hours) >= SEASONAL
               and autocorrelation(fit.curve, period / bucket_hours / 2) < 0 for period in (DAY, WEEK))


def _decided(fits: list[_Fit], y: Floats, root: Floats, change_costs: float) -> Course:
    n = int(np.count_nonzero(root))
    scale = float(np.sum((root * (y - np.average(y, weights=root**2))) ** 2))
    floor = max(1e-18 * scale, 1e-24 * float(np.sum((root * y) ** 2)), 1e-300)

    def cost(fit: _Fit, counted: float) -> float:
        doubt = 0.0 if fit.kind is CourseKind.NONE else change_costs
        return counted * math.log(max(fit.rss, floor) / n) + fit.parameters * math.log(n) + doubt

    counted = n * _independent(min(fits, key=lambda fit: cost(fit, n)), y, root)
    best = {kind: min((fit for fit in fits if fit.kind is kind), key=lambda fit: cost(fit, counted), default=None)
            for kind in CourseKind}
    order = sorted((fit for fit in best.values() if fit is not None and math.isfinite(fit.rss)),
                   key=lambda fit: (cost(fit, counted), list(CourseKind).index(fit.kind)))
    won, second = order[0], order[1]
    size, rest = _coefficients(y, root, won.basis, won.curve)
    fitted = size * won.curve + (won.basis @ rest) / np.where(root > 0, root, 1.0)
    before = float(np.average(fitted - size * won.curve, weights=root**2))
    low, high = _interval(won, counted, n, floor)
    return Course(won.kind, won.onset, low, high, won.ends, before, before + size, second.kind,
                  cost(second, counted) - cost(won, counted), won.season, fitted, _switches(won))


def _switches(fit: _Fit) -> tuple[int, ...]:
    if fit.kind is CourseKind.SUDDEN and fit.onset is not None:
        return (fit.onset,)
    if fit.kind is CourseKind.GRADUAL and fit.onset is not None and fit.ends is not None:
        return fit.onset, fit.ends
    return tuple(int(place) + 1 for place in np.flatnonzero(np.diff(fit.curve)))


def _independent(fit: _Fit, y: Floats, root: Floats) -> float:
    """The share of the buckets that the correlation of neighbouring residuals leaves."""
    size, rest = _coefficients(y, root, fit.basis, fit.curve)
    left = root * (y - size * fit.curve) - fit.basis @ rest
    square = float(np.dot(left, left))
    along = float(np.dot(left[1:], left[:-1])) / square if square > 0 else 0.0
    return 1.0 if along < WANDERING else max(0.1, (1 - along) / (1 + along))


def _interval(fit: _Fit, counted: float, n: int, floor: float) -> tuple[int | None, int | None]:
    if fit.onset is None or fit.rss_by_onset is None:
        return None, None
    costs = counted * np.log(np.maximum(fit.rss_by_onset, floor) / n)
    near = np.flatnonzero(costs <= counted * math.log(max(fit.rss, floor) / n) + INTERVAL_95)
    return (min(int(near[0]), fit.onset), max(int(near[-1]), fit.onset)) if len(near) else (fit.onset, fit.onset)


def _coarser(values: Floats, weight: Floats, bucket_hours: float | None, hour_of_week: float | None,
             among: int) -> Course:
    step = math.ceil(len(values) / MOST_BUCKETS)
    cuts = np.arange(0, len(values), step)
    heavy = np.add.reduceat(weight, cuts)
    total = np.add.reduceat(np.where(weight > 0, values * weight, 0.0), cuts)
    means = np.where(heavy > 0, total / np.where(heavy > 0, heavy, 1.0), NAN)
    found = course(means, weights=heavy, bucket_hours=bucket_hours and bucket_hours * step, hour_of_week=hour_of_week,
                   among=among)
    onset, low, high, ends = (None if place is None else place * step
                              for place in (found.onset, found.onset_low, found.onset_high, found.ends))
    high = None if high is None else min(len(values) - 1, high + step - 1)
    return Course(found.kind, onset, low, high, ends, found.before, found.after, found.runner_up, found.bic_gap,
                  found.season, np.repeat(found.fitted, step)[: len(values)],
                  tuple(place * step for place in found.switches))

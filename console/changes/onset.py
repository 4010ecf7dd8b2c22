"""When a number left what was expected of it, for how long, and how sure that is.

Arrays in, values out. The likelihood of a shift is computed for every stretch of buckets at once (a box), and for a
slope from every bucket to the end; the best of them is the change. Its noise is measured at its own length from what
lay before, so that a number that wanders is not taken for one that jumped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from console.changes.usual import MAD, Bools, Floats

LEAST_Z = 5.5
"""Of some ten thousand stretches of a hundred numbers, none goes so far by chance."""

ASKED_Z = 3.7
"""Of a shift that begins at the time in question."""

LASTING = 0.25
"""Of what is looked at after that time, and which lasts so much of it: that leaves few tries."""

EARLIER_Z = 4.5
"""What lies before a change that is sure and goes the same way is asked for less."""

EARLIER_SHARE = 0.1
"""But it must be so much of the whole shift."""

NEAR = 9.0
"""Beginnings whose likelihood (twice its logarithm) is within so much of the best may be the true one."""

SLOPE_GAIN = 6.0
"""A slope is said instead of a shift if it explains so much more."""

PLAIN_Z = 2.0
"""A bucket at the edge of a shift that is no further from the usual is none of it."""

BACK_Z = 3.0
"""What lies behind a shift is another level than it."""

BENDS = (0.5, 0.7, 1.0)
"""Exponents of a rise: the logarithm of what grows evenly grows faster at first."""

LEAST_BUCKETS = 2
FEWEST_BLOCKS = 8


@dataclass(frozen=True, slots=True)
class Shift:
    """Buckets [first, last) differ from what was expected by `delta`; first lies within [earliest, latest].

    slope  it grows from `first` on; delta is then its height at the end
    lasts  what lies behind `last` does not tell that it went back: no values are there yet, or too few
    """

    first: int
    last: int
    earliest: int
    latest: int
    delta: float
    z: float
    slope: bool
    n: float
    lasts: bool = False

    def later(self, by: int) -> Shift:
        """The same on a grid that begins so many buckets earlier."""
        return replace(self, first=self.first + by, last=self.last + by, earliest=self.earliest + by,
                       latest=self.latest + by)


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """Variance of a mean over L buckets, times its weight, for L = 1, 2, 4, ...; hits: shares count events."""

    by_length: Floats
    weight: float       # of all that lay before

    def of(self, length: Floats) -> Floats:
        """At any length: the next one that was measured, and not less than at shorter ones."""
        at = np.clip(np.round(np.log2(np.maximum(length, 1))), 0, len(self.by_length) - 1).astype(np.int64)
        return self.by_length[at]


def noise_of(left: Floats, weights: Floats, before: Bools, least: float = 0.0) -> Noise:
    """From residuals before. least: what chance alone gives at any length, in the same measure."""
    known = before & np.isfinite(left) & (weights > 0)
    r, w = left[known], weights[known]
    found: list[float] = []
    length = 1
    while len(r) // length >= FEWEST_BLOCKS or not found:
        blocks = max(len(r) // length, 1)
        cut = blocks * length if len(r) >= length else len(r)
        weight = w[:cut].reshape(blocks, -1).sum(axis=1)
        means = np.divide((w * r)[:cut].reshape(blocks, -1).sum(axis=1), weight, out=np.zeros(blocks),
                          where=weight > 0)
        squares = weight * means ** 2
        # The mean is swayed by one bad hour, the median by nothing; of few blocks the median is too unsure.
        middle = float(np.median(np.sqrt(squares))) * MAD
        plain = math.sqrt(float(np.mean(squares))) if len(squares) else 0.0
        value = min(plain, 1.5 * middle) if blocks >= 4 * FEWEST_BLOCKS else plain
        # Tails heavier than the normal law's: what was seen before must not look like five scales afterwards.
        third = math.sqrt(float(np.sort(squares)[-min(3, blocks)]))
        value = max(value, third / (math.sqrt(2 * math.log(blocks + 1)) + 0.5))
        found.append(max(value * value, least, found[-1] if found else 0.0))
        length *= 2
    return Noise(np.maximum(np.array(found), 1e-300), float(w.sum()))


def find_shift(left: Floats, weights: Floats, noise: Noise, start: int, *, hits: Floats | None = None,
               expected_hits: Floats | None = None, hits_before: float = 0.0, slopes: bool = True,
               asked: int | None = None, n: Floats | None = None, least_n: float = 0.0) -> Shift | None:
    """The likeliest shift that begins at bucket `start` or later; None when none is beyond chance.

    left      values less what was expected, NaN where there is none, shape (n,)
    hits, expected_hits   of a share: events in each bucket; their likelihood is that of counts, for few of them are
              far from normal
    asked     the bucket of the time in question
    n, least_n   rows in each bucket, and how many a shift must rest on
    """
    r = np.where(np.isfinite(left), left, 0.0)[start:]
    w = np.where(np.isfinite(left), weights, 0.0)[start:]
    size = len(r)
    if size < LEAST_BUCKETS or not w.any():
        return None
    sums, mass = _sums(w * r), _sums(w)
    first, last = np.arange(size)[:, None], np.arange(1, size + 1)[None, :]
    length = np.maximum(last - first, 1)
    weight = mass[1:][None, :] - mass[:-1][:, None]
    total = sums[1:][None, :] - sums[:-1][:, None]
    valid = (last - first >= LEAST_BUCKETS) & (weight > 0)
    if n is not None and least_n > 0:
        rows = _sums(n[start:])
        valid &= rows[1:][None, :] - rows[:-1][:, None] >= least_n
    spread = noise.of(length.astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(valid, total / np.where(weight > 0, weight, 1.0), 0.0)
        variance = spread / np.where(weight > 0, weight, 1.0) + noise.by_length[-1] / max(noise.weight, 1e-300)
        z2 = np.where(valid, mean ** 2 / variance, 0.0)
    if hits is not None and expected_hits is not None:
        counted = _counted(hits[start:], expected_hits[start:], hits_before, length, noise)
        z2 = np.where(valid, np.minimum(z2, counted), 0.0)
    likely = z2.copy()
    if asked is not None:       # who names a time has looked already: there chance has fewer tries
        near = np.abs(first + start - asked) <= 1
        likely[near & (last - first >= LASTING * (size + start - asked))] += LEAST_Z ** 2 - ASKED_Z ** 2
    if float(likely.max()) < LEAST_Z ** 2:
        return None
    flat = _box(z2, likely, mean, mass, r * np.sqrt(w / noise.by_length[0]))
    sloped = _slope(r, w, z2[:, -1]) if slopes else None
    if sloped is not None:
        gained = _explained(r, w, sloped) - _explained(r, w, flat)
        if gained > SLOPE_GAIN * float(noise.of(np.array([float(size)]))[0]):
            return sloped.later(start)
    return flat.later(start)


def whether_it_lasts(shift: Shift, left: Floats, weights: Floats, noise: Noise) -> Shift:
    """It went back where the rest lies nearer to the usual than to the shift, and beyond chance of the shift."""
    rest = np.isfinite(left) & (weights > 0)
    rest[:shift.last] = False
    weight = float(weights[rest].sum())
    if weight <= 0:
        return replace(shift, lasts=True)
    mean = float((weights * np.nan_to_num(left))[rest].sum()) / weight
    spread = math.sqrt(float(noise.of(np.array([float(np.count_nonzero(rest))]))[0]) / weight)
    back = mean / shift.delta < 0.5 and abs(mean - shift.delta) >= BACK_Z * spread
    return replace(shift, lasts=not back)


def begun(shift: Shift, left: Floats, weights: Floats, noise: Noise, start: int) -> Shift:
    """The same shift with a beginning that allows for a rise: from `first` on it grows to its full size within one
    bucket or many, evenly or faster at first. Of what rises for an hour a box begins where it is half up.

    What begins with the search stays as it is.
    """
    last = shift.last
    if shift.first <= start or last - start < LEAST_BUCKETS + 2:
        return shift
    r = np.where(np.isfinite(left), left, 0.0)[start:last]
    w = np.where(np.isfinite(left), weights, 0.0)[start:last]
    size = len(r)
    middle = np.arange(size, dtype=np.float64) + 0.5
    first = np.arange(size - LEAST_BUCKETS + 1)
    chance = float(noise.of(np.array([float(last - shift.first)]))[0])
    rises = [(1.0, 1.0), *((2.0 ** power, bend) for power in range(1, int(math.log2(size)) + 2) for bend in BENDS)]

    def fitted(rise: tuple[float, float]) -> tuple[Floats, Floats]:
        x = _risen(middle[None, :] - first[:, None], *rise)
        weight = (w * x ** 2).sum(axis=1)
        height = np.divide((w * r * x).sum(axis=1), weight, out=np.zeros(len(weight)), where=weight > 0)
        # A rise is said only if it explains so much more than a jump does.
        gain = height ** 2 * weight - (SLOPE_GAIN * chance if rise[0] > 1 else 0.0)
        return np.where(height * shift.delta > 0, gain, 0.0), height

    gains, heights = (np.array(each) for each in zip(*map(fitted, rises), strict=True))
    which, at = (int(each) for each in np.unravel_index(int(np.argmax(gains)), gains.shape))
    best = float(gains[which, at])
    if best <= 0:
        return shift
    x = _risen(middle - at, *rises[which])
    inside = (x > 0) & (w > 0)
    beside = float(np.mean((w * (r - heights[which, at] * x) ** 2)[inside])) if np.count_nonzero(inside) > 2 else chance
    near = np.flatnonzero(gains.max(axis=0) >= best - NEAR * max(chance, beside))
    return replace(shift, first=start + at, earliest=start + min(int(near[0]), at),
                   latest=start + max(int(near[-1]), at))


def begun_share(shift: Shift, shown: Floats, expected: Floats, n: Floats, start: int) -> Shift:
    """The same for a share, by the likelihood of its counts: from `first` on it is what it was in the later half of the
    shift. Of few events in each bucket the normal law knows nothing."""
    last = shift.last
    later = slice((shift.first + last) // 2, last)
    if shift.first <= start or not n[later].sum() > 0:
        return shift
    known = np.isfinite(shown) & (n > 0)
    after = float((np.where(known, shown * n, 0.0))[later].sum() / max(np.where(known, n, 0.0)[later].sum(), 1.0))
    p1 = min(max(after, 1e-6), 1 - 1e-6)
    p0 = np.clip(expected[start:last], 1e-6, 1 - 1e-6)
    hits = np.where(known, shown * n, 0.0)[start:last]
    misses = np.where(known, (1 - shown) * n, 0.0)[start:last]
    told = hits * np.log(p1 / p0) + misses * np.log((1 - p1) / (1 - p0))
    from_here_on = np.cumsum(told[::-1])[::-1]
    at = int(np.argmax(from_here_on))
    near = np.flatnonzero(from_here_on >= from_here_on[at] - NEAR / 2)
    return replace(shift, first=start + at, earliest=start + int(near[0]), latest=start + int(near[-1]))


def _risen(ago: Floats, length: float, bend: float) -> Floats:
    """How much of its full size a rise has, so many buckets after it began."""
    return np.clip(np.maximum(ago, 0.0) / length, 0.0, 1.0) ** bend if length > 1 else (ago > 0).astype(np.float64)


def _sums(values: Floats) -> Floats:
    return np.concatenate(([0.0], np.cumsum(values)))


def _counted(hits: Floats, expected: Floats, before: float, length: Floats, noise: Noise) -> Floats:
    """Twice the logarithm of the likelihood ratio of two Poisson counts, over what the noise is above that of chance.

    noise.by_length is in units of the chance of these counts there (see `tracks`)."""
    k, e = _sums(np.nan_to_num(hits)), _sums(np.nan_to_num(expected))
    seen = np.maximum(k[1:][None, :] - k[:-1][:, None], 0.0)
    due = np.maximum(e[1:][None, :] - e[:-1][:, None], 1e-9)
    had = max(before, 0.5)
    ratio = (seen + had) / (due + had)
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(seen > 0, seen * np.log(seen / (due * ratio)), 0.0)
        second = had * np.log(1 / ratio)
    return np.maximum(2 * (first + second), 0.0) / np.maximum(noise.of(length.astype(np.float64)), 1.0)


def _box(z2: Floats, likely: Floats, mean: Floats, mass: Floats, alone: Floats) -> Shift:
    """alone: of each bucket how many scales it lies from the usual."""
    at = int(np.argmax(likely))
    i, j = divmod(at, z2.shape[1])
    delta, best = float(mean[i, j]), float(z2[i, j])
    near = np.flatnonzero(z2[:, j] >= best - NEAR)
    earliest, latest, first = int(near[0]), int(near[-1]), i
    for _ in range(4):
        if first < LEAST_BUCKETS:
            break
        part = np.where((np.sign(mean) == np.sign(delta)) & (np.abs(mean) >= EARLIER_SHARE * abs(delta)), z2, 0.0)
        part = part[:first, :first]
        if float(part.max()) < EARLIER_Z ** 2:
            break
        a, b = divmod(int(np.argmax(part)), part.shape[1])
        # It counts as the same change if it goes on to it without a gap as long as itself.
        if first - (b + 1) > (b + 1 - a):
            break
        near = np.flatnonzero(part[:, b] >= part[a, b] - NEAR)
        earliest, latest = int(near[0]), int(near[-1])
        # A piece has two buckets at least: of the shortest the first may be as usual.
        first = b if b - a < LEAST_BUCKETS and alone[a] * np.sign(delta) < PLAIN_Z else a
    return Shift(first, j + 1, min(earliest, first), max(latest, first), delta, math.sqrt(best), False,
                 float(mass[j + 1] - mass[i]))


def _slope(r: Floats, w: Floats, z2: Floats) -> Shift | None:
    """From some bucket to the end, rising evenly from nothing to 1. It is as sure as the shift that begins there, of
    which `z2` has the squares."""
    size = len(r)
    if size < 6:
        return None
    at = np.arange(size)
    x = np.clip((at[None, :] + 0.5 - at[:-4, None]) / (size - at[:-4, None]), 0.0, None)
    weight = (w * x ** 2).sum(axis=1)
    height = np.divide((w * r * x).sum(axis=1), weight, out=np.zeros(len(weight)), where=weight > 0)
    gain = height ** 2 * weight
    i = int(np.argmax(gain))
    if z2[i] < LEAST_Z ** 2:
        return None
    near = np.flatnonzero(gain >= gain[i] * (1 - NEAR / max(float(z2[i]), NEAR)))
    return Shift(i, size, int(near[0]), int(near[-1]), float(height[i]), math.sqrt(float(z2[i])), True,
                 float(w[i:].sum()))


def _explained(r: Floats, w: Floats, shift: Shift) -> float:
    """How much of the weighted squares a shift explains."""
    at = np.arange(len(r))
    if shift.slope:
        x = np.clip((at + 0.5 - shift.first) / (len(r) - shift.first), 0.0, None)
    else:
        x = ((at >= shift.first) & (at < shift.last)).astype(np.float64)
    weight = float((w * x ** 2).sum())
    return float((w * r * x).sum()) ** 2 / weight if weight > 0 else 0.0

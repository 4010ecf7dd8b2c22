"""Whether a number moved, how far, and whether that may be nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from console.changes.onset import Noise, Shift, begun, begun_share, find_shift, noise_of, whether_it_lasts
from console.changes.tracks import Scale, Track
from console.changes.usual import MAD, Bools, Floats, Usual, is_weekend, usual
from console.changes.view import ChangeKind
from console.window import Window

FEWEST_BEFORE = 6
"""Buckets that tell what is usual."""

LEAST_KNOWN = 0.2
"""A number that most buckets lack has no usual level."""

HOURS_S = 2 * 3600.0
"""Within so little time the time of day is no matter."""

SLACK_S = 2 * 3600.0
"""A weekend begins by the clock of the users, which the log does not tell."""

SMALL = "small"
NO_DAY = "it may be the time of day: the log has no day before to compare with"
NO_WEEK = "it may be the weekend: the log has none before to compare with"


LEAST_POINTS = {"missing": 0.03, "values": 0.10, "version": 0.03}
"""As drift has it: from so many points on a share of a column's rows matters."""

@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """start_at: first bucket in which a beginning is looked for; before: buckets that tell what is usual."""

    times: Floats
    bucket_s: int
    start_at: int
    before: Bools
    asked: int
    closer: bool = False        # it is known that there is a shift: how it begins is asked

    def around(self, pivot: int, seconds: float) -> tuple[Grid, Window]:
        """So much of it, half before a bucket and half from there on, and the window of that. All of it where it is no
        longer."""
        size = max(40, int(seconds // self.bucket_s))
        first = max(0, min(pivot - size // 2, len(self.times) - size))
        last = min(len(self.times), first + size)
        window = Window.from_epoch(float(self.times[first]), float(self.times[last - 1]) + self.bucket_s)
        if (first, last) == (0, len(self.times)):
            return self, window
        times = self.times[first:last]
        return Grid(times, self.bucket_s, pivot - first, np.arange(len(times)) < pivot - first, pivot - first), window


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """A track, and what became of it. before, after in the unit of the track's values.

    doubt  what else than a change may explain it, "" where nothing does
    """

    track: Track
    shift: Shift
    usual: Usual
    before: float
    after: float
    effect: float
    strength: float
    n_before: float
    doubt: str = ""

    @property
    def why_weak(self) -> str:
        """Why it may be nothing, "" where there is no reason to think so."""
        return SMALL if self.strength < 1 else self.doubt


def judge(track: Track, grid: Grid) -> Moved | None:
    """Whether the track moved."""
    values, n = track.values, np.where(np.isfinite(track.values), track.n, 0.0)
    before = grid.before & np.isfinite(values) & (n > 0)
    if not before.any():
        return None
    share = track.unit == "share"
    total = float(n[before].sum())
    level = float((n * np.nan_to_num(values))[before].sum() / total)
    hits = expected_hits = None
    had = 0.0
    if share:
        flip = level > 0.5
        shown = 1 - values if flip else values
        p = ((1 - level if flip else level) * total + 0.5) / (total + 1)
        weights, least = n / (p * (1 - p)), 1.0
    elif math.isfinite(track.sd) and track.sd > 0:
        shown, weights, least = values, n / track.sd ** 2, 1.0
    else:
        shown, weights, least = values, n, 0.0
    if np.count_nonzero(before) < max(FEWEST_BEFORE, LEAST_KNOWN * np.count_nonzero(grid.before)):
        return None
    # A season of shares with a few events each would be a season of chance.
    seasonless = share and p * float(np.median(n[before])) < 3
    found = usual(grid.times, shown, weights, before, seasons=not seasonless)
    expected = np.clip(found.expected, p / 5, None) if share else found.expected
    left = shown - expected
    noise = noise_of(left, weights, before, least)
    if share:
        hits, expected_hits, had = shown * n, expected * n, float(np.nansum((shown * n)[before]))
    whole = not track.segment or bool(track.value or track.what)
    shift = find_shift(left, weights, noise, grid.start_at, hits=hits, expected_hits=expected_hits, hits_before=had,
                       asked=grid.asked if whole else None, n=n, least_n=track.least_n)
    if shift is None:
        return None
    if grid.closer:
        shift = (begun_share(shift, shown, expected, n, grid.start_at) if share else
                 begun(shift, left, weights, noise, grid.start_at))
    shift = whether_it_lasts(shift, left, weights, noise)
    moved = measured(track, shift, found, expected, shown, n, share and level > 0.5, noise, total)
    return replace(moved, doubt=_doubt(moved, grid, left, weights, noise))


def _doubt(moved: Moved, grid: Grid, left: Floats, weights: Floats, noise: Noise) -> str:
    """What else than a change may explain the move; "" where nothing does."""
    shift, found = moved.shift, moved.usual
    span = grid.times[-1] - grid.times[0]
    if moved.track.seasonal and not found.daily and span > HOURS_S and (shift.slope or not _abrupt(left, weights,
                                                                                                   shift)):
        return NO_DAY
    weekend = is_weekend(grid.times)
    if np.mean(weekend[grid.before]) > 0.5:     # of a log that began on Saturday, Monday is what is new
        weekend = ~weekend
    if not found.weekly and weekend[shift.first:shift.last].any():
        inside = np.arange(shift.first, shift.last)
        ends = grid.times[np.flatnonzero(np.diff(weekend.astype(np.int8))) + 1]
        slack = SLACK_S + grid.bucket_s
        low, high = grid.times[shift.earliest] - slack, grid.times[shift.latest] + slack
        at_the_edge = bool(((ends >= low) & (ends <= high)).any())
        plain = inside[~weekend[inside] & (weights[inside] > 0) & np.isfinite(left[inside])]
        rest = float(np.average(left[plain], weights=weights[plain])) if len(plain) else 0.0
        # What the other days show must itself be beyond chance.
        sure = 3 * math.sqrt(float(noise.by_length[0]) / float(weights[plain].sum())) if len(plain) else 0.0
        of_all = shift.delta / 2 if shift.slope else shift.delta
        only_then = abs(rest) < max(0.35 * abs(of_all), sure)
        # What is found at the start of the search, or came slowly, may have begun with the weekend.
        unseen = weekend[grid.start_at] and (shift.first == grid.start_at or not _abrupt(left, weights, shift))
        # What grows from some time in the weekend on began with something else.
        grows = shift.slope and weekend[shift.earliest] and shift.earliest > grid.start_at
        if only_then and not grows and (at_the_edge or shift.slope or unseen):
            return NO_WEEK
    return ""


def _abrupt(left: Floats, weights: Floats, shift: Shift) -> bool:
    """Whether it jumps: over a few buckets on either side of its beginning it moves by most of its size, and far
    more than neighbours usually differ. A time of day comes slowly."""
    steps = np.diff(left[np.isfinite(left) & (weights > 0)])
    if len(steps) < FEWEST_BEFORE:
        return False
    usual_step = max(MAD * float(np.median(np.abs(steps))), 1e-12)
    size = min(3, shift.last - shift.first, shift.first)
    if size < 2:
        return False
    later, sooner = left[shift.first:shift.first + size], left[shift.first - size:shift.first]
    if not np.isfinite(later).any() or not np.isfinite(sooner).any():
        return False
    jump = float(np.nanmean(later) - np.nanmean(sooner))
    return bool(jump * shift.delta > 0 and abs(jump) >= 0.6 * abs(shift.delta)
                and abs(jump) >= 5 * usual_step / math.sqrt(size))


def measured(track: Track, shift: Shift, found: Usual, expected: Floats, shown: Floats, n: Floats, flipped: bool,
             noise: Noise, n_before: float) -> Moved:
    """Before, after, effect and strength of a shift."""
    inside = np.zeros(len(shown), dtype=bool)
    inside[shift.first:shift.last] = True
    if shift.slope:
        inside[shift.first:shift.last - max(2, (shift.last - shift.first) // 5)] = False
    inside &= np.isfinite(shown) & (n > 0)
    if not inside.any():
        inside = np.isfinite(shown) & (n > 0)
    weight = n[inside]
    before = float(np.average(expected[inside], weights=weight))
    after = float(np.average(shown[inside], weights=weight))
    if track.unit == "share" and before * n_before < 1:      # half an event was added to none
        before = 0.0
    if flipped:
        before, after = 1 - before, 1 - after
    effect, strength = size_of(track, before, after, noise)
    return Moved(track, shift, found, before, after, effect, strength, n_before)


def size_of(track: Track, before: float, after: float, noise: Noise) -> tuple[float, float]:
    """The effect in the measure of its kind, and how many times the least that matters it is."""
    delta = after - before
    match track.scale:
        case Scale.RATIO:
            least = math.log(1.25) if track.unit in ("ms", "s") else math.log(1.5)
            return delta, abs(delta) / least
        case Scale.POINTS if track.kind in (ChangeKind.COLUMN, ChangeKind.VERSION):
            return delta, abs(delta) / LEAST_POINTS[track.what]
        case Scale.POINTS:
            return delta, abs(delta) / 0.01
        case Scale.RATE:
            relative = delta / before if before > 0 else math.inf
            return relative, abs(relative) / 0.15
        case Scale.SPREADS:
            return (delta / track.sd, abs(delta / track.sd) / 0.25) if track.sd > 0 else (0.0, 0.0)
        case Scale.WANDER:
            wander = math.sqrt(float(noise.by_length[0]))
            relative = abs(delta / before) if before else math.inf
            return delta / wander, min(abs(delta) / wander / 3, relative / 0.15)

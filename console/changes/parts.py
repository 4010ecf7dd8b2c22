"""Whether a number moved everywhere, or only within one version or host."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from console.changes.judge import Grid, Moved, judge, size_of
from console.changes.onset import Noise
from console.changes.tracks import Scale, Track
from console.changes.usual import Floats
from console.metrics.format import format_value

ELSEWHERE = 0.35
"""A move is one of a part alone where all others moved by less than so much of it."""

STILL = 0.6
"""And by less than so much of what matters."""

ENOUGH_EVENTS, ENOUGH_ROWS = 15.0, 50.0
"""The others must be enough to have shown it: so many events, had they moved alike, or so many rows."""

LEAST_Z = 7.0
"""A metric has many parts, and chance as many tries."""

SURE_Z = 10.0
"""Where something else may explain it."""

LEAST_T = 4.0
LEAST_ROWS = 30.0
OF_TRAFFIC = ("throughput", "input_tokens_per_second", "output_tokens_per_second", "cost")
"""What a part has of the traffic is told as its share."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A metric that is different within one part only.

    moved  its own shift, None for a part that has no past;  there: buckets [first, last) in which that one was seen
    """

    segment: str
    name: str
    chart: str
    strength: float
    said: str
    moved: Moved | None
    there: tuple[int, int] = (0, 0)

    def later(self, by: int) -> Part:
        """The same on a grid that begins so many buckets earlier."""
        return replace(self, moved=None if self.moved is None else replace(
            self.moved, shift=self.moved.shift.later(by)), there=(self.there[0] + by, self.there[1] + by))

    def explains(self, one: Moved) -> bool:
        """Whether a move of the whole is this one, by when it was."""
        whole = one.shift
        if self.moved is None:      # it was there for most of it
            both = min(self.there[1], whole.last) - max(self.there[0], whole.first)
            return both >= 0.5 * (whole.last - whole.first)
        own = self.moved.shift
        both = min(own.last, whole.last) - max(own.first, whole.first)
        return both >= 0.5 * max(own.last - own.first, whole.last - whole.first)


def bad_only_within(parts: Iterable[Track], grid: Grid) -> list[Part]:
    """The parts by which a metric's move is explained, or which moved while the whole stood still; strongest first."""
    by_metric: dict[tuple[str, str], list[Track]] = {}
    for track in parts:
        by_metric.setdefault((track.name, track.segment.partition("=")[0]), []).append(track)
    found = []
    for (name, _), own in by_metric.items():
        if name in OF_TRAFFIC or len(own) < 2:
            continue
        for track in own:
            rest = [other for other in own if other is not track]
            if (part := _part(track, rest, grid)) is not None:
                found.append(part)
    charts: dict[tuple[str, str], Part] = {}
    for part in sorted(found, key=lambda one: -one.strength):
        charts.setdefault((part.segment, part.chart), part)
    return list(charts.values())


def _part(track: Track, rest: list[Track], grid: Grid) -> Part | None:
    known = np.isfinite(track.values) & (track.n > 0)
    if float(track.n[known & ~grid.before].sum()) < LEAST_ROWS:
        return None
    others = _together(rest)
    if float(track.n[known & grid.before].sum()) < LEAST_ROWS:
        return _without_past(track, others, grid)
    one = judge(track, grid)
    # That it may be the time of day is no doubt here: it is the same time for the others, and they did not move.
    if one is None or one.strength < 1 or one.shift.z < (SURE_Z if one.doubt else LEAST_Z):
        return None
    inside = np.zeros(len(grid.times), dtype=bool)
    inside[one.shift.first:one.shift.last] = True
    there = np.isfinite(others.values) & (others.n > 0)
    near, far = _mean(others, grid.before), _mean(others, inside & known)
    if near is None or far is None or np.count_nonzero(inside & known & there) < 0.5 * np.count_nonzero(inside & known):
        return None
    asked = float(others.n[inside & known].sum()) * (abs(one.after - one.before) if track.unit == "share" else 1.0)
    if asked < (ENOUGH_EVENTS if track.unit == "share" else ENOUGH_ROWS):
        return None
    elsewhere = size_of(track, near, far, Noise(np.array([1.0]), 1.0))[1]
    if elsewhere > min(ELSEWHERE * one.strength, STILL):
        return None
    if abs(far - near) > ELSEWHERE * abs(one.after - one.before):
        return None
    said = f"{track.title} {_text(track, one.before)} → {_text(track, one.after)}"
    return Part(track.segment, track.name, track.chart, one.strength, said, replace(one, doubt=""))


def _without_past(track: Track, others: Track, grid: Grid) -> Part | None:
    """A part that came only now, against the others at the same time."""
    both = np.isfinite(track.values) & np.isfinite(others.values) & (track.n > 0) & (others.n > 0) & ~grid.before
    if np.count_nonzero(both) < 4:
        return None
    weight = track.n[both] * others.n[both] / (track.n[both] + others.n[both])
    gap = track.values[both] - others.values[both]
    mean = float(np.average(gap, weights=weight))
    spread = math.sqrt(float(np.average((gap - mean) ** 2, weights=weight)) * float((weight ** 2).sum())
                       / float(weight.sum()) ** 2)
    if abs(mean) < LEAST_T * max(spread, 1e-12):
        return None
    here, there = _mean(track, both), _mean(others, both)
    if here is None or there is None:
        return None
    wander = Noise(np.array([float(np.nanvar(others.values[both])) + 1e-12]), 1.0)
    strength = size_of(track, there, here, wander)[1]
    if strength < 1:
        return None
    return Part(track.segment, track.name, track.chart, strength,
                f"{track.title} {_text(track, here)} against {_text(track, there)}", None,
                (int(np.flatnonzero(both)[0]), int(np.flatnonzero(both)[-1]) + 1))


def _together(tracks: list[Track]) -> Track:
    """Several parts as one, weighted by their rows."""
    n = np.sum([np.where(np.isfinite(one.values), one.n, 0.0) for one in tracks], axis=0)
    total = np.sum([np.where(np.isfinite(one.values), one.n * one.values, 0.0) for one in tracks], axis=0)
    values: Floats = np.full(len(n), np.nan)
    np.divide(total, n, out=values, where=n > 0)
    first = tracks[0]
    return Track(first.kind, first.name, first.title, first.unit, first.group, first.step, first.scale, values, n)


def _mean(track: Track, where: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float | None:
    inside = where & np.isfinite(track.values) & (track.n > 0)
    return float(np.average(track.values[inside], weights=track.n[inside])) if inside.any() else None


def _text(track: Track, value: float) -> str:
    return format_value(math.exp(value) if track.scale is Scale.RATIO else value, track.unit)

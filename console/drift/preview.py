"""Two windows compared by the count cube, while somebody drags one of them.

The same numbers as `compare`, from counts in cells instead of rows and for all columns at once. D is known to an
interval: at least what the ends of bins show, and at most what could hide within one. Texts beyond the most frequent
ones count as one value. p is the limit law's: counting orderings and tables is left to the exact test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from math import pi

import numpy as np
from numpy.typing import NDArray

from console.drift.columns import NO, RATE_ROLES, YES
from console.drift.counts import OTHER
from console.drift.cube import CountCube, Span
from console.drift.preview_shapes import preview_shape
from console.drift.proportions import SMALL_EXPECTED, Z_95
from console.drift.result import Floats
from console.drift.verdict import (
    DETECTABLE_LEVEL,
    KOLMOGOROV_99,
    LEVEL,
    MIN_ROWS,
    Z_99,
    Scale,
    benjamini_hochberg,
    limits,
)
from console.drift.view import DriftPreview, PreviewRow, Verdict
from console.drift.words import quoted, shares_from_to
from console.roles import INPUT_ROLES
from console.window import Window

ORDER = tuple(Verdict)
MOST_NAMED = 3
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """One kind of test for several columns; each array has a number for each of them.

    low, high  where the effect of the very windows lies, if the rows were asked; NaN where no interval is known
    """

    effect: Floats
    low: Floats
    high: Floats
    statistic: Floats
    p_value: Floats
    detectable: Floats
    n: Whole
    m: Whole


class Side:
    """One window of a cube: its counts, and the distribution functions of the columns of numbers."""

    def __init__(self, cube: CountCube, span: Span) -> None:
        self.span = span
        self.rows = int(cube.rows[span.last] - cube.rows[span.first])
        self.counts = cube.counts(span)
        numbers = self.counts.take(cube.numeric_cells)
        self.values: Whole = numbers.sum(axis=1)
        self.shares: Floats = numbers / np.maximum(self.values, 1)[:, None]
        self.below: Floats = np.cumsum(self.shares, axis=1)
        self.missing: Whole = self.counts.take(cube.missing)


class Comparer:
    """Compares windows by one cube. What does not depend on the windows is worked out once."""

    def __init__(self, cube: CountCube) -> None:
        self.cube = cube
        self._sides: tuple[tuple[Window, Side], ...] = ()       # while one window is dragged the other stays
        rates = [bool(column.role in RATE_ROLES and {label for label in column.labels if label != OTHER} <= YES | NO)
                 for column in cube.columns]
        self._rates = np.array([place for place in cube.categorical if rates[place]], dtype=np.int64)
        self._plain = np.array([line for line, place in enumerate(cube.categorical) if not rates[place]],
                               dtype=np.int64)
        self._hits = [int(cube.starts[place]) + np.array([
            at for at, label in enumerate(cube.columns[place].labels) if label in YES], dtype=np.int64)
            for place in self._rates]
        self._gone = np.flatnonzero(cube.sums[-1, cube.missing])
        kinds = [(cube.numeric, 0, "numeric", "ks", "D"),
                 (cube.categorical[self._plain], 0, "categorical", "chi2", "excess TVD"),
                 (self._rates, 0, "categorical", "proportions", "difference"),
                 (self._gone, 1, "missing", "proportions", "difference")]
        rows = [(int(place), part, kind, test, effect) for places, part, kind, test, effect in kinds
                for place in places]
        self._order = np.array(sorted(range(len(rows)), key=lambda at: rows[at][:2]), dtype=np.int64)
        self._rows = [rows[at] for at in self._order]
        of_rate = np.array([effect == "difference" for *_, effect in self._rows], dtype=np.bool_)
        self._watch, self._alarm = (np.where(of_rate, *ends) for ends in zip(
            limits(Scale.RATE), limits(Scale.DISTANCE), strict=True))
        self._places = np.array([place for place, *_ in self._rows], dtype=np.int64)
        names = [(cube.columns[place].column, kind, role.value if (role := cube.columns[place].role) else "",
                  test, effect) for place, _, kind, test, effect in self._rows]
        self._names = tuple(zip(*names, strict=True)) or ((),) * 5     # what does not move, field by field
        capped = [None if part == 0 else Verdict.WATCH if cube.columns[place].role in (None, *INPUT_ROLES)
                  else Verdict.NONE for place, part, *_ in self._rows]
        self._at_most = np.array([0 if cap is None else ORDER.index(cap) for cap in capped], dtype=np.int64)

    def preview(self, reference: Window, current: Window, drawn: str = "") -> DriftPreview:
        """Every column of the cube in its order: its values and then, where it has any, its missing ones.

        drawn  the column whose distributions are made too
        """
        cube = self.cube
        sides = self._side(reference), self._side(current)
        self._sides = (reference, sides[0]), (current, sides[1])
        slack = sum(side.span.loose / max(1, side.rows) for side in sides)
        of = self._distances(*sides, slack)
        tested = np.minimum(of.n, of.m) >= MIN_ROWS
        adjusted = np.full(len(tested), np.nan)
        adjusted[tested] = benjamini_hochberg(of.p_value[tested])
        far = np.abs(of.effect)
        grade = np.where(~tested, 3, np.where((adjusted < LEVEL) & (far >= self._watch),
                                              np.where(far >= self._alarm, 0, 1), 2))
        missing = [(side.missing / max(1, side.rows))[self._places] for side in sides]
        grade = np.where(missing[0] == 1, np.maximum(grade, self._at_most), grade)
        columns = tuple(map(PreviewRow._make, zip(
            *self._names, of.statistic.tolist(), of.p_value.tolist(), adjusted.tolist(), of.effect.tolist(),
            of.low.tolist(), of.high.tolist(), of.n.tolist(), of.m.tolist(), missing[0].tolist(),
            missing[1].tolist(), of.detectable.tolist(), [ORDER[at] for at in grade.tolist()], strict=True)))
        verdict = ORDER[int(grade.min(initial=3))]
        shape = preview_shape(cube, drawn, sides[0].counts, sides[1].counts) if drawn else None
        return DriftPreview(reference, current, columns, sides[0].rows, sides[1].rows, said(columns), verdict,
                            cube.step_us / 1e6, cube.left_out, shape)

    def _side(self, window: Window) -> Side:
        for known, side in self._sides:
            if known is window or known == window:
                return side
        span = self.cube.span(window)
        return next((side for _, side in self._sides if side.span == span), None) or Side(self.cube, span)

    def _distances(self, reference: Side, current: Side, slack: float) -> Distances:
        """In the order of the rows. Rates and missing values are one call: that costs its steps, not its numbers."""
        cube, sides = self.cube, (reference, current)
        parts = [numeric_distances(cube, reference, current, slack),
                 category_distances(cube, reference.counts, current.counts, self._plain)]
        if len(self._rates) or len(self._gone):
            hits = [np.concatenate([[int(side.counts[at].sum()) for at in self._hits], side.missing[self._gone]])
                    .astype(np.int64) for side in sides]
            of = [np.concatenate([side.rows - side.missing[self._rates], np.full(len(self._gone), side.rows)])
                  for side in sides]
            parts.append(rate_distances(hits[0], of[0], hits[1], of[1], slack))
        return Distances(*(np.concatenate([getattr(part, field.name) for part in parts])[self._order]
                           for field in FIELDS))


FIELDS = fields(Distances)


def numeric_distances(cube: CountCube, reference: Side, current: Side, slack: float = 0.0) -> Distances:
    """D of the columns of numbers, from the counts of two windows.

    slack  what D may differ by since windows do not end where buckets do
    Between two ends of bins F - G is at most what it is at the lower end and all of the bin's rows of one side.
    """
    from scipy.special import kolmogorov

    n, m = reference.values, current.values
    gap = reference.below - current.below
    distance = np.minimum(1.0, np.abs(gap).max(axis=1, initial=0))
    hidden = np.maximum(gap + current.shares, reference.shares - gap)
    hidden *= cube.several
    high = np.minimum(1.0, np.maximum(distance, hidden.max(axis=1, initial=0)) + slack)
    size = np.sqrt(np.maximum(n * m, 1) / np.maximum(n + m, 1))
    return Distances(distance, np.maximum(0.0, distance - slack), high, distance, kolmogorov(size * distance),
                     np.minimum(1.0, KOLMOGOROV_99 / size), n, m)


def category_distances(cube: CountCube, a: Whole, b: Whole, lines: Whole | None = None) -> Distances:
    """Chi-square and the total variation beyond chance, rare values pooled as in `chi2.compared_table`.

    lines  of `cube.categorical`: which columns; all of them by default
    """
    from scipy.special import chdtrc

    cells = cube.categorical_cells if lines is None else cube.categorical_cells[lines]
    here, there = a[cells].astype(np.float64), b[cells].astype(np.float64)
    if not len(cells):
        none = np.zeros(0)
        return Distances(none, none, none, none, none, none, none.astype(np.int64), none.astype(np.int64))
    n, m = here.sum(axis=1), there.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = (here + there) * (np.minimum(n, m) / np.maximum(n + m, 1))[:, None]
        if np.any((expected < SMALL_EXPECTED) & (expected > 0)):
            here, there = _pooled(expected, here, there)
        both = here + there
        kept = np.count_nonzero(both, axis=1)
        gap = here / n[:, None] - there / m[:, None]
        statistic = np.nansum(gap * gap / both, axis=1) * (n * m)
        share = both / (n + m)[:, None]
        inverse = 1 / n + 1 / m
        chance = np.sqrt(share * (1 - share)).sum(axis=1) * np.sqrt(2 / pi * inverse)
        effect = np.maximum(0.0, np.abs(gap).sum(axis=1) - chance) / 2
        degrees = np.maximum(kept - 1, 1)
        p_value = np.where(kept > 1, chdtrc(degrees, statistic), 1.0)
        detectable = np.minimum(1.0, np.sqrt(_shown_from(here.shape[1])[degrees] * inverse) / 2)
    unknown = np.full(len(cells), np.nan)
    return Distances(effect, unknown, unknown, statistic, p_value, detectable, n.astype(np.int64), m.astype(np.int64))


@cache
def _shown_from(most: int) -> Floats:
    """The chi-square that shows something, by degrees of freedom, up to so many: to look for it takes its time."""
    from scipy.special import chdtri

    return np.array([0.0, *chdtri(np.arange(1, most + 1), DETECTABLE_LEVEL)])


def _pooled(expected: Floats, here: Floats, there: Floats) -> tuple[Floats, Floats]:
    """The rarest values of each line in one cell behind the others, as many as are expected 5 times together."""
    cells = expected.shape[1]
    rising = np.argsort(expected, axis=1, kind="stable")
    summed = np.cumsum(np.take_along_axis(expected, rising, axis=1), axis=1)
    rare = np.count_nonzero(expected < SMALL_EXPECTED, axis=1)
    some = np.take_along_axis(summed, np.maximum(rare - 1, 0)[:, None], axis=1)[:, 0] > 0
    enough = (summed >= SMALL_EXPECTED) & (np.arange(cells) >= rare[:, None] - 1)
    size = np.where(some & (rare > 0), np.minimum(enough.argmax(axis=1) + 1, cells - 1), 0)
    rank = np.empty_like(rising)
    np.put_along_axis(rank, rising, np.broadcast_to(np.arange(cells), rising.shape), axis=1)
    pool = rank < size[:, None]
    first, second = (np.concatenate([np.where(pool, 0.0, side), np.where(pool, side, 0.0).sum(axis=1, keepdims=True)],
                                    axis=1) for side in (here, there))
    return first, second


def rate_distances(hits: Whole, n: Whole, hits_after: Whole, m: Whole, slack: float = 0.0) -> Distances:
    """Differences of shares with Newcombe's interval; p of the pooled z, with Yates' correction where few are expected.
    """
    from scipy.special import ndtr

    with np.errstate(divide="ignore", invalid="ignore"):
        p, q = hits / n, hits_after / m
        pooled = (hits + hits_after) / (n + m)
        inverse = 1 / n + 1 / m
        spread = np.sqrt(pooled * (1 - pooled) * inverse)
        few = np.minimum(n, m) * np.minimum(pooled, 1 - pooled) < SMALL_EXPECTED
        apart = np.maximum(0.0, np.abs(q - p) - np.where(few, inverse / 2, 0.0))
        z = np.where(spread > 0, (q - p) / spread, 0.0)
        p_value = np.where(spread > 0, 2 * ndtr(-apart / spread), 1.0)
        (low_p, low_q), (high_p, high_q) = _wilson(np.array([p, q]), np.array([n, m]))
        low = q - p - np.hypot(q - low_q, high_p - p) - slack
        high = q - p + np.hypot(high_q - q, p - low_p) + slack
        share = (hits + hits_after + 1) / (n + m + 2)
        detectable = np.minimum(1.0, Z_99 * np.sqrt(share * (1 - share) * inverse))
    return Distances(q - p, low, high, z, p_value, detectable, n, m)


def said(columns: Sequence[PreviewRow]) -> str:
    """All columns in a few words: "3 of 14 columns differ: price D 0.31, ..."."""
    names = len({row.column for row in columns})
    if not names:
        return "No column to compare."
    moved = sorted((row for row in columns if row.verdict in (Verdict.ALARM, Verdict.WATCH)),
                   key=lambda row: (ORDER.index(row.verdict), -abs(row.effect)))
    if not moved:
        few = all(row.verdict is Verdict.TOO_FEW for row in columns)
        return "Too few rows to say." if few else f"None of {names} columns differs."
    shown = ", ".join(f"{quoted(row.column)}{' missing' if row.kind == 'missing' else ''} {_size(row)}"
                      for row in moved[:MOST_NAMED])
    several = len({row.column for row in moved})
    differ = f"{'column' if names == 1 else 'columns'} {'differs' if several == 1 else 'differ'}"
    return f"{several} of {names} {differ}: {shown}" \
           f"{' …' if len(moved) > MOST_NAMED else ''}"


def known(row: PreviewRow) -> str:
    """How well the effect is known, in a few words; "" where there is no more to say than the effect."""
    if row.effect_name == "D":
        near = row.effect_high - row.effect_low < 0.0005
        return f"D {row.effect:.3f}" if near else f"D {row.effect_low:.3f} to {row.effect_high:.3f}"
    if row.kind == "missing":
        return shares_from_to(row.missing_reference, row.missing_current)
    if row.effect_name == "difference":
        return f"{100 * row.effect_low:+.1f} to {100 * row.effect_high:+.1f} points".replace("-", "\N{MINUS SIGN}")
    return ""


def _size(row: PreviewRow) -> str:
    if row.effect_name == "difference":
        return f"{100 * row.effect:+.2g} points".replace("-", "\N{MINUS SIGN}")
    return f"{'D ' if row.effect_name == 'D' else ''}{row.effect:.2f}"


def _wilson(share: Floats, n: Whole) -> tuple[Floats, Floats]:
    z2 = Z_95 * Z_95
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return np.maximum(0.0, middle - half), np.minimum(1.0, middle + half)



"""The day and the week in a series of buckets: columns that take them out of a fit, and how strongly they show."""

from __future__ import annotations

import math

import numpy as np

from console.drift.result import NAN, Floats

DAY, WEEK = 24.0, 168.0
LEAST_PERIODS = 3
"""A pattern is a season when it was seen this often."""
DAILY, WEEKLY = 2, 3
"""Waves per day (24 and 12 hours) and per week (7, 3 1/2 and 2 1/3 days)."""
SATURDAY = 120


def season_columns(n: int, bucket_hours: float | None, hour_of_week: float | None = None) -> list[tuple[str, Floats]]:
    """What may be taken out, each with its name, the simplest first: nothing, the day, the week, both.

    Each is an array of shape (n, k). A day needs three days of buckets shorter than half a day, a week three weeks.
    With `hour_of_week` of the first bucket's start (0 is Monday, 0:00) the weekend is a column of its own.
    """
    found: list[tuple[str, Floats]] = [("", np.empty((n, 0)))]
    if not bucket_hours:
        return found
    middles = (np.arange(n, dtype=np.float64) + 0.5) * float(bucket_hours)
    span = n * bucket_hours
    day = waves(middles, DAY, DAILY, bucket_hours) if span >= LEAST_PERIODS * DAY else np.empty((n, 0))
    week = waves(middles, WEEK, WEEKLY, bucket_hours) if span >= LEAST_PERIODS * WEEK else np.empty((n, 0))
    if week.shape[1] and hour_of_week is not None:
        week = np.column_stack([week, weekend_share(n, bucket_hours, hour_of_week)])
    if day.shape[1]:
        found.append(("day", day))
    if week.shape[1]:
        found.append(("week", week))
    if day.shape[1] and week.shape[1]:
        found.append(("day and week", np.column_stack([day, week])))
    return found


def waves(hours: Floats, period: float, most: int, bucket_hours: float) -> Floats:
    """Sine and cosine of the period and its parts; of those that buckets this long can show."""
    columns: list[Floats] = []
    for part in range(1, most + 1):
        if period / part > 2 * bucket_hours * 1.02:
            angle = 2 * math.pi * part * hours / period
            columns += [np.sin(angle), np.cos(angle)]
    return np.column_stack(columns) if columns else np.empty((len(hours), 0))


def weekend_share(n: int, bucket_hours: float, hour_of_week: float) -> Floats:
    """The share of each bucket that lies on Saturday or Sunday."""
    ends = hour_of_week + np.arange(n + 1) * bucket_hours
    past = np.floor(ends / WEEK) * (WEEK - SATURDAY) + np.maximum(0.0, ends % WEEK - SATURDAY)
    share: Floats = np.diff(past) / bucket_hours
    return share


def without_season(values: Floats, hours_of_week: Floats, learned_from: Floats | None = None) -> Floats:
    """The values less the usual one of their hour of the week, plus the mean: for statistics of the same hours.

    hours_of_week  of each bucket's start, 0 to 168; learned_from says from which buckets the profile is learned (all).
    The usual value is the median of the same hour of the week where it was seen three times, else of the hour of the
    day where that was, else of all. NaN stays NaN.
    """
    known = np.isfinite(values) if learned_from is None else np.isfinite(values) & (np.asarray(learned_from) > 0)
    if not known.any():
        return values.copy()
    level = float(np.median(values[known]))
    usual = np.full(len(values), level)
    for keys in (np.floor(hours_of_week % DAY), np.floor(hours_of_week % WEEK)):
        for key in np.unique(keys[known]):
            same = keys == key
            if np.count_nonzero(same & known) >= LEAST_PERIODS:
                usual[same] = float(np.median(values[same & known]))
    cleared: Floats = values - usual + level
    return cleared


def autocorrelation(values: Floats, lag_buckets: float) -> float:
    """Pearson's correlation with the same series that much earlier; between two whole lags the larger of both.

    nan with fewer than three such periods, or where nothing varies.
    """
    found = [_at_lag(values, lag) for lag in {math.floor(lag_buckets), math.ceil(lag_buckets)} if lag >= 2]
    known = [value for value in found if not math.isnan(value)]
    return max(known) if known and len(values) >= LEAST_PERIODS * lag_buckets else NAN


def _at_lag(values: Floats, lag: int) -> float:
    if len(values) - lag < 3:
        return NAN
    a, b = values[:-lag], values[lag:]
    both = np.isfinite(a) & np.isfinite(b)
    if np.count_nonzero(both) < 3:
        return NAN
    a, b = a[both] - a[both].mean(), b[both] - b[both].mean()
    size = math.sqrt(float(np.dot(a, a)) * float(np.dot(b, b)))
    return float(np.dot(a, b)) / size if size > 0 else NAN

"""From p and effect to a verdict, the same rule for every column. The limits stand here with their reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from console.drift.result import Floats
from console.drift.view import Verdict

LEVEL = 0.05
"""Of the columns called moved, at most this share is wrong on average (the false discovery rate)."""
WATCH_EFFECT = 0.05
"""D or excess TVD: a move of an eighth of a standard deviation. Less is real at large n and matters to nobody."""
ALARM_EFFECT = 0.10
"""D or excess TVD: a move of a quarter of a standard deviation."""
WATCH_POINTS = 0.01
"""Rates move on a finer scale: 1 point of missing values or clicks."""
ALARM_POINTS = 0.03
"""3 points."""
MIN_ROWS = 30
"""With fewer values on a side the least D that could be seen at 1 % is above 0.4: nothing is said then."""
DETECTABLE_LEVEL = 0.01
"""The level at which the least visible effect is given."""
KOLMOGOROV_99 = 1.6276236115189504
"""The 99 % point of the Kolmogorov distribution."""
Z_99 = 2.5758293035489004


class Scale(StrEnum):
    """What an effect is measured in, and with that its limits."""

    DISTANCE = "distance"   # D or excess TVD, 0 to 1
    RATE = "rate"           # a difference of rates; 0.01 is a point


def limits(scale: Scale) -> tuple[float, float]:
    """Where watching begins, and where alarm does."""
    return (WATCH_POINTS, ALARM_POINTS) if scale is Scale.RATE else (WATCH_EFFECT, ALARM_EFFECT)


def enough(n_reference: int, n_current: int) -> bool:
    """Whether a verdict may be given at all."""
    return min(n_reference, n_current) >= MIN_ROWS


def judge(p_adjusted: float, effect: float, scale: Scale, n_reference: int, n_current: int) -> Verdict:
    """Moved beyond chance, and far enough to matter: both, or there is no drift. Under 30 values: too few to say."""
    if not enough(n_reference, n_current):
        return Verdict.TOO_FEW
    watch, alarm = limits(scale)
    if not p_adjusted < LEVEL or abs(effect) < watch:
        return Verdict.NONE
    return Verdict.ALARM if abs(effect) >= alarm else Verdict.WATCH


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict on all together. Too few is the weakest: one column that could be judged outweighs it."""
    return min(verdicts, key=list(Verdict).index, default=Verdict.TOO_FEW)


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """p-values adjusted for their number, in the order given: those below q have a false discovery rate of q.

    Source: Y. Benjamini and Y. Hochberg, J. R. Statist. Soc. B 57 (1995), 289-300.
    """
    p = np.asarray(p_values, dtype=np.float64)
    falling = np.argsort(-p, kind="stable")
    factors = len(p) / np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[falling] = np.minimum(1.0, np.minimum.accumulate(factors * p[falling]))
    return adjusted


def detectable_distance(n_reference: int, n_current: int) -> float:
    """The least D that is significant at 1 % with these sizes."""
    return min(1.0, KOLMOGOROV_99 * math.sqrt(1 / n_reference + 1 / n_current))


def detectable_variation(n_reference: int, n_current: int, categories: int) -> float:
    """A total variation distance that is surely significant at 1 %, however it is spread over the categories.

    Chi-square is at least 4 TVD^2 nm / (n + m), by Cauchy and Schwarz.
    """
    from scipy.special import chdtri

    point = float(chdtri(max(1, categories - 1), DETECTABLE_LEVEL))
    return min(1.0, math.sqrt(point * (1 / n_reference + 1 / n_current)) / 2)


def detectable_difference(hits: int, n_reference: int, n_current: int) -> float:
    """The least difference of two rates that is significant at 1 %; `hits` on both sides together.

    One hit and one miss are added, so that a rate never yet seen does not look infinitely visible.
    """
    share = (hits + 1) / (n_reference + n_current + 2)
    return min(1.0, Z_99 * math.sqrt(share * (1 - share) * (1 / n_reference + 1 / n_current)))

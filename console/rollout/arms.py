"""Two versions that were both live, compared over a whole stretch of log, whatever any plan would have done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from console.rollout.difference import Difference
from console.rollout.outcomes import Requests
from console.rollout.plan import ALPHA
from console.rollout.slices import Slice
from console.rollout.tally import CLICKS, ERRORS, LATENCY, Measure, tally

NAMES = {ERRORS: "errors", LATENCY: "latency", CLICKS: "CTR"}


@dataclass(frozen=True, slots=True)
class ArmComparison:
    """One metric of both versions.

    candidate, stable   over all rows;  difference  within slices of time, candidate less stable
    low, high           its interval, which holds at every look
    """

    metric: str
    unit: str
    stable: float
    candidate: float
    n_stable: int
    n_candidate: int
    difference: float
    low: float
    high: float
    sentence: str

    @property
    def differs(self) -> bool:
        """Whether the interval leaves 0 out."""
        return isfinite(self.low) and (self.low > 0 or self.high < 0)


def compare_arms(requests: Requests, *, slice_s: float = 3600.0, attribution_s: float = 0.0, alpha: float = ALPHA,
                 measures: Sequence[Measure] = tuple(NAMES)) -> tuple[ArmComparison, ...]:
    """Of a log with two live versions; what it does not have is left out. Of other logs nothing."""
    if requests.arm is None or not len(requests):
        return ()
    start = float(requests.at[0])
    found = tally(requests, np.zeros(len(requests), np.uint8), 1, measures, start_s=start,
                  end_s=float(requests.at[-1]) + 1e-6, slice_s=slice_s, attribution_s=attribution_s, users=False)
    rows = []
    for measure in measures:
        candidate, stable = found.candidate.get(measure), found.stable.get(measure)
        if candidate is None or stable is None:
            continue
        test = Difference(alpha, share=measure.share, worse=0)
        for at in range(found.slices):
            grids = [grid for side in (candidate, stable) for grid in (side.n, side.x, side.xx)]
            test.add(Slice(*(float(grid[at, -1]) for grid in grids)))
        total = test.total
        middle, low, high = test.interval()
        rows.append(_row(measure, total, middle, low, high))
    return tuple(rows)


def _row(measure: Measure, total: Slice, middle: float, low: float, high: float) -> ArmComparison:
    unit = "share" if measure.share else "ms" if measure == LATENCY else ""
    scale, digits = (100.0, "points") if measure.share else (1.0, unit)
    of = [total.x_c / total.n_c if total.n_c else nan, total.x_s / total.n_s if total.n_s else nan]
    name = NAMES.get(measure, measure.metric.value.replace("_", " "))
    if not isfinite(low):
        said = f"{name}: too little to compare."
    else:
        differs = low > 0 or high < 0
        told = f"{of[0] * scale:.3g} against {of[1] * scale:.3g}{' %' if measure.share else ' ' + unit if unit else ''}"
        said = f"{name}: {'a difference is shown' if differs else 'no difference shown'}, {told}, difference " \
               f"{low * scale:+.3g} to {high * scale:+.3g} {digits}".rstrip() + "."
    return ArmComparison(name, unit, of[1], of[0], int(total.n_s), int(total.n_c), middle, low, high, said)

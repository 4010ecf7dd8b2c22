"""What happens when, in the demo log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from console.window import Window

Floats = NDArray[np.float64]

SPAN = timedelta(hours=48)
DRIFT = (timedelta(hours=28), timedelta(hours=18))          # from, to: so long before the end
CANARY = (timedelta(hours=12), timedelta(hours=6))
RAMP = (0.05, 0.15, 0.30, 0.50)                             # shares of traffic, each for a quarter of the canary's time
NULLS = (timedelta(minutes=26), timedelta(minutes=11))      # near the end, so that the last half hour shows it
CAMPAIGN = timedelta(minutes=75)                            # before the end traffic begins to rise
CAMPAIGN_FACTOR = 3.0
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Chapters:
    """The story's chapters as windows of log time; after the last one the log is healthy again."""

    whole: Window
    healthy: Window
    drift: Window
    canary: Window
    ramp: tuple[tuple[datetime, float], ...]                # when the new version got which share; the last is 0
    nulls: Window

    @classmethod
    def ending(cls, end: datetime) -> Chapters:
        """The story whose history ends at that instant."""
        canary = Window(end - CANARY[0], end - CANARY[1])
        quarter = (canary.end - canary.start) / len(RAMP)
        ramp = tuple((canary.start + number * quarter, share) for number, share in enumerate(RAMP))
        return cls(Window(end - SPAN, end), Window(end - SPAN, end - DRIFT[0]), Window(end - DRIFT[0], end - DRIFT[1]),
                   canary, (*ramp, (canary.end, 0.0)), Window(end - NULLS[0], end - NULLS[1]))

    def traffic(self, at_s: Floats) -> Floats:
        """Relative request rate: a daily wave with its top at the end, and a campaign in the last hour."""
        before_h = (self.whole.end_s - at_s) / HOUR_S
        daily = 1 + 0.42 * np.cos(before_h / 24 * 2 * np.pi) + 0.10 * np.cos(before_h / 12 * 2 * np.pi + 0.7)
        since_h = (at_s - (self.whole.end_s - CAMPAIGN.total_seconds())) / HOUR_S
        risen = (1 + np.tanh(6 * (since_h - 0.35))) / 2
        return np.asarray(daily * (1 + (CAMPAIGN_FACTOR - 1) * risen))

    def drifted(self, at_s: Floats) -> Floats:
        """How far the inputs have drifted, 0 to 1; back at 0 when the chapter ends."""
        share = (at_s - self.drift.start_s) / self.drift.seconds
        return np.where((share >= 0) & (share < 1), share, 0.0)

    def canary_share(self, at_s: Floats) -> Floats:
        """Share of traffic that the new version gets."""
        shares = np.zeros(len(at_s))
        for when, share in self.ramp:
            shares = np.where(at_s >= when.timestamp(), share, shares)
        return shares

    def nulls_on(self, at_s: Floats) -> NDArray[np.bool_]:
        """Where values and answers go missing: the chapter, and 45 s of every 5 min of what comes after the history."""
        live_s = at_s - self.whole.end_s
        again = (live_s > 0) & (live_s % 300 >= 90) & (live_s % 300 < 135)
        return np.asarray(((at_s >= self.nulls.start_s) & (at_s < self.nulls.end_s)) | again)

    def slow(self, at_s: Floats) -> Floats:
        """Factor on latency: after the history, 45 s of every 5 min are slow, so that there is something to see."""
        live_s = at_s - self.whole.end_s
        return np.where((live_s > 0) & (live_s % 300 >= 210) & (live_s % 300 < 255), 1.8, 1.0)

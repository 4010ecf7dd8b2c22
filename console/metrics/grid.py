"""Which buckets a window is drawn in."""

from __future__ import annotations

import math
import re

from console.errors import BadSettings
from console.window import Window

BUCKETS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
             172800, 604800)
"""Lengths that people count in, each a multiple of a level of the rollups."""

EVEN_STEPS, WHOLE = 4.0, 0.01
"""Increases are drawn in buckets of four steps or more, or of whole steps to within a hundredth."""

UNITS_S = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}


def bucket_for(window: Window, max_points: int, *, least_s: float = 1) -> int:
    """The shortest bucket that needs at most `max_points` over the window, and is no finer than the data."""
    wanted = max(window.seconds / max(1, max_points), least_s)
    return next((bucket for bucket in BUCKETS_S if bucket >= wanted),
                BUCKETS_S[-1] * math.ceil(wanted / BUCKETS_S[-1]))


def bucket_for_step(bucket_s: int, step_s: float, *, counted: bool = False) -> int:
    """The shortest bucket from `bucket_s` on in which samples that lie `step_s` apart make an even line.

    counted  increases are drawn, which need whole steps in a bucket, or so many that one more or less is little
    """
    steps = EVEN_STEPS if counted else 1.0
    for bucket in (bucket_s, *(bucket for bucket in BUCKETS_S if bucket > bucket_s)):
        held = bucket / step_s if step_s > 0 else steps
        if held >= steps or (held > 0.5 and abs(held - round(held)) <= WHOLE * held):
            return bucket
    return bucket_s


def aligned(window: Window, bucket_s: int) -> Window:
    """The window widened to whole buckets of the epoch's grid."""
    start = math.floor(window.start_s / bucket_s) * bucket_s
    end = math.ceil(window.end_s / bucket_s) * bucket_s
    return Window.from_epoch(start, max(end, start + bucket_s))


def parse_length(text: str) -> int:
    """Seconds from `10s`, `1m`, `2h`, `1d`, `1w`. Raises BadSettings."""
    match = re.fullmatch(r"\s*(\d+)\s*(s|min|m|h|d|w)\s*", text)
    if match is None or int(match[1]) == 0:
        raise BadSettings(f"`{text}` is no length of time", do="Write a number and s, m, h, d or w: 10s, 1m, 2h")
    return int(match[1]) * UNITS_S[match[2]]

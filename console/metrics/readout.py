"""What every chart says at one instant."""

from __future__ import annotations

import math
from datetime import datetime

from console.metrics.charts import value_text
from console.metrics.format import NO_DATA, WAITING
from console.metrics.view import BoardView, ReadOut
from console.window import from_epoch


def read_out(board: BoardView, at: datetime) -> tuple[ReadOut, ...]:
    """The value of the bucket that holds the instant, chart by chart and curve by curve."""
    rows = []
    for chart in board.charts:
        if not len(chart.times):
            continue
        index = math.floor((at.timestamp() - chart.times[0]) / chart.bucket_s)
        inside = 0 <= index < len(chart.times)
        start = from_epoch(float(chart.times[min(max(index, 0), len(chart.times) - 1)]))
        for number, series in enumerate(chart.series):
            text = value_text(chart, index, number) if inside else NO_DATA
            if text == NO_DATA and chart.waits is not None and chart.waits.start <= at < chart.waits.end:
                text = WAITING
            rows.append(ReadOut(chart.metric, chart.title, series.name, start, text))
    return tuple(rows)

"""The numbers behind a chart, bucket by bucket: as a table to read, and as CSV to reckon with."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from console.metrics.format import format_count, format_since, format_span, format_value
from console.metrics.view import ChartView
from console.window import RELATIVE_START, from_epoch

MOST_ROWS = 200
"""Of the table; beyond it every k-th bucket is written, unchanged, and the table says so."""

DASH = "–"

FORMULA = re.compile("^[\\s\u200b\u00a0]*[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212]|^[\\t\\r\\n]")
"""How a cell begins that a spreadsheet may run (OWASP, CSV injection): blanks before it and full-width signs too."""

_NUMERIC = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Table:
    """`numbers` says which columns hold numbers: those are set to the right, in figures of one width."""

    heads: tuple[str, ...]
    numbers: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def numbers_table(chart: ChartView) -> Table:
    """At most MOST_ROWS buckets with the rows behind each value: once where all series rest on the same rows."""
    every = max(1, math.ceil(len(chart.times) / MOST_ROWS))
    shared = all(np.array_equal(part.n, chart.series[0].n, equal_nan=True) for part in chart.series)
    heads = ["Start, from the log's" if chart.relative else "Start (UTC)"]
    for part in chart.series:
        heads += [part.name or chart.title] if shared else [part.name or chart.title, "rows"]
    rows = []
    for index in range(0, len(chart.times), every):
        start = from_epoch(float(chart.times[index]))
        row = [format_since(start) if chart.relative else f"{start:%Y-%m-%d %H:%M:%S}"]
        for part in chart.series:
            value = value_text(float(part.values[index]), chart.unit)
            row += [value] if shared else [value, _rows(float(part.n[index]))]
        if shared and chart.series:
            row.append(_rows(float(chart.series[0].n[index])))
        rows.append(tuple(row))
    if shared and chart.series:
        heads.append("rows")
    length = format_span(chart.bucket_s)
    note = f"A row for each bucket of {length}." if every == 1 else (
        f"One in {every} of {format_count(len(chart.times))} buckets of {length}; the values are not averaged.")
    return Table(tuple(heads), (False, *[True] * (len(heads) - 1)), tuple(rows), note)


def numbers_csv(chart: ChartView) -> str:
    """All buckets in full precision; shares as 0 to 1; an empty cell is a gap. Relative times in seconds."""
    heads = ["start_s" if chart.relative else "start_utc"]
    for part in chart.series:
        heads += [part.name or chart.metric, f"{part.name or chart.metric} rows"]
    lines = [",".join(csv_cell(head) for head in heads)]
    columns = [(part.values.tolist(), np.nan_to_num(part.n).tolist()) for part in chart.series]
    for index, at in enumerate(chart.times):
        cells = [f"{float(at) - RELATIVE_START.timestamp():.0f}" if chart.relative
                 else f"{from_epoch(float(at)):%Y-%m-%dT%H:%M:%SZ}"]
        for values, n in columns:
            cells += ["" if math.isnan(values[index]) else repr(values[index]), f"{n[index]:.0f}"]
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def file_name(metric: str) -> str:
    """A name for that CSV: a metric may be named by a log, a file is named by us."""
    kept = "".join(mark if mark.isascii() and (mark.isalnum() or mark in "_-") else "_" for mark in metric)
    return f"{kept[:60]}.csv"


def value_text(value: float, unit: str) -> str:
    """As everywhere, but a dash for what is not known: a table full of words is hard to read."""
    return DASH if math.isnan(value) else format_value(value, unit)


def _rows(n: float) -> str:
    return format_count(int(n)) if math.isfinite(n) else DASH


def csv_cell(text: str) -> str:
    """One cell of CSV, in quotes where it needs them. A text that a spreadsheet would run gets an apostrophe in front;
    one that is a number is none."""
    if FORMULA.match(text) and not _NUMERIC.fullmatch(text):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\n\r\t;') else text

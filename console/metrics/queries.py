"""The SQL that gives a metric's numbers from the raw rows: for the inspector, the report, and a doubtful reader.

The board itself reads rollups; these queries are the slow, plain way to the same numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.metrics.catalogue import Metric, Source
from console.roles import ColumnType

if TYPE_CHECKING:
    from console.metrics.measure import Reading
    from console.store import ColumnInfo


def query_for(reading: Reading, metric: Metric, *others: Metric) -> str:
    """One SELECT over `events`, `samples` or the raw tables of the workspace.

    others  further metrics of the same chart; percentiles are asked for together, as a list
    """
    start, end = (moment.strftime("%Y-%m-%d %H:%M:%S") for moment in (reading.window.start, reading.window.end))
    bucket = f"time_bucket(INTERVAL '{reading.bucket_s} seconds', {{time}}) AS bucket"
    where = f"WHERE {{time}} >= TIMESTAMP '{start}' AND {{time}} < TIMESTAMP '{end}'"

    def select(value: str, source: str, time: str, extra: str = "") -> str:
        """Text from the log goes in by replacement of ours only: it may hold braces."""
        head = f"SELECT {bucket}, ".replace("{time}", time)
        tail = f"\nFROM {source}\n{where}".replace("{time}", time)
        return f"{head}{value} AS value{tail}{extra}\nGROUP BY bucket ORDER BY bucket"

    match metric.source:
        case Source.ROWS:
            return select(f"count(*) / {reading.bucket_s}.0", "events", "ts")
        case Source.PERCENTILE:
            ranks = ", ".join(f"{one.quantile:g}" for one in (metric, *others))
            return select(f"quantile_disc(latency_ms, {f'[{ranks}]' if others else ranks})", "events", "ts")
        case Source.FAILED:
            return select("avg(failed::INTEGER)", "events", "ts")
        case Source.OUTCOME:
            return select(f"avg({metric.roles[0].value}::DOUBLE)", "events", "ts")
        case Source.SAMPLED:
            name = metric.title.replace("'", "''")
            return select("avg(value)", "samples", "ts", f" AND metric = '{name}'")
        case Source.MISSING | Source.MISSING_INPUT:
            return "\nUNION ALL\n".join(
                select("(" + " + ".join(f"count(*) FILTER ({_missing(column)})" for column in columns)
                       + f") / (count(*) * {len(columns)}.0)", stream.rows_sql, "_ts")
                for stream, columns in reading.columns(metric))
        case _:
            return "\nUNION ALL\n".join(
                select(" + ".join(f"avg({_canonical(column)})" for column in columns)
                       + (f" / {len(columns)}" if len(columns) > 1 else ""), stream.rows_sql, "_ts")
                for stream, columns in reading.columns(metric))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _missing(column: ColumnInfo) -> str:
    name = _quoted(column.stored)
    return f"{name} IS NULL OR isnan({name})" if column.type is ColumnType.NUMBER else f"{name} IS NULL"


def _canonical(column: ColumnInfo) -> str:
    name = _quoted(column.stored)
    return name if column.scale == 1 else f"{name} * {column.scale!r}"

"""The SQL of columns that change and of columns that stand still: what `still` finds from rollups, from the rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from console.metrics.catalogue import Metric
from console.metrics.still import FEW, is_numeric
from console.store.casting import stored_number
from console.store.derived import text_sql
from console.store.names import literal
from console.window import from_epoch

if TYPE_CHECKING:
    from console.metrics.measure import Reading
    from console.store import ColumnInfo, StreamInfo


def changes_sql(reading: Reading, metric: Metric) -> str:
    """The same from the rows, as one SELECT. `enough`: so many rows with one value are no accident, as the first day
    tells."""
    parts = []
    start_s, length = reading.window.start_s, f"INTERVAL '{reading.bucket_s} seconds'"
    for stream, columns in reading.columns(metric):
        early = reading.store.early(stream.stream_id, [column.stored for column in columns])
        for column in columns:
            usual = early.get(column.stored)
            enough = FEW * usual.rows / -math.log(usual.share) if usual is not None else math.inf
            parts.append(_ends_sql(reading, stream, column, first_s=start_s - reading.bucket_s,
                                   named=f"{literal(f'{stream.name}: {column.name}')} AS name, "
                                   f"'{enough!r}'::DOUBLE AS enough, "))
    return ("SELECT bucket, sum(moved) / sum(judged) AS value FROM (\n"
            "  SELECT bucket, moved::INTEGER AS moved, (moved OR n + n_before >= enough)::INTEGER AS judged FROM (\n"
            "    SELECT bucket, enough, n, lag(n) OVER w AS n_before, lag(bucket) OVER w AS before,\n"
            "      least(low, lag(low) OVER w) <> greatest(high, lag(high) OVER w) AS moved\n"
            "    FROM (\n" + "\n  UNION ALL\n".join(parts) + ") WINDOW w AS (PARTITION BY name ORDER BY bucket))\n"
            f"  WHERE before = bucket - {length} AND bucket >= {_at(start_s)})\n"
            "GROUP BY bucket HAVING sum(judged) > 0 ORDER BY bucket") if parts else ""


def unchanged_sql(reading: Reading, metric: Metric) -> str:
    """The same from the rows, as one SELECT."""
    found = reading.columns(metric)
    if not found:
        return ""
    stream, (column, *_) = max(found, key=lambda item: item[0].rows)
    start = reading.window.start_s
    return ("SELECT bucket, epoch(bucket) - epoch(coalesce(\n"
            "  max(CASE WHEN changed THEN bucket END) OVER (ORDER BY bucket), "
            f"{_at(start - reading.bucket_s)})) AS value\nFROM (SELECT bucket,\n"
            "  low <> high OR (lag(low) OVER w = lag(high) OVER w AND low <> lag(high) OVER w) AS changed\nFROM (\n"
            + _ends_sql(reading, stream, column, first_s=start) + ") WINDOW w AS (ORDER BY bucket)) ORDER BY bucket")


def _ends_sql(reading: Reading, stream: StreamInfo, column: ColumnInfo, *, first_s: float, named: str = "") -> str:
    """Cells of a column in each bucket, the least and the greatest of them."""
    value = (stored_number(column.stored, column.kept) if is_numeric(column) else text_sql(column))
    return (f"    SELECT {named}time_bucket(INTERVAL '{reading.bucket_s} seconds', _ts) AS bucket, count(v) AS n, "
            f"min(v) AS low, max(v) AS high\n    FROM (SELECT _ts, {value} AS v FROM {stream.rows_sql})\n"
            f"    WHERE _ts >= {_at(first_s)} AND _ts < {_at(reading.window.end_s)} AND v IS NOT NULL GROUP BY bucket")


def _at(seconds: float) -> str:
    return f"TIMESTAMP '{from_epoch(seconds):%Y-%m-%d %H:%M:%S}'"

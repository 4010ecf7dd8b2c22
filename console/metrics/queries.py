"""The SQL that gives a metric's numbers from the raw rows: for the inspector, the report, and a doubtful reader.

The board itself reads rollups; these queries are the slow, plain way to the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from console.metrics.catalogue import Metric, Source, sampled_metric
from console.metrics.scanned import chosen, reference_of
from console.metrics.still_sql import changes_sql, unchanged_sql
from console.metrics.tasks import Task
from console.metrics.view import Floats
from console.roles import ColumnType
from console.store.derived import QUALITIES, SHADOWS, WAITED_S, Answer, Truth, named, quality_sql

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
        tail = f"\nFROM {reading.store.narrowed(source)}\n" + where.replace("{time}", time)
        return f"{head}{value} AS value{tail}{extra}\nGROUP BY bucket ORDER BY bucket"

    counters = reading.counters
    match metric.source:
        case Source.ROWS if counters.answered:
            return select(f"sum(increase) / {reading.bucket_s}.0", "samples", "ts", _among(counters.answered))
        case Source.FAILED if counters.tells_failures:
            return select(_by(counters.failed, counters.answered), "samples", "ts")
        case Source.COUNTED:
            return select(f"{_by((counters.total,), (counters.count,))} * {counters.scale!r}", "samples", "ts")
        case Source.PERCENTILE if counters.buckets and metric.chart == "latency":
            return _of_histogram(reading, [one.quantile for one in (metric, *others)])
        case Source.ROWS:
            return select(f"count(*) / {reading.bucket_s}.0", "events", "ts")
        case Source.PERCENTILE | Source.WAIT:
            ranks = ", ".join(f"{one.quantile:g}" for one in (metric, *others))
            value, source, time = _ranked(reading, metric)
            return select(f"quantile_disc({value}, {f'[{ranks}]' if others else ranks})", source, time) if value else ""
        case Source.FAILED:
            return select("avg(failed::INTEGER)", "events", "ts")
        case Source.OUTCOME | Source.QUALITY:
            if metric.outcome and reading.task is Task.CLASSES:      # `events` has numbers of outcomes, and no words
                return "\nUNION ALL\n".join(
                    select(f"avg({one.value})", stream.rows_sql, "_ts") for stream in reading.requests
                    if (one := named(stream, QUALITIES.get(metric.outcome, ""))) is not None)
            return select(_outcome(metric), "events", "ts")
        case Source.SHADOW:
            return "\nUNION ALL\n".join(
                select(f"avg({one.value})", stream.rows_sql, "_ts") for stream in reading.requests
                if (one := named(stream, SHADOWS[metric.name])) is not None)
        case Source.SPEED:
            return "\nUNION ALL\n".join(
                select(f"sum({_canonical(column)}) / {reading.bucket_s}.0", stream.rows_sql, "_ts")
                for stream, columns in reading.columns(metric) for column in columns)
        case Source.COST:
            return "\nUNION ALL\n".join(
                select(f"sum({_quoted(stored)}) * {factor!r} * 3600 / {reading.bucket_s}.0", stream.rows_sql, "_ts")
                for stream, stored, factor in reading.costs())
        case Source.QUEUE:
            return select(*_of_series(reading, sampled_metric(reading.queue.title))) if reading.queue else ""
        case Source.CLASSES:
            text = "\nUNION ALL\n".join(
                select(f"{_quoted(column.stored)} AS class, count(*)", stream.rows_sql, "_ts",
                       f" AND {_quoted(column.stored)} IS NOT NULL")
                for stream, columns in reading.columns(metric) for column in columns)
            return text.replace("GROUP BY bucket ORDER BY bucket", "GROUP BY bucket, class ORDER BY bucket, class")
        case Source.CHANGES:
            return changes_sql(reading, metric)
        case Source.UNCHANGED:
            return unchanged_sql(reading, metric)
        case Source.HEAT:
            return ""           # it is made with its steps: see `query_of_map`
        case Source.OUTSIDE | Source.UNSEEN:
            return _against_reference(reading, metric, select)
        case Source.CHURN:
            return _churn(reading, metric)
        case Source.OWN:
            return _own(reading, metric, select)
        case Source.SAMPLED:
            return select(*_of_series(reading, metric))
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


def query_of_map(reading: Reading, metric: Metric, edges: Floats, logarithmic: bool) -> str:
    """Rows by bucket and step of a map; steps count from the lowest, what is zero or below is -1 on a log axis."""
    found = max(reading.columns(metric), key=lambda item: item[0].rows, default=None)
    if found is None:
        return ""
    stream, (column, *_) = found
    start, end = (f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}'" for moment in (reading.window.start, reading.window.end))
    rising = edges[edges > 0] if logarithmic else edges
    low, high, steps = float(rising[0]), float(rising[-1]), len(rising) - 1
    place = (f"ln(v / {low!r}) / ln({high!r} / {low!r}) * {steps}" if logarithmic
             else f"(v - {low!r}) / ({high!r} - {low!r}) * {steps}")
    step = f"greatest(least(floor({place}), {steps - 1}), 0)"
    step = f"CASE WHEN v > 0 THEN {step} ELSE -1 END" if logarithmic else step
    return (f"SELECT time_bucket(INTERVAL '{reading.bucket_s} seconds', _ts) AS bucket, {step} AS step, count(*) AS n\n"
            f"FROM (SELECT _ts, {_number(column)} AS v FROM {stream.rows_sql})\n"
            f"WHERE _ts >= {start} AND _ts < {end} AND v IS NOT NULL\nGROUP BY ALL ORDER BY ALL")


def _against_reference(reading: Reading, metric: Metric, select: Callable[[str, str, str], str]) -> str:
    """Cells beyond the least and greatest value of the reference, or not among its values, by cells that have one."""
    parts = []
    for stream, columns in reading.columns(metric):
        beyond, cells = [], []
        for column in columns:
            place = reference_of(reading, stream, column.stored)
            if place is None or (metric.source is Source.UNSEEN and not reading.store.known_values(
                    place[0].stream_id, column.stored, place[1])):
                continue
            name = _number(column) if metric.source is Source.OUTSIDE else _quoted(column.stored)
            usual = f"FROM {place[0].rows_sql}"
            if place[1] is not None:
                usual += (f" WHERE _ts >= TIMESTAMP '{place[1].start:%Y-%m-%d %H:%M:%S.%f}'"
                          f" AND _ts < TIMESTAMP '{place[1].end:%Y-%m-%d %H:%M:%S.%f}'")
            if metric.source is Source.OUTSIDE:
                beyond.append(f"count(*) FILTER ({name} < (SELECT min({name}) {usual}) OR "
                              f"{name} > (SELECT max({name}) {usual}))")
            else:
                among = f"{usual} {'AND' if place[1] is not None else 'WHERE'} {name} IS NOT NULL"
                beyond.append(f"count(*) FILTER ({name} NOT IN (SELECT {name} {among}))")
            cells.append(f"count({name})")
        if cells:
            parts.append(select(f"({' + '.join(beyond)}) / nullif({' + '.join(cells)}, 0)", stream.rows_sql, "_ts"))
    return "\nUNION ALL\n".join(parts)


def _churn(reading: Reading, metric: Metric) -> str:
    found = max(reading.columns(metric), key=lambda item: item[0].rows, default=None)
    if found is None or found[0].last is None:
        return ""
    stream, (column, *_) = found
    days, length = reading.store.own.churn_days, f"INTERVAL '{reading.bucket_s} seconds'"
    within = f"INTERVAL '{round(days * 86_400)} seconds'"
    start, end = (f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}'" for moment in (reading.window.start, reading.window.end))
    return (f"SELECT bucket, avg((again IS NULL OR again >= bucket + {length} + {within})::INTEGER) AS value\n"
            f"FROM (SELECT bucket, lead(seen) OVER (PARTITION BY who ORDER BY bucket) AS again FROM (\n"
            f"  SELECT time_bucket({length}, _ts) AS bucket, {_quoted(column.stored)} AS who, min(_ts) AS seen\n"
            f"  FROM {stream.rows_sql} WHERE _ts >= {start} AND {_quoted(column.stored)} IS NOT NULL GROUP BY ALL))\n"
            f"WHERE bucket < {end} AND bucket + {length} + {within} <= TIMESTAMP '{stream.last:%Y-%m-%d %H:%M:%S.%f}'\n"
            "GROUP BY bucket ORDER BY bucket")


def _own(reading: Reading, metric: Metric, select: Callable[[str, str, str], str]) -> str:
    """As it was run; "" where it may not be."""
    found = chosen(reading, metric)
    if found is None:
        return ""
    stream, one = found
    fields = "".join(f", {_quoted(stored)} AS u{number}" for number, stored in enumerate(one.columns))
    return select(one.sql, f"(SELECT _ts{fields} FROM {stream.rows_sql})", "_ts")


def _ranked(reading: Reading, metric: Metric) -> tuple[str, str, str]:
    """What percentiles are of, where it stands, and its time; "" where it takes more than a SELECT."""
    if metric.source is Source.WAIT:
        for stream in reading.requests:
            if (one := named(stream, WAITED_S)) is not None:
                return one.value, stream.rows_sql, "_ts"
        return "", "", ""
    if metric.chart == "latency":
        return "latency_ms", "events", "ts"
    for stream, (column, *_) in sorted(reading.columns(metric), key=lambda item: -item[0].rows):
        return _canonical(column), stream.rows_sql, "_ts"
    return "", "", ""


def _outcome(metric: Metric) -> str:
    """Over `events`, whose scores and labels are numbers."""
    if not metric.outcome:
        return f"avg({metric.roles[0].value}::DOUBLE)"
    number = "TRY_CAST(prediction AS DOUBLE)"
    answer = Answer(f"coalesce(score, {number})", f"coalesce({number}, score)")
    value = quality_sql(answer, Truth("coalesce(label, clicked)"))[metric.outcome]
    match metric.name:
        case "brier":
            return f"avg(({value}) ** 2)"
        case "rmse":
            return f"sqrt(avg(({value}) ** 2))"
        case _:
            return f"avg({value})"


def _of_series(reading: Reading, metric: Metric) -> tuple[str, str, str, str]:
    """value, source, time and a further condition for one series of samples."""
    one = reading.series.get(metric.title)
    shown = " / 1048576.0" if reading.described(metric).unit == "MB" else ""     # samples hold what was logged: bytes
    if one is not None and one.total:
        return f"{_by((one.total,), (one.count,))}{shown}", "samples", "ts", ""
    if one is not None and one.counted:
        return f"sum(increase) / {reading.bucket_s}.0", "samples", "ts", _among([metric.title])
    if one is not None and not one.named:
        stream, stored = one.parts[0]
        return f"avg(value){shown}", "samples", "ts", f"{_among([stored])} AND stream = {_text(stream.name)}"
    return f"avg(value){shown}", "samples", "ts", _among([metric.title])


def _of_histogram(reading: Reading, quantiles: Sequence[float]) -> str:
    """Percentiles by linear interpolation between the ends of a histogram's buckets, as Prometheus'
    histogram_quantile; a list where several are asked for."""
    start, end = (moment.strftime("%Y-%m-%d %H:%M:%S") for moment in (reading.window.start, reading.window.end))
    ends = ", ".join(f"({_text(name)}, DOUBLE '{'infinity' if math.isinf(at) else repr(float(at))}')"
                     for at, name in reading.counters.buckets)

    def value(quantile: float) -> str:
        rank = f"{quantile!r} * requests"
        return (f"arg_min(CASE WHEN isinf(upper_end) OR below = before THEN lower_end ELSE lower_end + "
                f"(upper_end - lower_end) * ({rank} - before) / (below - before) END, upper_end) "
                f"FILTER (below >= {rank})")

    values = ",\n        ".join(map(value, quantiles))
    return f"""WITH ends (metric, upper_end) AS (VALUES {ends}),
summed AS (
    SELECT time_bucket(INTERVAL '{reading.bucket_s} seconds', ts) AS bucket, upper_end, sum(increase) AS n
    FROM {reading.store.narrowed("samples")} JOIN ends USING (metric)
    WHERE ts >= TIMESTAMP '{start}' AND ts < TIMESTAMP '{end}'
    GROUP BY ALL),
rising AS (
    SELECT bucket, upper_end, max(coalesce(n, 0)) OVER (PARTITION BY bucket ORDER BY upper_end) AS below FROM summed),
steps AS (
    SELECT bucket, upper_end, below, lag(upper_end, 1, least(0, upper_end)) OVER rise AS lower_end,
        lag(below, 1, 0) OVER rise AS before, max(below) OVER (PARTITION BY bucket) AS requests
    FROM rising WINDOW rise AS (PARTITION BY bucket ORDER BY upper_end))
SELECT bucket, {f"[{values}]" if len(quantiles) > 1 else values} AS value
FROM steps WHERE requests > 0
GROUP BY bucket ORDER BY bucket"""


def _among(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f" AND metric = {_text(names[0])}"
    return f" AND metric IN ({', '.join(map(_text, names))})"


def _by(top: Sequence[str], below: Sequence[str]) -> str:
    """The increase of some counters by that of others."""
    def added(names: Sequence[str]) -> str:
        return f"sum(increase) FILTER (metric IN ({', '.join(map(_text, names)) or 'NULL'}))"

    return f"{added(top)} / nullif({added(below)}, 0)"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _missing(column: ColumnInfo) -> str:
    name = _quoted(column.stored)
    return f"{name} IS NULL OR isnan({name})" if column.type is ColumnType.NUMBER else f"{name} IS NULL"


def _number(column: ColumnInfo) -> str:
    """A cell in its canonical unit; none where it is no number."""
    name = _canonical(column)
    return f"CASE WHEN isnan({_quoted(column.stored)}) THEN NULL ELSE {name} END" if (
        column.type is ColumnType.NUMBER) else f"{name}::INTEGER" if column.type is ColumnType.FLAG else name


def _canonical(column: ColumnInfo) -> str:
    name = _quoted(column.stored)
    return name if column.scale == 1 else f"{name} * {column.scale!r}"

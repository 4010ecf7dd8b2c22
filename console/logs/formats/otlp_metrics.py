"""OpenTelemetry's metrics as JSON lines: each point a sample, or several where it is a histogram.

Histograms become the series that Prometheus would have: `_count`, `_sum`, and `_bucket{le="..."}`, whose counts include
those of all smaller buckets. What is cumulative and only grows is a counter, what is exported as differences a delta.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.formats.otlp import (
    ATTRIBUTES,
    EMPTY,
    HOST,
    LINE_BYTES,
    MOST_ATTRIBUTES,
    keys_sql,
    object_sql,
    of_attributes,
    unnested,
    values_sql,
)
from console.logs.plan import FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat

COLUMNS = ("timestamp", "metric", "kind", "value", "increase", "unit", "service", "model", "model_version", "host",
           "labels")

NO_VALUE = "a point without a value"

_POINT = {"attributes": ATTRIBUTES, "timeUnixNano": "VARCHAR", "flags": "VARCHAR"}
_NUMBER = {**_POINT, "asDouble": "VARCHAR", "asInt": "VARCHAR"}
_COUNTS = {**_POINT, "count": "VARCHAR", "sum": "VARCHAR"}
_SUMS = {"aggregationTemporality": "VARCHAR", "isMonotonic": "VARCHAR"}

_METRIC = {
    "name": "VARCHAR", "unit": "VARCHAR",
    "gauge": {"dataPoints": [_NUMBER]},
    "sum": {"dataPoints": [_NUMBER], **_SUMS},
    "histogram": {"dataPoints": [{**_COUNTS, "bucketCounts": ["VARCHAR"], "explicitBounds": ["DOUBLE"]}], **_SUMS},
    "exponentialHistogram": {"dataPoints": [_COUNTS], **_SUMS},
    "summary": {"dataPoints": [{**_COUNTS, "quantileValues": [{"quantile": "DOUBLE", "value": "VARCHAR"}]}]},
}

_DELTA = "upper(x.{what}.aggregationTemporality) IN ('1', 'AGGREGATION_TEMPORALITY_DELTA')"


def _points(what: str, kind: str, samples: str) -> str:
    """Points of one kind of metric; samples: a list of (part, value), in SQL over a point `p`."""
    return (f"SELECT i, k, generate_subscripts(x.{what}.dataPoints, 1) AS n, x, rk, rv, {kind} AS kind, "
            f"unnest(list_transform(x.{what}.dataPoints, lambda p: struct_pack(moment := p.timeUnixNano, "
            f"flags := p.flags, attributes := p.attributes, samples := {samples}))) AS p "
            f"FROM items WHERE x.{what}.dataPoints IS NOT NULL")


def _sample(part: str, value: str) -> str:
    return f"struct_pack(part := {part}, value := {value})"


def _bound(number: str) -> str:
    """As Prometheus writes the upper end of a bucket."""
    return f"CASE WHEN {number} IS NULL THEN '+Inf' ELSE regexp_replace({number}::VARCHAR, '\\.0$', '') END"


def _buckets() -> str:
    """Running sums: bucket n holds what is at most the bound n, the last one everything."""
    so_far = "list_sum(list_transform(p.bucketCounts[1:n], lambda c: TRY_CAST(c AS BIGINT)))"
    name = f"'_bucket{{le=\"' || {_bound('p.explicitBounds[n]')} || '\"}}'"
    return (f"list_transform(range(1, len(coalesce(p.bucketCounts, [])) + 1), lambda n: "
            f"{_sample(name, f'{so_far}::VARCHAR')})")


def _select() -> str:
    counted = f"[{_sample(repr('_count'), 'p.count')}, {_sample(repr('_sum'), 'p.sum')}]"
    quantiles = ("list_transform(coalesce(p.quantileValues, []), lambda q: " + _sample(
        f"'{{quantile=\"' || {_bound('q.quantile')} || '\"}}'", "q.value") + ")")

    def cumulative(what: str) -> str:
        return f"CASE WHEN {_DELTA.format(what=what)} THEN 'delta' ELSE 'counter' END"

    grows = "lower(x.sum.isMonotonic) = 'true'"
    kinds = [
        _points("gauge", "'gauge'", f"[{_sample(repr(''), 'coalesce(p.asDouble, p.asInt)')}]"),
        _points("sum", f"CASE WHEN {_DELTA.format(what='sum')} THEN 'delta' WHEN {grows} THEN 'counter' "
                       "ELSE 'gauge' END", f"[{_sample(repr(''), 'coalesce(p.asDouble, p.asInt)')}]"),
        _points("histogram", cumulative("histogram"), f"list_concat({counted}, {_buckets()})"),
        _points("exponentialHistogram", cumulative("exponentialHistogram"), counted),
        _points("summary", "'counter'", f"list_concat({counted}, {quantiles})"),
    ]
    asked = of_attributes("k", "v", "gen_ai.request.model", "model", "model_name")
    answered = of_attributes("k", "v", "gen_ai.response.model", "model_version")
    service = of_attributes("k", "v", "service.name")
    version = f"CASE WHEN {asked} IS NULL THEN {of_attributes('k', 'v', 'service.version')} END"
    return f"""
    WITH {unnested("resourceMetrics", ("scopeMetrics", "instrumentationLibraryMetrics"), "metrics", _METRIC)},
    points AS ({' UNION ALL '.join(kinds)}),
    named AS (
        SELECT i, k, n, x.name AS name, x.unit AS unit, kind, p.moment AS moment, p.samples AS samples, rk, rv,
               TRY_CAST(p.flags AS BIGINT) & 1 = 1 AS nothing, {keys_sql('p.attributes')} AS pk,
               {values_sql('p.attributes')} AS pv FROM points),
    told AS (SELECT *, list_concat(pk, rk) AS k_, list_concat(pv, rv) AS v_ FROM named),
    opened AS (
        SELECT i, k, n, name, unit, kind, moment, coalesce(nothing, false) OR len(samples) = 0 AS nothing, pk, pv,
               k_ AS k_, v_ AS v_, generate_subscripts(CASE WHEN nothing THEN samples[:1] ELSE samples END, 1) AS m,
               unnest(CASE WHEN nothing THEN samples[:1] ELSE samples END) AS s FROM told),
    rows AS (
        SELECT i, k AS place, n, m, name, unit, kind, moment, nothing, s, pk, pv, k_ AS k, v_ AS v FROM opened)
    SELECT * EXCLUDE (place, n, m), row_number() OVER (PARTITION BY i ORDER BY place, n, m) AS k FROM (
    SELECT i, place, n, m,
        CASE WHEN nothing OR s.value IS NULL THEN '{NO_VALUE}' END AS ignored,
        CASE WHEN name IS NULL OR name = '' THEN 'a metric without a name'
             WHEN len(pk) > {MOST_ATTRIBUTES} THEN 'more than {MOST_ATTRIBUTES} attributes'
             WHEN TRY_CAST(s.value AS DOUBLE) IS NULL THEN 'its value is no number' END AS bad,
        moment AS timestamp, name || s.part AS metric,
        CASE WHEN s.part LIKE '{{quantile%' THEN 'gauge' ELSE kind END AS kind, s.value AS value,
        NULL::VARCHAR AS increase, nullif(unit, '') AS unit,
        {service} AS service, coalesce({asked}, {service}) AS model, coalesce({answered}, {version}) AS model_version,
        {of_attributes("k", "v", *HOST)} AS host,
        CASE WHEN len(pk) BETWEEN 1 AND {MOST_ATTRIBUTES} THEN {object_sql({}, 'pk', 'pv')} END AS labels
    FROM rows
    UNION ALL SELECT i, k, 0, 0, CASE WHEN x.name <> '' THEN '{NO_VALUE}' END, 'no metric',
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM items WHERE k NOT IN (SELECT place FROM rows WHERE rows.i = items.i)
    UNION ALL SELECT i, 0, 0, 0, '{EMPTY}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM nothing)"""


class OtlpMetrics(LogFormat):
    """Points of metrics, in long shape."""

    name = "otlp-metrics"
    title = "OpenTelemetry metrics"
    kind = StreamKind.SAMPLES
    line_bytes = LINE_BYTES
    opening = '{"resourceMetrics":'

    def recognise(self, look: Look) -> Known | None:
        """By the key around all exports."""
        share = look.share_of_records(lambda record: "resourceMetrics" in record)
        return Known(share, "Lines with resourceMetrics: exports of OpenTelemetry") if share else None

    def cutter(self, file: FilePlan) -> Cutter:
        """The same columns for every metric."""
        return SqlCutter(_select(), COLUMNS, json=True, no_line="no export of metrics",
                         line_bytes=self.line_bytes)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """The long shape, with a kind for each sample."""
        return {
            "timestamp": Hint(Role.TIMESTAMP, time_format=TimeFormat.EPOCH_NS, why="The time of the point"),
            "metric": Hint(Role.METRIC_NAME, ColumnType.TEXT, why="The name of the metric, with its bucket"),
            "kind": Hint(Role.METRIC_KIND, ColumnType.TEXT, why="Whether it is cumulative, and only grows"),
            "value": Hint(Role.METRIC_VALUE, ColumnType.NUMBER, why="The value of the point"),
            "increase": Hint(Role.METRIC_INCREASE, ColumnType.NUMBER, why="Made from the sample before"),
            "unit": Hint(None, ColumnType.TEXT, ignored=True, why="The unit of the metric"),
            "service": Hint(None, ColumnType.TEXT, ignored=True, why="The service that was measured"),
            "model": Hint(Role.MODEL, ColumnType.TEXT, if_seen=True, why="The model asked for, else the service"),
            "model_version": Hint(Role.MODEL_VERSION, ColumnType.TEXT, if_seen=True,
                                  why="The model that answered, else the version of the service"),
            "host": Hint(Role.HOST, ColumnType.TEXT, if_seen=True, why="The pod, the host or the instance"),
            "labels": Hint(None, ColumnType.TEXT, ignored=True, why="The attributes of the point, as JSON"),
        }

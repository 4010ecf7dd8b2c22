"""TorchServe's logs: the access log, and the metrics that it and its models write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.formats.paths import HEALTH_CHECK, is_health, model_in
from console.logs.plan import FileFormat, FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat
from console.store.names import literal

_TIME = r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?)"

LOGGER = r"(?: \[\w+ *\] \S+ [\w.]+)?"
"""`[INFO ] epollEventLoopGroup-3-1 ACCESS_LOG`: where all loggers write to one place, as in a container."""

ACCESS = rf'^{_TIME}{LOGGER} - /?(\S+) "([A-Z]+) (\S+) (HTTP/[0-9.]+)" (\d{{3}}|-) (\d+(?:\.\d+)?)\s*$'
REQUEST = rf"^{_TIME}{LOGGER} - /|HTTP/\d"
"""What a line has that meant to be one of a request, whole or torn."""

METRIC = (rf"^{_TIME}{LOGGER} - ([^|#]+?)\.(\w+):([-+]?[\d.]+(?:[eE][-+]?\d+)?|NaN|[-+]?Infinity|null)"
          r"\|#([^|]*)\|#(.*?)\s*$")

SAMPLE = rf"^{_TIME}{LOGGER} - [^|#\s]+\.\w+:|\|#"
"""What a line has that meant to be a metric, whole or torn."""

MANAGEMENT = r"^/(?:models|workflows)(?:[/?].*)?$"
"""Registering models and asking after them, which other ports of the server answer."""

_ACCESS = re.compile(ACCESS)
_METRIC = re.compile(METRIC)

ACCESS_COLUMNS = ("time", "client", "method", "path", "protocol", "status", "latency_ms", "model", "model_version")

ACCESS_SELECT = f"""
WITH parts AS MATERIALIZED (
    SELECT i, l, regexp_extract(l, {literal(ACCESS)},
        ['time', 'client', 'method', 'path', 'protocol', 'status', 'ms']) AS p FROM lines),
named AS (SELECT i, l, p, {model_in("p.path")} AS model FROM parts)
SELECT i,
    CASE WHEN p.time = '' THEN CASE WHEN regexp_matches(l, '\\|#.*\\|#') THEN 'a metric, in the log of requests'
                                    WHEN NOT regexp_matches(l, {literal(REQUEST)}) THEN 'a message of the server' END
         WHEN {is_health("p.path", "p.method")} THEN {literal(HEALTH_CHECK)}
         WHEN regexp_matches(p.path, {literal(MANAGEMENT)}) THEN 'managing models' END AS ignored,
    CASE WHEN p.time = '' THEN 'no line of TorchServe''s access log' END AS bad,
    p.time AS time, p.client AS client, p.method AS method, p.path AS path, p.protocol AS protocol,
    nullif(p.status, '-') AS status, p.ms AS latency_ms, nullif(model.m, '') AS model,
    nullif(model.v, '') AS model_version
FROM named
"""

METRIC_COLUMNS = ("time", "metric", "unit", "value", "kind", "increase", "level", "model", "model_version", "worker",
                  "hostname", "request_id", "dimensions")

KNOWN_DIMENSIONS = r"(?:Level|ModelName|model_name|ModelVersion|model_version|WorkerName|worker_name):[^,]*,?"


def _dimension(text: str, *names: str) -> str:
    pattern = rf"(?:^|,)(?:{'|'.join(names)}):([^,]*)"
    return f"nullif(regexp_extract({text}, {literal(pattern)}, 1), '')"


METRIC_SELECT = f"""
WITH parts AS MATERIALIZED (
    SELECT i, l, regexp_extract(l, {literal(METRIC)},
        ['time', 'name', 'unit', 'value', 'about', 'host']) AS p FROM lines)
SELECT i,
    CASE WHEN p.time = '' AND NOT regexp_matches(l, {literal(SAMPLE)}) THEN 'a message of the server' END AS ignored,
    CASE WHEN p.time = '' THEN 'no line of TorchServe''s metrics' END AS bad,
    p.time AS time, p.name AS metric, p.unit AS unit, nullif(p.value, 'null') AS value,
    CASE WHEN lower(p.unit) = 'count' THEN 'delta' ELSE 'gauge' END AS kind, NULL AS increase,
    {_dimension("p.about", "Level")} AS level,
    coalesce({_dimension("p.about", "ModelName", "model_name")},
             {_dimension("p.host", "ModelName", "model_name")}) AS model,
    nullif({_dimension("p.about", "ModelVersion", "model_version")}, 'default') AS model_version,
    {_dimension("p.about", "WorkerName", "worker_name")} AS worker,
    {_dimension("p.host", "hostname")} AS hostname, {_dimension("p.host", "requestID", "request_id")} AS request_id,
    nullif(rtrim(regexp_replace(p.about, {literal(KNOWN_DIMENSIONS)}, '', 'g'), ','), '') AS dimensions
FROM parts
"""


class TorchServeAccess(LogFormat):
    """A line when an answer is sent; its last number is the time that it took, in whole milliseconds."""

    name = "torchserve-access"
    title = "TorchServe's access log"
    kind = StreamKind.REQUESTS
    formats = (FileFormat.LINES,)

    def recognise(self, look: Look) -> Known | None:
        """By the slash before the client's address, and the two numbers at the end."""
        requests = look.share(_ACCESS.match)
        other = look.share(lambda line: re.match(rf"{_TIME}(?:{LOGGER} - | \[)", line) or line.startswith(("\t", " ")))
        return Known(max(requests, 0.5 + other / 2), "Lines with a time, /address, a quoted request, a status and a "
                     "duration") if requests else None

    def cutter(self, file: FilePlan) -> Cutter:
        """A row for each request of a prediction."""
        return SqlCutter(ACCESS_SELECT, ACCESS_COLUMNS, json=False)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """Of the versions, only those that callers asked for stand in the path."""
        return {
            "time": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO, why="The time at which the answer was sent"),
            **{name: Hint(type=ColumnType.TEXT, ignored=True) for name in ("client", "method", "path", "protocol")},
            "status": Hint(Role.STATUS, ColumnType.NUMBER),
            "latency_ms": Hint(Role.LATENCY, ColumnType.NUMBER, "ms", why="The last number of a line, in milliseconds"),
            "model": Hint(Role.MODEL, ColumnType.TEXT, if_seen=True, why="From the path"),
            "model_version": Hint(Role.MODEL_VERSION, ColumnType.TEXT, if_seen=True, why="From the path"),
        }


class TorchServeMetrics(LogFormat):
    """Samples in the long shape. What is counted adds to what came before: each line says what was added."""

    name = "torchserve-metrics"
    title = "TorchServe's metrics log"
    kind = StreamKind.SAMPLES
    formats = (FileFormat.LINES,)

    def recognise(self, look: Look) -> Known | None:
        """By the two groups behind `|#`."""
        share = look.share(_METRIC.match)
        return Known(share, "Lines with a metric, its unit and dimensions behind |#") if share else None

    def cutter(self, file: FilePlan) -> Cutter:
        """A sample a line."""
        return SqlCutter(METRIC_SELECT, METRIC_COLUMNS, json=False)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """A model without a version is logged as version `default`, which is none."""
        text = {name: Hint(type=ColumnType.TEXT, ignored=True)
                for name in ("unit", "level", "worker", "request_id", "dimensions")}
        return {
            "time": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO, why="The time of the line"),
            "metric": Hint(Role.METRIC_NAME, ColumnType.TEXT),
            "value": Hint(Role.METRIC_VALUE, ColumnType.NUMBER),
            "kind": Hint(Role.METRIC_KIND, ColumnType.TEXT, why="What has the unit Count says how many were added"),
            "increase": Hint(Role.METRIC_INCREASE, ColumnType.NUMBER),
            "model": Hint(Role.MODEL, ColumnType.TEXT, if_seen=True),
            "model_version": Hint(Role.MODEL_VERSION, ColumnType.TEXT, if_seen=True),
            "hostname": Hint(Role.HOST, ColumnType.TEXT, if_seen=True),
            **text,
        }

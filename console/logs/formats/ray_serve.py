"""Ray Serve's logs, as JSON or as text. Proxy and replica both log every request: the replica's line is the half."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.formats.paths import HEALTH_CHECK, is_health
from console.logs.plan import FileFormat, FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat
from console.store.names import literal

PROXIES = ("proxy", "http_proxy", "grpc_proxy")

_START = r"^(?:\([^)]*\) )?(DEBUG|INFO|WARNING|ERROR|CRITICAL) (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[,.]\d+) "

TEXT = _START + r"(\S+) (\S+)(?: ([^\s/-]\S*))?(?: (/\S*))?(?: ([^\s-]\S*))? -- (.*?)\s*$"
"""Level, time, component and its id; then, for a request, its id and in some versions route and application."""

REQUEST = r"^(gRPC|[A-Z]+)(?: (/\S*))? (\d{3}|[A-Z][A-Z_]*) (\d+(?:\.\d+)?)ms\s*$"
CALLS = r"^(?:CALL|HANDLE|REPLICA)(?: \S+)? \S+ [\d.]+ms\s*$"
"""A call from one deployment to another: part of a request from outside."""

MEANT = r"^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)(?: /|$| \d)"
WHOLE_END = r" -- [A-Z]+(?: /\S*)? \d{3} [\d.]+ms\s*$"

COLUMNS = ("time", "level", "component", "component_id", "method", "path", "status", "latency_ms", "request_id",
           "route")
OF_REPLICAS = ("application", "deployment", "replica")
"""Columns that only a replica's lines have: the proxy's rows get them from there."""


def _select(own: str, other: str) -> str:
    """The query of proxy or replica: `own` tells its components, `other` why those of the other are left out."""
    return f"""
WITH split AS MATERIALIZED (
    SELECT i, l, CASE WHEN starts_with(ltrim(l), '{{') AND json_valid(l) AND json_type(l) = 'OBJECT' THEN l END AS j,
        CASE WHEN starts_with(ltrim(l), '{{') THEN NULL ELSE regexp_extract(l, {literal(TEXT)},
            ['level', 'time', 'component', 'id', 'request', 'route', 'application', 'message']) END AS t FROM lines),
said AS (
    SELECT i, l, j IS NOT NULL OR t.time <> '' AS known,
        CASE WHEN j IS NOT NULL THEN
            coalesce(replace(TRY(make_timestamp(TRY_CAST(j->>'$.timestamp_ns' AS BIGINT) // 1000))::VARCHAR, ' ', 'T')
                || 'Z', j->>'$.asctime') ELSE t.time END AS time,
        coalesce(j->>'$.levelname', t.level) AS level, coalesce(j->>'$.component_name', t.component) AS component,
        coalesce(j->>'$.component_id', j->>'$.replica', t.id) AS component_id,
        coalesce(j->>'$.message', t.message) AS message,
        coalesce(j->>'$.request_id', nullif(t.request, '')) AS request_id,
        coalesce(j->>'$.route', nullif(t.route, '')) AS route,
        coalesce(j->>'$.application', nullif(t.application, '')) AS application,
        CASE WHEN j IS NOT NULL THEN j->>'$.deployment' WHEN t.component NOT IN {PROXIES} THEN t.component END
            AS deployment,
        CASE WHEN j IS NOT NULL THEN j->>'$.replica' WHEN t.component NOT IN {PROXIES} THEN t.id END AS replica
    FROM split),
asked AS MATERIALIZED (
    SELECT *, regexp_extract(message, {literal(REQUEST)}, ['method', 'path', 'status', 'ms']) AS r FROM said)
SELECT i,
    CASE WHEN NOT coalesce(known, false) THEN
            CASE WHEN regexp_matches(l, {literal(WHOLE_END)}) OR regexp_matches(l, {literal(_START)})
                      OR starts_with(ltrim(l), '{{') THEN NULL ELSE 'a traceback or other output' END
         WHEN regexp_matches(message, {literal(CALLS)}) THEN 'a call between deployments'
         WHEN coalesce(r.ms, '') = '' THEN
            CASE WHEN regexp_matches(message, {literal(MEANT)}) THEN NULL ELSE 'a message of the server' END
         WHEN NOT coalesce({own}, false) THEN '{other}'
         WHEN {is_health("coalesce(nullif(r.path, ''), route)", "r.method")} THEN {literal(HEALTH_CHECK)}
    END AS ignored,
    CASE WHEN NOT coalesce(known, false) OR coalesce(r.ms, '') = '' THEN 'no line of Ray Serve''s log' END AS bad,
    time, level, component, component_id, r.method AS method, coalesce(nullif(r.path, ''), route) AS path,
    r.status AS status, r.ms AS latency_ms, nullif(request_id, 'None') AS request_id, route, application, deployment,
    replica
FROM asked
"""


_TEXT = re.compile(TEXT)


def _component(look: Look) -> tuple[str, float]:
    """(the component that wrote most of a head, the share of its lines that are Ray Serve's)."""
    if look.format is FileFormat.JSON_LINES:
        mine = [each for each in look.records if _of_ray(each)]
        found = Counter(str(each["component_name"]) for each in mine)
        share = len(mine) / max(len(look.lines), len(look.records), 1)
    else:
        matches = [match for match in map(_TEXT.match, look.lines) if match]
        found = Counter(match[3] for match in matches)
        spoken = any(match[3] in (*PROXIES, "controller") or re.match(REQUEST, match[8]) or re.match(CALLS, match[8])
                     for match in matches)
        share = max(0.6, len(matches) / len(look.lines)) if spoken else 0.0
    return (found.most_common(1)[0][0] if found else ""), share


def _of_ray(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("component_name"), str) and isinstance(record.get("message"), str) and (
        "timestamp_ns" in record or "asctime" in record) and "levelname" in record


class _Ray(LogFormat):
    formats = (FileFormat.JSON_LINES, FileFormat.LINES)
    kind = StreamKind.REQUESTS
    select: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]

    def cutter(self, file: FilePlan) -> Cutter:
        """A row for each line that ends with a status and a duration."""
        return SqlCutter(self.select, self.columns, json=file.format is FileFormat.JSON_LINES)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """The application is what callers reach, its deployments are parts of it."""
        return {
            "time": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO, why="The time of the line: when it was answered"),
            **{name: Hint(type=ColumnType.TEXT, ignored=True)
               for name in ("level", "component", "component_id", "method", "path", "route", "deployment")},
            "status": Hint(Role.STATUS, why="The status of the answer"),
            "latency_ms": Hint(Role.LATENCY, ColumnType.NUMBER, "ms", why="The duration at the end of the message"),
            "request_id": Hint(Role.REQUEST_ID, ColumnType.TEXT),
            "application": Hint(Role.MODEL, ColumnType.TEXT, if_seen=True, why="The application that answered"),
            "replica": Hint(Role.HOST, ColumnType.TEXT, if_seen=True, why="The replica that answered"),
        }


class RayProxy(_Ray):
    """The request as callers see it, with routing and queueing."""

    name = "ray-proxy"
    title = "Ray Serve's log"
    select = _select(f"component IN {PROXIES}", "the same request, as the replica has it")
    columns = COLUMNS

    def recognise(self, look: Look) -> Known | None:
        """By the keys or the form of its lines; the controller's log is one of them without requests."""
        component, share = _component(look)
        if component not in (*PROXIES, "controller"):
            return None
        return Known(share, "Messages of Ray Serve's proxy that end with a status and a duration")


class RayReplica(_Ray):
    """The same requests inside a replica; events of their own where the proxy's log is not there."""

    name = "ray-replica"
    title = "Ray Serve's log of a replica"
    half_of = "ray-proxy"
    select = _select(f"component NOT IN {PROXIES}", "the same request, as the proxy has it")
    columns = (*COLUMNS, *OF_REPLICAS)

    def recognise(self, look: Look) -> Known | None:
        """By the keys or the form of its lines."""
        component, share = _component(look)
        if not component or component in (*PROXIES, "controller"):
            return None
        return Known(share, "Messages of a Ray Serve replica that end with a status and a duration")

"""OpenTelemetry's log records as JSON lines: only those that say how a request ended are read.

What else a service logs is no request, and counted with its reason. A record belongs to the span of its trace, where
traces are exported too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.formats.otlp import (
    ATTRIBUTES,
    EMPTY,
    HOST,
    LINE_BYTES,
    MOST_ATTRIBUTES,
    keys_sql,
    no_inputs,
    object_sql,
    of_attributes,
    of_models,
    unnested,
    values_sql,
)
from console.logs.plan import FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat

NO_REQUEST = "a log record of no request"

SAYS_HOW_IT_ENDED = ("http.response.", "http.status_code", "http.server.request.duration", "gen_ai.response.",
                     "gen_ai.usage.", "rpc.grpc.status_code", "rpc.response.")
"""Attributes that begin so stand in records of a request that is over."""

_RECORD = {"timeUnixNano": "VARCHAR", "observedTimeUnixNano": "VARCHAR", "severityNumber": "VARCHAR",
           "severityText": "VARCHAR", "body": "JSON", "attributes": ATTRIBUTES, "traceId": "VARCHAR",
           "spanId": "VARCHAR", "eventName": "VARCHAR"}


def _select() -> str:
    code = of_attributes("k", "v", "http.response.status_code")
    severe = ("coalesce(TRY_CAST(x.severityNumber AS DOUBLE) >= 17, upper(x.severityText) IN ('ERROR', 'FATAL', "
              "'CRITICAL'), false)")
    own = {
        "trace_id": "nullif(x.traceId, '')", "span_id": "nullif(x.spanId, '')",
        "time": "coalesce(nullif(nullif(x.timeUnixNano, ''), '0'), x.observedTimeUnixNano)",
        "severity": "coalesce(nullif(x.severityText, ''), x.severityNumber)",
        "status": f"coalesce({code}, CASE WHEN {severe} THEN 'error' ELSE 'ok' END)",
        "body": "coalesce(json_extract_string(x.body, '$.stringValue'), x.body::VARCHAR)",
        "event": "nullif(x.eventName, '')",
        "host": of_attributes("k", "v", *HOST),
    }
    ended = " OR ".join(f"starts_with(name, '{start}')" for start in SAYS_HOW_IT_ENDED)
    return f"""
    WITH {unnested("resourceLogs", ("scopeLogs", "instrumentationLibraryLogs"), "logRecords", _RECORD)},
    named AS (SELECT i, k AS place, x, rk, rv, {keys_sql('x.attributes')} AS sk, {values_sql('x.attributes')} AS sv
              FROM items),
    told AS (SELECT i, place, x, list_concat(sk, rk) AS k, list_concat(sv, rv) AS v,
                    len(list_filter(sk, lambda name: {ended})) > 0 AS ended, len(sk) > 0 OR coalesce(
                        x.timeUnixNano, x.observedTimeUnixNano, x.body, x.severityNumber) IS NOT NULL AS something
             FROM named)
    SELECT i, place AS k, CASE WHEN something AND NOT ended THEN '{NO_REQUEST}' END AS ignored,
        CASE WHEN NOT something THEN 'no log record'
             WHEN len(k) > {MOST_ATTRIBUTES} THEN 'more than {MOST_ATTRIBUTES} attributes' END AS bad,
        CASE WHEN ended AND len(k) <= {MOST_ATTRIBUTES} THEN {object_sql(own, 'k', 'v')} END AS o
    FROM told
    UNION ALL SELECT i, 0, '{EMPTY}', NULL, NULL FROM nothing"""


class OtlpLogs(LogFormat):
    """Log records that end a request."""

    name = "otlp-logs"
    title = "OpenTelemetry logs"
    kind = StreamKind.REQUESTS
    line_bytes = LINE_BYTES
    opening = '{"resourceLogs":'
    half_of = "otlp-traces"

    def recognise(self, look: Look) -> Known | None:
        """By the key around all exports."""
        share = look.share_of_records(lambda record: "resourceLogs" in record)
        if not share:
            return None
        some = "some" if any(_of_request(record) for record in look.records) else "none so far"
        return Known(share, f"Lines with resourceLogs: exports of OpenTelemetry, {some} about requests")

    def cutter(self, file: FilePlan) -> Cutter:
        """Attributes are columns under their own names."""
        return SqlCutter(_select(), json=True, keys=file.columns, no_line="no export of log records",
                         line_bytes=self.line_bytes)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """The conventions of OpenTelemetry."""
        return {
            **no_inputs(file.columns), **of_models(file.columns),
            "trace_id": Hint(Role.REQUEST_ID, ColumnType.TEXT, if_seen=True, why="The trace that it belongs to"),
            "span_id": Hint(None, ColumnType.TEXT, ignored=True), "body": Hint(None, ColumnType.TEXT, ignored=True),
            "severity": Hint(None, ColumnType.TEXT, ignored=True), "event": Hint(None, ColumnType.TEXT, ignored=True),
            "time": Hint(Role.TIMESTAMP, time_format=TimeFormat.EPOCH_NS, why="When it happened, else was observed"),
            "status": Hint(Role.STATUS, ColumnType.TEXT, why="The status of the response, else the severity"),
            "http.server.request.duration": Hint(Role.LATENCY, ColumnType.NUMBER, "s",
                                                 why="As the conventions say, in seconds"),
            "host": Hint(Role.HOST, ColumnType.TEXT, if_seen=True, why="The pod, the host or the instance"),
        }


def _of_request(record: Mapping[str, Any]) -> bool:
    return any(f'"key": "{start}' in json.dumps(record) for start in SAYS_HOW_IT_ENDED)

"""The trace lines of KServe's Python server: how long each step of a request took."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.formats.uvicorn import COLOURS, PLAIN, REQUEST
from console.logs.plan import FileFormat, FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat
from console.store.names import literal

_NUMBER = r"(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"

TRACE = (r"^(?:\d{4}-\S+Z )?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?) (?:(\d+) )?"
         r"kserve\.trace (?:\[[^\]]*\] )?requestId: (.*?), "
         rf"preprocess_ms: {_NUMBER}, explain_ms: {_NUMBER}, predict_ms: {_NUMBER}, postprocess_ms: {_NUMBER}\s*$")

PARTS = ("time", "process", "id", "preprocess", "explain", "predict", "postprocess")
COLUMNS = ("time", "process", "request_id", "latency_ms", "preprocess_ms", "explain_ms", "predict_ms", "postprocess_ms")

SELECT = f"""
WITH bare AS (SELECT i, {PLAIN} AS l FROM lines),
parts AS MATERIALIZED (SELECT i, l, regexp_extract(l, {literal(TRACE)}, {list(PARTS)!r}) AS p FROM bare)
SELECT i,
    CASE WHEN p.time = '' AND NOT regexp_matches(l, 'kserve\\.trace|_ms: .*process_ms:|requestId: .*_ms:') THEN
        CASE WHEN regexp_matches(l, {literal(REQUEST)}) THEN 'a request, without a duration'
             WHEN regexp_matches(l, '^\\d{{4}}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d|^INFO:') THEN 'a message of the server'
             ELSE 'a traceback or other output' END END AS ignored,
    CASE WHEN p.time = '' THEN 'no trace of KServe' END AS bad,
    p.time AS time, nullif(p.process, '') AS process,
    CASE WHEN p.id NOT IN ('', 'None', 'N.A.') THEN p.id END AS request_id,
    round(TRY_CAST(p.preprocess AS DOUBLE) + TRY_CAST(p.explain AS DOUBLE) + TRY_CAST(p.predict AS DOUBLE)
          + TRY_CAST(p.postprocess AS DOUBLE), 6)::VARCHAR AS latency_ms,
    p.preprocess AS preprocess_ms, p.explain AS explain_ms, p.predict AS predict_ms, p.postprocess AS postprocess_ms
FROM parts
"""

_TRACE = re.compile(TRACE)


class KServeTrace(LogFormat):
    """A line for each answer: a request that failed leaves none."""

    name = "kserve-trace"
    title = "The trace of KServe's Python server"
    kind = StreamKind.REQUESTS
    formats = (FileFormat.LINES,)

    def recognise(self, look: Look) -> Known | None:
        """By the durations of the four steps."""
        found = sum(_TRACE.match(re.sub(COLOURS, "", line)) is not None for line in look.lines)
        return Known(max(0.99, found / len(look.lines)), "Lines of kserve.trace with the durations of a request") \
            if found else None

    def cutter(self, file: FilePlan) -> Cutter:
        """A row for each trace; access lines say nothing more."""
        return SqlCutter(SELECT, COLUMNS, json=False)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """The latency is the sum of the steps, without the network."""
        return {
            "time": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO, why="The time of the line: when it was answered"),
            "process": Hint(type=ColumnType.TEXT, ignored=True),
            "request_id": Hint(Role.REQUEST_ID, ColumnType.TEXT, if_seen=True),
            "latency_ms": Hint(Role.LATENCY, ColumnType.NUMBER, "ms", why="The four steps added up, in ms"),
            **{name: Hint(type=ColumnType.NUMBER, unit="ms", ignored=True, why="A part of the latency")
               for name in ("preprocess_ms", "explain_ms", "predict_ms", "postprocess_ms")},
        }

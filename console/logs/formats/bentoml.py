"""BentoML's logs: what its monitor writes of each call, and the server's own log with durations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.formats.paths import HEALTH_CHECK, is_health
from console.logs.plan import FileFormat, FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat
from console.store.names import literal

SERVER = "bentoml-server"

SCHEMA_BYTES = 1 << 20
SCHEMA_FILES = 50
"""Read at most of schemas: one line each, of which each worker writes one."""


def as_hex(number: str) -> str:
    """SQL: a decimal number of up to 128 bits as 32 hex digits; NULL for 0, which is no trace, and for all else."""
    return f"lpad(nullif(lower(to_hex(TRY_CAST({number} AS UHUGEINT))), '0'), 32, '0')"


# ---------------------------------------------------------------------------------------------------- the monitor

MONITORED = frozenset({"timestamp", "request_id", "trace_id"})

MONITOR_SELECT = f"""
WITH traced AS (
    SELECT i, l, CASE WHEN json_type(l) = 'OBJECT' THEN {as_hex("l->>'$.trace_id'")} END AS trace FROM lines)
SELECT i, NULL::VARCHAR AS ignored,
    CASE WHEN trace IS NOT NULL THEN json_merge_patch(l, json_object('trace', trace)) ELSE l END AS o
FROM traced
"""

OF_THE_FORM = frozenset({Role.MODEL, Role.MODEL_VERSION, Role.HOST, Role.USER_ID})
INPUTS = frozenset({Role.FEATURE_LENGTH, Role.INPUT_TOKENS, Role.IMAGE_BRIGHTNESS, Role.AUDIO_VOLUME})
"""What a column may be that its schema calls a feature."""


class BentoMonitor(LogFormat):
    """A line for each answer, none for a failed request. Latency and status are in the server's log."""

    name = "bentoml-monitor"
    title = "BentoML's monitoring data"
    kind = StreamKind.REQUESTS
    half_of = SERVER

    def recognise(self, look: Look) -> Known | None:
        """By the three keys that it adds to what the service monitors, with ids that are decimal numbers."""
        share = look.share_of_records(lambda record: record.keys() >= MONITORED and all(
            re.fullmatch(r"\d{1,39}", str(record[key])) for key in ("request_id", "trace_id")))
        return Known(share, "Lines with timestamp, request_id and trace_id, the ids as decimal numbers") \
            if share else None

    def cutter(self, file: FilePlan) -> Cutter:
        """All keys; the trace once more as the server's log has it."""
        return SqlCutter(MONITOR_SELECT, json=True, keys=file.columns)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """Roles from the schema beside the data."""
        found: dict[str, Hint] = {}
        taken: set[Role] = set()
        for column in _schema(place):
            name, role, kind = (column.get(key) for key in ("name", "role", "type"))
            if not isinstance(name, str) or name in found:
                continue
            number = ColumnType.NUMBER if kind == "numerical" else ColumnType.TEXT
            why = f"The schema says: {role}, {kind}"[:120]
            if kind == "numerical_sequence":
                found[name] = Hint(type=ColumnType.TEXT, ignored=True, why=why)
            elif role == "feature":
                found[name] = Hint(Role.FEATURE, number, why=why, unless=OF_THE_FORM | INPUTS)
            elif role == "prediction" and Role.PREDICTION not in taken:
                found[name] = Hint(Role.PREDICTION, number, why=why, unless=frozenset({Role.SCORE}))
                taken.add(Role.PREDICTION)
            elif role == "target" and Role.LABEL not in taken:
                found[name] = Hint(Role.LABEL, number, why=why, unless=frozenset({Role.CLICKED, Role.CHURNED}))
                taken.add(Role.LABEL)
            else:
                found[name] = Hint(type=number)
        traced = "trace" in file.columns
        return found | {
            "timestamp": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO, why="The time of the call"),
            "trace_id": Hint(type=ColumnType.TEXT, ignored=True, why="The trace, as a decimal number"),
            "request_id": Hint(type=ColumnType.TEXT, ignored=True, why="No other log has it: the trace joins them")
            if traced else Hint(Role.REQUEST_ID, ColumnType.TEXT),
            "trace": Hint(Role.REQUEST_ID, ColumnType.TEXT, why="The trace as the server's log has it, which it joins"),
        }


def _schema(place: Path) -> Iterator[Mapping[str, Any]]:
    """The columns that `schema/` beside `data/` tells, then those of other monitors of the same folder."""
    monitor = place.parent.parent
    try:
        files = sorted(monitor.glob("schema/schema*"))[::-1]
        files += sorted(each for each in monitor.parent.glob("*/schema/schema*") if each not in files)
        for each in files[:SCHEMA_FILES]:
            if each.is_file():
                with each.open("rb") as file:
                    yield from _columns(file.read(SCHEMA_BYTES))
    except OSError:
        return


def _columns(raw: bytes) -> Iterator[Mapping[str, Any]]:
    for line in raw.split(b"\n")[::-1]:
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        columns = said.get("columns") if isinstance(said, dict) else None
        if isinstance(columns, list):
            yield from (column for column in columns if isinstance(column, dict))


# ---------------------------------------------------------------------------------------------------- the server

_START = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:[+-]\d{4}|Z)?) \[(\w+)\] \[([^\]]*)\]"

REQUEST = (rf"^{_START} (\S+) \(scheme=[^,]*,method=([^,]*),path=(.*?)(?:,type=([^,)]*))?(?:,length=(\d*))?\) "
           r"\(status=(\d+)(?:,type=([^,)]*))?(?:,length=(\d*))?\) (\d+(?:\.\d+)?)ms "
           r"\(trace=([0-9a-fA-F]*),span=([0-9a-fA-F]*)([^)]*)\)\s*$")

PARTS = ("time", "level", "component", "client", "method", "path", "type", "length", "status", "answer_type",
         "answer_length", "ms", "trace", "span", "more")

COLUMNS = ("time", "level", "service", "component", "client", "method", "path", "status", "latency_ms",
           "request_length", "response_length", "trace", "span")

SERVER_SELECT = f"""
WITH parts AS MATERIALIZED (
    SELECT i, l, regexp_extract(l, {literal(REQUEST)}, {list(PARTS)!r}) AS p FROM lines)
SELECT i,
    CASE WHEN p.time <> '' THEN
            CASE WHEN {is_health("p.path", "p.method")} THEN {literal(HEALTH_CHECK)}
                 WHEN regexp_matches(p.component, '^(runner|service)\\b') THEN 'a call within the server' END
         WHEN regexp_matches(l, {literal("^" + _START)}) AND NOT regexp_matches(l, '\\(scheme=') THEN
            'a message of the server'
         WHEN NOT regexp_matches(l, '\\(scheme=|\\(status=\\d|\\(trace=|^\\d{{4}}-\\d\\d-\\d\\dT') THEN
            'a traceback or other output' END AS ignored,
    CASE WHEN p.time = '' THEN 'no line of BentoML''s server log' END AS bad,
    p.time AS time, p.level AS level,
    coalesce(nullif(regexp_extract(p.more, 'service\\.name=([^,)]*)', 1), ''),
             nullif(regexp_extract(p.component, '^\\w+:([^:]+)', 1), '')) AS service,
    p.component AS component, nullif(p.client, '_') AS client, p.method AS method, p.path AS path, p.status AS status,
    p.ms AS latency_ms, nullif(p.length, '') AS request_length, nullif(p.answer_length, '') AS response_length,
    CASE WHEN length(p.trace) = 32 THEN lower(p.trace) ELSE {as_hex("p.trace")} END AS trace,
    nullif(p.span, '') AS span
FROM parts
"""

_LINE = re.compile(_START)
_REQUEST = re.compile(REQUEST)


class BentoServer(LogFormat):
    """A line for each answer, to the second. Calls from a service to its runners are part of a request."""

    name = SERVER
    title = "BentoML's server log"
    kind = StreamKind.REQUESTS
    formats = (FileFormat.LINES,)

    def recognise(self, look: Look) -> Known | None:
        """By the request and the answer in two pairs of brackets."""
        requests = look.share(_REQUEST.match)
        share = look.share(_LINE.match)
        if requests or (share and any(word in line for line in look.lines for word in ("BentoServer", "BentoML"))):
            return Known(max(share, 0.5), "Lines with a time, [level], [service], then request and answer in brackets")
        return None

    def cutter(self, file: FilePlan) -> Cutter:
        """A row for each request from outside."""
        return SqlCutter(SERVER_SELECT, COLUMNS, json=False)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """The service stands for the model that it serves."""
        return {
            "time": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO, why="The time of the line"),
            **{name: Hint(type=ColumnType.TEXT, ignored=True)
               for name in ("level", "component", "client", "method", "path", "span")},
            "service": Hint(Role.MODEL, ColumnType.TEXT, if_seen=True, why="The service that answered"),
            "status": Hint(Role.STATUS, ColumnType.NUMBER),
            "latency_ms": Hint(Role.LATENCY, ColumnType.NUMBER, "ms", why="The duration before the trace, in ms"),
            "request_length": Hint(type=ColumnType.NUMBER, unit="B", ignored=True, why="The size of the request"),
            "response_length": Hint(type=ColumnType.NUMBER, unit="B", ignored=True, why="The size of the answer"),
            "trace": Hint(Role.REQUEST_ID, ColumnType.TEXT, why="The trace, which the monitor's data have too"),
        }

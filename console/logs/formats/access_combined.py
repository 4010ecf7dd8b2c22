"""The access logs of nginx and Apache: lines in the combined or the common form, and nginx's own as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.formats.paths import HEALTH_CHECK, is_health, model_in
from console.logs.plan import FileFormat, FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat
from console.store.names import literal

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_TEXT = r'"((?:[^"\\]|\\.)*)"'

LINE = (r"^(?:\S+:\d+ )?(\S+) \S+ (\S.*?) "
        r"\[(\d\d)/(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/(\d{4}):"
        r"(\d\d:\d\d:\d\d(?:\.\d+)?) ([+-]\d\d)(\d\d)\] "
        rf"{_TEXT} (\d{{3}}|-) (\d+|-)(?: {_TEXT} {_TEXT})?"
        rf'((?:\s(?:[^"]|{_QUOTED})*)?)$')
"""Host, user, time, request, status, bytes, then referer and agent if any, and whatever the operator added."""

PARTS = ("client", "user", "day", "month", "year", "clock", "east", "minutes", "request", "status", "bytes", "referer",
         "agent", "rest")

SECONDS = r'\s(?:\w+=)?"?((?:\d+\.\d{3}|-)(?:\s*[,:]\s+(?:\d+\.\d{3}|-))*)"?(?:\s|$)'
"""A duration as nginx writes it, or several after retries."""

ID = r'[\s=]"?([0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"?(?:\s|$)'
"""nginx's $request_id, or a UUID."""

COLUMNS = ("time", "client", "user", "method", "path", "protocol", "status", "bytes", "referer", "agent",
           "request_time", "upstream_response_time", "upstream_attempts", "request_id", "model", "model_version")

MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


def _sum(times: str) -> str:
    """Seconds at all upstreams, as text: they were asked one after the other."""
    return (f"CASE WHEN regexp_matches({times}, '[,:]') THEN round(list_sum([t::DOUBLE FOR t IN "
            f"regexp_extract_all({times}, '\\d+\\.\\d+')]), 3)::VARCHAR ELSE {times} END")


def _attempts(times: str) -> str:
    return f"len(regexp_extract_all({times}, '\\d+\\.\\d+|-'))"


def _said(part: str) -> str:
    return f"nullif(nullif({part}, '-'), '')"


SELECT = f"""
WITH parts AS MATERIALIZED (SELECT i, regexp_extract(l, {literal(LINE)}, {list(PARTS)!r}) AS p FROM lines),
asked AS MATERIALIZED (
    SELECT i, p,
        regexp_extract(p.request, '^([A-Z]+) (\\S+)(?: (HTTP/[0-9.]+))?$', ['method', 'path', 'protocol']) AS r,
        CASE WHEN p.rest <> '' THEN list_filter(regexp_extract_all(regexp_replace(p.rest, '\\s', '  ', 'g'),
            {literal(SECONDS)}, 1), lambda t: regexp_matches(t, '\\d')) END AS times
    FROM parts WHERE p.year <> ''),
named AS (SELECT *, {model_in("r.path")} AS model FROM asked)
SELECT i,
    CASE WHEN {is_health("r.path", "r.method", "p.agent")} THEN {literal(HEALTH_CHECK)} END AS ignored,
    p.year || '-' || lpad(((strpos('{MONTHS}', p.month) + 2) // 3)::VARCHAR, 2, '0') || '-' || p.day || 'T' || p.clock
        || p.east || ':' || p.minutes AS time,
    p.client AS client, {_said("p.user")} AS "user", nullif(r.method, '') AS method,
    coalesce(nullif(r.path, ''), {_said("p.request")}) AS path, nullif(r.protocol, '') AS protocol,
    {_said("p.status")} AS status, {_said("p.bytes")} AS bytes, {_said("p.referer")} AS referer,
    {_said("p.agent")} AS agent, times[1] AS request_time, {_sum("times[2]")} AS upstream_response_time,
    {_attempts("times[2]")}::VARCHAR AS upstream_attempts,
    nullif(regexp_extract(p.rest, {literal(ID)}, 1), '') AS request_id,
    nullif(model.m, '') AS model, nullif(model.v, '') AS model_version
FROM named
"""

_ENTRY = re.compile(r"\S+ \S+ \S.*? \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4}\] \"")


class AccessLog(LogFormat):
    """The time is when the answer was finished, to the second. No latency unless the operator added `$request_time`."""

    name = "access-log"
    title = "A web server's access log (combined or common)"
    kind = StreamKind.REQUESTS
    formats = (FileFormat.LINES,)

    def recognise(self, look: Look) -> Known | None:
        """By the time in brackets before the quoted request."""
        share = look.share(_ENTRY.match)
        return Known(share, "Lines with an address, a time in brackets and a quoted request") if share else None

    def cutter(self, file: FilePlan) -> Cutter:
        """A row a line; checks of health are ignored."""
        return SqlCutter(SELECT, COLUMNS, json=False, no_line="no line of an access log")

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """The client's address is nobody's id: many share one. Only a name that was logged in is a user."""
        return {
            "time": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO, why="The time in brackets"),
            "client": Hint(type=ColumnType.TEXT, ignored=True, why="An address, which many may share"),
            "user": Hint(Role.USER_ID, ColumnType.TEXT, if_seen=True, why="The name that was logged in"),
            "method": Hint(type=ColumnType.TEXT, ignored=True),
            "path": Hint(type=ColumnType.TEXT, ignored=True),
            "protocol": Hint(type=ColumnType.TEXT, ignored=True),
            "status": Hint(Role.STATUS, ColumnType.NUMBER, why="The status of the answer"),
            "bytes": Hint(type=ColumnType.NUMBER, unit="B", ignored=True, why="The size of the answer"),
            "referer": Hint(type=ColumnType.TEXT, ignored=True),
            "agent": Hint(type=ColumnType.TEXT, ignored=True),
            "request_time": Hint(Role.LATENCY, ColumnType.NUMBER, "s", if_seen=True,
                                 why="The first duration behind the agent: $request_time, in seconds"),
            "upstream_response_time": Hint(type=ColumnType.NUMBER, unit="s", ignored=True,
                                           why="The time at the model servers, added up after retries"),
            "upstream_attempts": Hint(type=ColumnType.NUMBER, ignored=True, why="How many model servers were asked"),
            "request_id": Hint(Role.REQUEST_ID, ColumnType.TEXT, if_seen=True),
            "model": Hint(Role.MODEL, ColumnType.TEXT, if_seen=True, why="From the path"),
            "model_version": Hint(Role.MODEL_VERSION, ColumnType.TEXT, if_seen=True, why="From the path"),
        }


# ---------------------------------------------------------------------------------------------------- nginx as JSON

TIMES = ("msec", "time_iso8601", "time_local")
PATHS = ("request_uri", "uri", "request")
DURATIONS = ("request_time", "upstream_response_time")

_UNQUOTED = r'":\s*-?\s*([,}])'
"""A variable without a value that the operator put no quotes around."""

_ESCAPED = r"\\x([0-9A-Fa-f]{2})"
"""As nginx writes bytes without `escape=json`: no JSON."""


def mended(line: str) -> str:
    """An object as nginx writes it without `escape=json`, made valid JSON."""
    return re.sub(_UNQUOTED, r'":null\1', re.sub(_ESCAPED, r"\\u00\1", line))


_VALID = (f"CASE WHEN json_valid(l) THEN l ELSE regexp_replace(regexp_replace(l, {literal(_ESCAPED)}, "
          f"'\\\\u00\\1', 'g'), {literal(_UNQUOTED)}, '\":null\\1', 'g') END")
_LOCAL = r"^(\d\d)/(\w{3})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d):?(\d\d)$"

JSON_SELECT = f"""
WITH texts AS (SELECT i, {_VALID} AS l FROM lines),
objects AS (SELECT i, CASE WHEN NOT json_valid(l) THEN 'not valid JSON'
                           WHEN json_type(l) <> 'OBJECT' THEN 'no JSON object' END AS bad, l FROM texts),
cells AS (SELECT i, bad, CASE WHEN bad IS NULL THEN l ELSE '{{}}' END AS l FROM objects),
said AS (
    SELECT i, bad, l, regexp_extract(l->>'$.request', '^([A-Z]+) (\\S+)', ['method', 'path']) AS r,
        l->>'$.upstream_response_time' AS upstream,
        regexp_extract(l->>'$.time_local', '{_LOCAL}', ['day', 'month', 'year', 'clock', 'east', 'minutes']) AS t
    FROM cells),
asked AS MATERIALIZED (
    SELECT *, coalesce(l->>'$.request_uri', l->>'$.uri', nullif(r.path, '')) AS path,
        coalesce(l->>'$.request_method', l->>'$.method', nullif(r.method, '')) AS method FROM said),
named AS (SELECT *, {model_in("path")} AS model FROM asked),
changed AS (
    SELECT *, CASE WHEN nullif(model.m, '') IS NOT NULL THEN json_merge_patch(l, json_object(
        'model', coalesce(l->>'$.model', model.m),
        'model_version', coalesce(l->>'$.model_version', nullif(model.v, '')))) ELSE l END AS patched FROM named)
SELECT i, bad,
    CASE WHEN bad IS NULL AND {is_health("path", "method", "l->>'$.http_user_agent'")} THEN {literal(HEALTH_CHECK)} END
        AS ignored,
    CASE WHEN regexp_matches(upstream, '[,:]') OR coalesce(t.year, '') <> '' THEN json_merge_patch(patched,
        CASE WHEN regexp_matches(upstream, '[,:]') THEN json_object('upstream_response_time', {_sum("upstream")},
            'upstream_attempts', {_attempts("upstream")}) ELSE '{{}}' END,
        CASE WHEN t.year <> '' THEN json_object('time_local', t.year || '-' ||
            lpad(((strpos('{MONTHS}', t.month) + 2) // 3)::VARCHAR, 2, '0') || '-' || t.day || 'T' || t.clock || t.east
            || ':' || t.minutes) ELSE '{{}}' END) ELSE patched END AS o
FROM changed
"""


class NginxJson(LogFormat):
    """The operator chose the keys; those that are nginx's variables are known. All values may be text."""

    name = "nginx-json"
    title = "nginx's access log as JSON"
    kind = StreamKind.REQUESTS

    def recognise(self, look: Look) -> Known | None:
        """By the names of nginx's variables."""
        share = look.share_of_records(_of_nginx)
        if share < 1:
            mine = [json_of(line) for line in look.lines]
            share = max(share, sum(each is not None and _of_nginx(each) for each in mine) / max(1, len(mine)))
        return Known(share, "Objects with a status, a path and the times that nginx names so") if share else None

    def cutter(self, file: FilePlan) -> Cutter:
        """All keys are kept; a path that names a model gives two more."""
        return SqlCutter(JSON_SELECT, json=False, keys=file.columns)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """Of the times the one with milliseconds, if it is there."""
        there = set(file.columns)
        time = next((key for key in TIMES if key in there), "")
        latency = next((key for key in DURATIONS if key in there), "")
        found = {key: Hint(type=ColumnType.TEXT, ignored=True, why="Of the transport")
                 for key in ("remote_addr", "http_user_agent", "http_referer", "http_x_forwarded_for", "request",
                             "request_uri", "uri", "args", "request_method", "server_protocol", "server_name", "host",
                             "http_host", "scheme", "upstream_addr", "upstream_status", "ssl_protocol", "ssl_cipher")}
        found |= {key: Hint(type=ColumnType.NUMBER, ignored=True, why="Of the transport")
                  for key in ("body_bytes_sent", "bytes_sent", "request_length", "connection", "connection_requests",
                              "upstream_attempts", "upstream_connect_time", "upstream_header_time",
                              "upstream_response_length")}
        found |= {key: Hint(type=ColumnType.NUMBER, ignored=True, unit="s", why="In seconds") for key in DURATIONS}
        found |= {key: Hint(ignored=True, why="Another column has the time to the millisecond") for key in TIMES}
        found |= {
            "status": Hint(Role.STATUS, ColumnType.NUMBER, why="The status of the answer"),
            "remote_user": Hint(Role.USER_ID, ColumnType.TEXT, if_seen=True, why="The name that was logged in"),
            "request_id": Hint(Role.REQUEST_ID, ColumnType.TEXT, if_seen=True),
            "hostname": Hint(Role.HOST, ColumnType.TEXT, if_seen=True, why="The machine that nginx runs on"),
            "model": Hint(Role.MODEL, ColumnType.TEXT, if_seen=True, why="From the path"),
            "model_version": Hint(Role.MODEL_VERSION, ColumnType.TEXT, if_seen=True, why="From the path"),
        }
        if time:
            found[time] = Hint(Role.TIMESTAMP, why=f"${time} of nginx", time_format=TimeFormat.EPOCH_S
                               if time == "msec" else TimeFormat.ISO)
        if latency:
            found[latency] = Hint(Role.LATENCY, ColumnType.NUMBER, "s", why=f"${latency} of nginx, in seconds")
        return found


def json_of(line: str) -> dict[str, Any] | None:
    """The object of a line, mended if need be; None when it is none."""
    for text in (line, mended(line)):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict) else None
    return None


def _of_nginx(record: Mapping[str, Any]) -> bool:
    keys = record.keys()
    return ("status" in keys and any(key in keys for key in TIMES) and any(key in keys for key in PATHS)
            and (any(key in keys for key in DURATIONS) or bool(keys & {"body_bytes_sent", "remote_addr"})))

"""The access lines of uvicorn, which most Python model servers print: no latency, often not even a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.formats.paths import HEALTH_CHECK, is_health, model_in
from console.logs.plan import FileFormat, FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat
from console.store.names import literal

REQUEST = (r'^([^"]*?)(?:(\S+:\d+)(?: \d+)?)? - "([A-Z]+) (\S+) (HTTP/[0-9.]+)" (\d{3})(?: [A-Za-z][A-Za-z \'-]*)?\s*$')
"""Whatever the logging configuration puts before it, then the client (in KServe also a process id) and the request."""

MEANT = (r'\d - "[A-Z]*|[^"] HTTP/[0-9.]+" \d|\bINFO:?\s+\[?[0-9a-fA-F:.]{7,}\]?(?::\d*)?(?: -?)?\s*$')
"""What a line has that meant to be a request, whole or torn."""

SERVER = r"^\s*(?:\([^)]*\) )?(?:\S+ ){0,4}\S*(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\b|^\d{4}-\d\d-\d\d[T ]\d\d:\d\d"
STARTING = r"INFO:?\s.*(?:Uvicorn running on|Started (?:server|parent|reloader) process|Application startup complete)"

CLOCK = r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)"

COLOURS = r"\x1b\[[0-9;]*m"
"""As uvicorn writes them to a terminal, and into the files that a terminal was sent to."""

PARTS = ("before", "client", "method", "path", "protocol", "status")
COLUMNS = ("client", "method", "path", "protocol", "status", "model", "model_version")

PLAIN = f"CASE WHEN contains(l, chr(27)) THEN regexp_replace(l, {literal(COLOURS)}, '', 'g') ELSE l END"

SELECT = f"""
WITH bare AS (SELECT i, {PLAIN} AS l FROM lines),
parts AS MATERIALIZED (SELECT i, l, regexp_extract(l, {literal(REQUEST)}, {list(PARTS)!r}) AS p FROM bare),
named AS (SELECT i, l, p, {model_in("p.path")} AS model FROM parts)
SELECT i,
    CASE WHEN p.status <> '' THEN CASE WHEN {is_health("p.path", "p.method")} THEN {literal(HEALTH_CHECK)} END
         WHEN regexp_matches(l, {literal(MEANT)}) THEN NULL
         WHEN regexp_matches(l, {literal(SERVER)}) THEN 'a message of the server'
         ELSE 'a traceback or other output' END AS ignored,
    CASE WHEN p.status = '' THEN 'no line of uvicorn''s log' END AS bad,
    nullif(regexp_extract(p.before, {literal(CLOCK)}, 1), '') AS time, nullif(p.client, '') AS client,
    p.method AS method, p.path AS path, p.protocol AS protocol, p.status AS status, nullif(model.m, '') AS model,
    nullif(model.v, '') AS model_version
FROM named
"""

_REQUEST = re.compile(REQUEST)
_QUOTED = re.compile(r' - "[A-Z]{1,20} ')       # without it the whole pattern takes a second to fail on a line of 10 KB


def requests_in(look: Look) -> list[bool]:
    """Of the access lines in a head, whether they tell a time."""
    plain = (re.sub(COLOURS, "", line) for line in look.lines)
    found = [_REQUEST.match(line) for line in plain if _QUOTED.search(line)]
    return [re.search(CLOCK, match[1]) is not None for match in found if match]


class UvicornAccess(LogFormat):
    """Requests without times: counted by status, on no time axis."""

    name = "uvicorn-access"
    title = "uvicorn's access log, which tells no times"
    kind = StreamKind.UNTIMED
    formats = (FileFormat.LINES,)
    timed: ClassVar[bool] = False

    def recognise(self, look: Look) -> Known | None:
        """By the client, a dash and the quoted request; or by what uvicorn says when it starts."""
        clocks = requests_in(look)
        starting = any(re.search(STARTING, line) for line in look.lines)
        if not clocks and not starting:
            return None
        is_timed = 2 * sum(clocks) > len(clocks) if clocks else False
        if is_timed is not self.timed:
            return None
        share = len(clocks) / len(look.lines)
        return Known(max(0.5, share), 'Lines with a client, a dash, a quoted request and a status, '
                     f'{"behind a time" if self.timed else "without a time"}')

    def cutter(self, file: FilePlan) -> Cutter:
        """A row for each request; all else that a server prints is ignored."""
        return SqlCutter(SELECT, ("time", *COLUMNS) if self.timed else COLUMNS, json=False)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """Little more than the status."""
        return {
            "time": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO, why="The time before the request"),
            **{name: Hint(type=ColumnType.TEXT, ignored=True) for name in ("client", "method", "path", "protocol")},
            "status": Hint(Role.STATUS, ColumnType.NUMBER, why="The status of the answer"),
            "model": Hint(Role.MODEL, ColumnType.TEXT, if_seen=True, why="From the path"),
            "model_version": Hint(Role.MODEL_VERSION, ColumnType.TEXT, if_seen=True, why="From the path"),
        }


class UvicornTimed(UvicornAccess):
    """The same where the operator's logging configuration, or the container, puts a time before each line."""

    name = "uvicorn-timed"
    title = "uvicorn's access log, with times"
    kind = StreamKind.REQUESTS
    timed = True

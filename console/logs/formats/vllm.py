"""vLLM's server log: what its engines say of themselves every ten seconds while they are busy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.formats.uvicorn import COLOURS, PLAIN, REQUEST
from console.logs.plan import FileFormat, FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat
from console.store.names import literal

STATS = (r"(?:^|\s)INFO (\d\d)-(\d\d) (\d\d:\d\d:\d\d) .*?(?:Engine (\d+): )?Avg prompt throughput: ([\d.]+) tokens/s, "
         r"Avg generation throughput: ([\d.]+) tokens/s, Running: (\d+) reqs(?:, (?:Swapped: \d+ reqs, )?"
         r"(?:Waiting|Pending): (\d+) reqs)?(.*?)\s*$")
"""`Swapped` and `Pending` in versions before the engine's number."""

PARTS = ("month", "day", "clock", "engine", "prompt", "generation", "running", "waiting", "rest")

CONTAINER = r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) "
"""The time that a container puts before each line, with its year."""

MEANT = r"Avg prompt throughput:|Avg generation throughput:|tokens/s, Running:"

COLUMNS = ("time", "engine", "prompt_tokens_per_s", "generation_tokens_per_s", "running_requests", "waiting_requests",
           "kv_cache_usage_percent", "prefix_cache_hit_rate_percent")

SURE = 0.99
"""Of a head with one report: all its other lines may be requests, which uvicorn's form takes too."""

LATE_S = 86_400
"""A clock may be so far ahead of UTC, or of the clock of the file: a line that much later is not of the year before."""

FOLLOWED_S = 7 * 86_400
"""Lines that follow while the log is open are this old at most, so those have the year of now..."""

OPEN_S = 180 * 86_400
"""...unless the file is an archive: nobody had it open for so long since it was looked at."""


def _select(changed: datetime) -> str:
    """The query for a file that was changed at this time, in UTC.

    The lines name no year. It is that of the file's last change, or the one before for days that were still to come
    then; but a line of these days is from now: the log has grown since the file was looked at.
    """
    at, now = f"TIMESTAMP '{changed:%Y-%m-%d %H:%M:%S}'", "make_timestamp(CAST(epoch(now()) AS BIGINT) * 1000000)"

    def percent(name: str) -> str:
        return f"nullif(regexp_extract(p.rest, '{name}: ([0-9.]+)%', 1), '')"

    def instant(year: str) -> str:
        return f"TRY_CAST({year} || '-' || p.month || '-' || p.day || ' ' || p.clock AS TIMESTAMP)"

    this, before = changed.year, changed.year - 1
    latest = f"({at} + INTERVAL {LATE_S} SECOND)"
    return f"""
WITH bare AS (SELECT i, {PLAIN} AS l FROM lines),
parts AS MATERIALIZED (SELECT i, l, regexp_extract(l, {literal(STATS)}, {list(PARTS)!r}) AS p FROM bare),
dated AS (
    SELECT i, l, p, {instant(f"'{this}'")} AS this_year, {instant(f"'{before}'")} AS year_before,
        {instant(f"year({now})::VARCHAR")} AS from_now FROM parts),
timed AS (
    SELECT i, l, p, CASE
        WHEN {at} > {now} - INTERVAL {OPEN_S} SECOND AND
            from_now BETWEEN {now} - INTERVAL {FOLLOWED_S} SECOND AND {now} + INTERVAL {LATE_S} SECOND THEN from_now
        WHEN this_year <= {latest} THEN this_year
        ELSE coalesce(year_before, this_year) END AS time FROM dated)
SELECT i,
    CASE WHEN p.month = '' AND NOT regexp_matches(l, {literal(MEANT)}) THEN
        CASE WHEN regexp_matches(l, {literal(REQUEST)}) THEN 'a request, without a duration'
             WHEN regexp_matches(l, '^(?:\\([^)]*\\) )?(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\\b') THEN
                'a message of the server'
             ELSE 'a traceback or other output' END END AS ignored,
    CASE WHEN p.month = '' THEN 'no line of vLLM''s log' WHEN time IS NULL THEN 'there is no such day' END AS bad,
    coalesce(nullif(regexp_extract(l, {literal(CONTAINER)}, 1), ''), strftime(time, '%Y-%m-%dT%H:%M:%S')) AS time,
    coalesce(nullif(p.engine, ''), '000') AS engine,
    p.prompt AS prompt_tokens_per_s, p.generation AS generation_tokens_per_s, p.running AS running_requests,
    nullif(p.waiting, '') AS waiting_requests,
    coalesce({percent("GPU KV cache usage")}, {percent("KV cache usage")}) AS kv_cache_usage_percent,
    {percent("Prefix cache hit rate")} AS prefix_cache_hit_rate_percent
FROM timed
"""


_STATS = re.compile(STATS)


class VllmStats(LogFormat):
    """Samples in the wide shape. An idle engine says nothing: gaps are no outages."""

    name = "vllm-stats"
    title = "vLLM's server log"
    kind = StreamKind.SAMPLES
    formats = (FileFormat.LINES,)

    def recognise(self, look: Look) -> Known | None:
        """By the throughput that engines report."""
        lines = [re.sub(COLOURS, "", line) for line in look.lines]
        stats = sum(_STATS.search(line) is not None for line in lines)
        starting = any(re.search(r"INFO \d\d-\d\d \d\d:\d\d:\d\d .*vLLM (?:API server )?version", line)
                       for line in lines)
        if not stats and not starting:
            return None
        return Known(max(SURE, stats / len(lines)), "Lines with the average throughput of an engine")

    def cutter(self, file: FilePlan) -> Cutter:
        """A sample for each report of an engine."""
        changed = datetime.fromtimestamp(min(max(file.mtime_ns / 1e9, 0.0), 7.2e9), UTC)
        return SqlCutter(_select(changed), COLUMNS, json=False)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """An engine is what a host is elsewhere: figures are its own."""
        units = {"prompt_tokens_per_s": "tokens/s", "generation_tokens_per_s": "tokens/s", "running_requests": "",
                 "waiting_requests": "", "kv_cache_usage_percent": "%", "prefix_cache_hit_rate_percent": "%"}
        return {
            "time": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO,
                         why="Month, day and clock of the line; the year from the file's last change"),
            "engine": Hint(Role.HOST, ColumnType.TEXT, why="The number of the engine"),
            **{name: Hint(Role.METRIC_VALUE, ColumnType.NUMBER, unit) for name, unit in units.items()},
        }

"""Scrapes in Prometheus' text form or OpenMetrics: MLServer, Triton, vLLM, BentoML, node exporters.

A sample is a line; what it counts is cumulative, so that one scrape says little and a folder of them is one stream.
A saved scrape mostly has no time inside: it is that of the line, else of the file's name, else of the file. Where one
file without any time holds several scrapes, they all have the time of the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.names import HOST
from console.logs.plan import FileFormat, FilePlan
from console.logs.records import COMMENT
from console.logs.times import EARLIEST_S, LATEST_S
from console.roles import ColumnType, Role, StreamKind, TimeFormat
from console.store.names import literal

COLUMNS = ("timestamp", "metric", "kind", "value", "increase", "model", "model_version", "host", "labels")

CREATED = "a time of creation, no count"

_WORD = r"[a-zA-Z_][a-zA-Z0-9_]*"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LABEL = rf"(?:{_WORD}|{_QUOTED})[ \t]*=[ \t]*{_QUOTED}"
_LABELS = (rf"\{{[ \t]*(?:(?:{_LABEL}|{_QUOTED})(?:[ \t]*,[ \t]*{_LABEL})*[ \t]*,?[ \t]*)?\}}")
_NUMBER = r"[+-]?(?i:[0-9]+\.?[0-9]*(?:e[+-]?[0-9]+)?|\.[0-9]+(?:e[+-]?[0-9]+)?|nan|inf|infinity)"
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"

SAMPLE = (rf"^[\x00 \t]*({_NAME})?[ \t]*(?:({_LABELS})[ \t]*|[ \t])({_NUMBER})(?:[ \t]+({_NUMBER}))?"
          r"(?:[ \t]+#[^\n]*)?[ \t\r]*\n?$")
"""Name, labels, value, time. What stands behind a `#` is an exemplar."""

_SAMPLE = re.compile(SAMPLE.replace("(?i:", "(?:").replace("^", "", 1), re.IGNORECASE)
_COMMENT = re.compile(rf"#\s*(HELP|TYPE|UNIT)\s+({_NAME}|{_QUOTED})(\s|$)|#\s*EOF\s*$")

SUFFIXES = "_(bucket|sum|count|total|created|gsum|gcount|info)$"

_TYPE = re.compile(rf"\s*#\s*TYPE\s+({_NAME}|{_QUOTED})\s+([a-zA-Z]+)")

_TEXT = r"""CASE WHEN contains(s, '\') THEN array_to_string(list_transform(string_split(s[2:-2], '\\'),
    lambda x: replace(replace(x, '\"', '"'), '\n', chr(10))), '\') ELSE s[2:-2] END"""
"""What stands between two quotes, `s`: only a backslash, a quote and a newline are written with a backslash."""


def _select(time: str, host: str) -> str:
    """The query over lines. `time`, `host`: of the file, as text for where a line has none of its own; "" is none."""

    def said(*names: str) -> str:
        return "coalesce(" + ", ".join(f"v[list_position(k, '{name}')]" for name in names) + ")"

    return rf"""
    WITH read AS (
        SELECT i, regexp_extract(l, {literal(SAMPLE)}, ['name', 'labels', 'value', 'time']) AS p,
               ltrim(l, ' ' || chr(9) || chr(0)) LIKE '#%' AS comment
        FROM lines),
    named AS (
        SELECT i, comment, p.value AS value, p.time AS time, p.name AS bare,
               CASE WHEN p.name = '' AND p.labels <> '' THEN regexp_extract(p.labels, '^\{{[ \t]*({_QUOTED})', 1) END
                   AS long,
               CASE WHEN p.name = '' THEN regexp_replace(p.labels, '^\{{[ \t]*({_QUOTED})[ \t]*,?', '{{')
                   ELSE p.labels END AS labels
        FROM read),
    opened AS (
        SELECT i, comment, value, time,
               CASE WHEN bare <> '' THEN bare ELSE list_transform([long], lambda s: {_TEXT})[1] END AS name,
               list_transform(regexp_extract_all(labels, '({_WORD}|{_QUOTED})[ \t]*=[ \t]*({_QUOTED})', 1),
                              lambda s: CASE WHEN s LIKE '"%' THEN {_TEXT} ELSE s END) AS k,
               list_transform(regexp_extract_all(labels, '({_WORD}|{_QUOTED})[ \t]*=[ \t]*({_QUOTED})', 2),
                              lambda s: {_TEXT}) AS v
        FROM named),
    typed AS (
        SELECT o.*, regexp_replace(o.name, '{SUFFIXES}', '') AS family, regexp_extract(o.name, '{SUFFIXES}', 1) AS part,
               v[list_position(k, 'quantile')] AS quantile, v[list_position(k, 'le')] AS le,
               TRY_CAST(value AS DOUBLE) AS number, TRY_CAST(time AS DOUBLE) AS moment,
               nullif(own.type, 'untyped') AS own, fam.type AS fam
        FROM opened o LEFT JOIN types own ON own.name = o.name
                      LEFT JOIN types fam ON fam.name = regexp_replace(o.name, '{SUFFIXES}', '')),
    known AS (
        SELECT *, CASE
            WHEN own = 'counter' THEN 'counter'
            WHEN own IS NOT NULL AND own <> 'unknown' THEN 'gauge'
            WHEN part <> '' AND fam IN ('histogram', 'summary') THEN
                CASE WHEN part IN ('bucket', 'sum', 'count') THEN 'counter' ELSE 'gauge' END
            WHEN part = 'total' AND fam = 'counter' THEN 'counter'
            WHEN part <> '' AND fam = 'gaugehistogram' THEN 'gauge'
            WHEN quantile IS NOT NULL THEN 'gauge'
            WHEN part IN ('total', 'count', 'sum', 'bucket') THEN 'counter' ELSE 'gauge' END AS kind,
            coalesce(part = 'created' AND (fam IN ('counter', 'histogram', 'summary')
                                           OR number BETWEEN {EARLIEST_S} AND {LATEST_S}), false) AS created,
            {said('model', 'model_name')} AS model
        FROM typed)
    SELECT i, CASE WHEN comment THEN '{COMMENT}' WHEN created THEN '{CREATED}' END AS ignored,
        CASE WHEN name IS NULL OR name = '' THEN 'no sample in the text form of Prometheus'
             WHEN len(k) <> len(list_distinct(k)) THEN 'the same label twice'
             WHEN number IS NULL THEN 'its value is no number'
             WHEN time <> '' AND moment IS NULL THEN 'its time is no number' END AS bad,
        CASE WHEN time = '' THEN {literal(time)}
             ELSE coalesce(TRY(strftime(make_timestamp(CASE WHEN abs(moment) < 1e11 THEN round(moment * 1e6)::BIGINT
                                                       ELSE moment::BIGINT * 1000 END), '%Y-%m-%dT%H:%M:%S.%fZ')), time)
             END AS timestamp,
        CASE WHEN le IS NOT NULL AND part = 'bucket' THEN name || '{{le="' || le || '"}}'
             WHEN quantile IS NOT NULL AND part = '' THEN name || '{{quantile="' || quantile || '"}}'
             ELSE name END AS metric,
        kind, value, NULL::VARCHAR AS increase, model,
        nullif({said('model_version')[:-1]}, CASE WHEN model IS NOT NULL THEN {said('version')} END), 'None')
            AS model_version,
        coalesce({said('instance', 'host', 'hostname', 'pod')}, {literal(host) if host else 'NULL'}) AS host,
        CASE WHEN len(k) > 0 AND len(k) = len(list_distinct(k)) THEN to_json(map(k, v))::VARCHAR END AS labels
    FROM known"""


class _Scrape(SqlCutter):
    """Remembers the types of metrics: each is told once, before its samples, and a block may begin between them."""

    def __init__(self, file: FilePlan) -> None:
        time, _ = time_of(file)
        super().__init__(_select(time, _host_of(file.path)), COLUMNS, json=False)
        self._types: dict[str, str] = {}

    def _ask(self, lines: pa.Table, wrong: dict[int, str]) -> pa.Table:
        import pyarrow.compute as pc

        told = lines["l"].filter(pc.match_substring(lines["l"], "TYPE"))
        for line in pc.unique(told).to_pylist():
            if found := _TYPE.match(line):
                self._types[found[1].strip('"')] = found[2].lower()
        self._con.register("types", pa.table({"name": pa.array(self._types.keys(), pa.string()),
                                              "type": pa.array(self._types.values(), pa.string())}))
        return super()._ask(lines, wrong)


class PrometheusText(LogFormat):
    """One sample a line. Counters are made into increases by the store."""

    name = "prometheus"
    title = "Metrics in Prometheus' text form"
    kind = StreamKind.SAMPLES
    formats = (FileFormat.LINES,)
    fields = COLUMNS
    repeats = True

    def recognise(self, look: Look) -> Known | None:
        """By the lines that announce a metric; without them by labels in braces."""
        comments = look.share(_COMMENT.match)
        if comments:
            return Known(comments + look.share(_SAMPLE.match), "Lines that announce metrics: # HELP, # TYPE")
        labelled = look.share(lambda line: '="' in line and _SAMPLE.match(line))
        share = look.share(_SAMPLE.match) if labelled > 0.5 else 0.0
        return Known(share, 'Lines of name{label="value"} and a number') if share >= 0.9 else None

    def cutter(self, file: FilePlan) -> Cutter:
        """The time of the file is a constant of its query."""
        return _Scrape(file)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """The long shape, with a kind for each sample."""
        return {
            "timestamp": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO,
                              why=f"The time of the line; without one, {time_of(file)[1]}"),
            "metric": Hint(Role.METRIC_NAME, ColumnType.TEXT, why="The name of the metric, with its bucket"),
            "kind": Hint(Role.METRIC_KIND, ColumnType.TEXT, why="As its # TYPE says, else by its name"),
            "value": Hint(Role.METRIC_VALUE, ColumnType.NUMBER, why="The value of the sample"),
            "increase": Hint(Role.METRIC_INCREASE, ColumnType.NUMBER, why="Made from the sample before"),
            "model": Hint(Role.MODEL, ColumnType.TEXT, if_seen=True, why="Its label model or model_name"),
            "model_version": Hint(Role.MODEL_VERSION, ColumnType.TEXT, if_seen=True,
                                  why="Its label model_version or version"),
            "host": Hint(Role.HOST, ColumnType.TEXT, if_seen=True,
                         why="Its label instance, host, hostname or pod, else its folder"),
            "labels": Hint(None, ColumnType.TEXT, ignored=True, why="All labels, as JSON"),
        }


_STAMP = re.compile(r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)[T_.-]?(\d\d)[:.-]?(\d\d)(?:[:.-]?(\d\d)([.,]\d{1,6})?)?"
                    r"(Z|[+-]\d\d:?\d\d)?(?!\d)")
_DATE = re.compile(r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)(?!\d)")
_EPOCH = re.compile(r"(?<!\d)(\d{10}|\d{13}|\d{16}|\d{19})(?!\d)")


def time_of(file: FilePlan) -> tuple[str, str]:
    """The time of a scrape as text, in UTC where that is known, and where it was taken from."""
    name = file.path.rsplit("/", 1)[-1]
    if found := _STAMP.search(name):
        year, month, day, hour, minute, second, fraction, zone = found.groups()
        text = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{(fraction or '').replace(',', '.')}{zone or ''}"
        if _is_time(text):
            return text, "the one in the file's name"
    if (found := _EPOCH.search(name)) and EARLIEST_S <= (seconds := int(found[1][:10])) < LATEST_S:
        return _iso(seconds * 10**9 + int(found[1][10:].ljust(9, "0"))), "the one in the file's name"
    if (found := _DATE.search(name)) and _is_time(text := "-".join(found.groups())):
        return text, "the day in the file's name"
    return _iso(file.mtime_ns), "that of the file's last change, for its name has none"


def _iso(ns: int) -> str:
    return datetime.fromtimestamp(ns // 10**9, UTC).replace(microsecond=ns % 10**9 // 1000).isoformat().replace(
        "+00:00", "Z")


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _host_of(path: str) -> str:
    """The folder that is named like a machine, for scrapes of many machines whose labels do not say it."""
    return next((folder for folder in reversed(path.split("/")[:-1]) if HOST.fullmatch(folder)), "")

"""The views that reports and users' own SQL rely on: `events`, `outcomes`, `samples`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from console.roles import ColumnType, Role, StreamKind
from console.store.casting import stored_number
from console.store.model import ColumnInfo, StreamInfo
from console.store.names import literal, quoted
from console.store.rolled import has_moments
from console.store.rollups import failed_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EVENTS = (("request_id", Role.REQUEST_ID), ("user_id", Role.USER_ID), ("model", Role.MODEL),
          ("model_version", Role.MODEL_VERSION), ("host", Role.HOST))
TEXTS_BEHIND = (("status", Role.STATUS), ("prediction", Role.PREDICTION))


def rebuild(con: DuckDBPyConnection, streams: Mapping[int, StreamInfo]) -> None:
    """Make the views anew; needed whenever a stream or a role changes."""
    con.execute(f"CREATE OR REPLACE VIEW outcomes AS {_union(map(_outcomes, _of(streams, StreamKind.OUTCOMES)), _NO_OUTCOMES)}")
    outcomes = any(stream.column(Role.REQUEST_ID) for stream in _of(streams, StreamKind.OUTCOMES))
    con.execute(f"CREATE OR REPLACE VIEW events AS "
                f"{_union((_events(stream, outcomes) for stream in _of(streams, StreamKind.REQUESTS)), _NO_EVENTS)}")
    samples = (part for stream in _of(streams, StreamKind.SAMPLES) for part in _samples(stream))
    con.execute(f"CREATE OR REPLACE VIEW samples AS {_union(samples, _NO_SAMPLES)}")


def _of(streams: Mapping[int, StreamInfo], kind: StreamKind) -> list[StreamInfo]:
    return [stream for stream in streams.values() if stream.kind is kind]


def _union(parts: Iterable[str], empty: str) -> str:
    return " UNION ALL ".join(parts) or empty


_NO_OUTCOMES = ("SELECT ''::VARCHAR AS stream, ''::VARCHAR AS request_id, NULL::TIMESTAMP AS ts, NULL::TIMESTAMP AS "
                "arrived, 0::DOUBLE AS clicked, 0::DOUBLE AS label, 0 AS file, 0::BIGINT AS record WHERE false")
_NO_EVENTS = ("SELECT ''::VARCHAR AS stream, NULL::TIMESTAMP AS ts, NULL::TIMESTAMP AS arrived, ''::VARCHAR AS request_id, "
              "''::VARCHAR AS user_id, ''::VARCHAR AS model, ''::VARCHAR AS model_version, ''::VARCHAR AS host, "
              "0::DOUBLE AS latency_ms, ''::VARCHAR AS status, false AS failed, ''::VARCHAR AS prediction, "
              "0::DOUBLE AS score, 0::DOUBLE AS label, 0::DOUBLE AS clicked, 0 AS file, 0::BIGINT AS record WHERE false")
_NO_SAMPLES = ("SELECT ''::VARCHAR AS stream, ''::VARCHAR AS host, ''::VARCHAR AS metric, NULL::TIMESTAMP AS ts, "
               "0::DOUBLE AS value, 0 AS file, 0::BIGINT AS record WHERE false")


def _text(stream: StreamInfo, role: Role) -> str:
    column = stream.column(role)
    if column is None:
        return "NULL::VARCHAR"
    name = quoted(column.stored)
    if column.kept is ColumnType.NUMBER:       # a status of 200, not of 200.0
        return f"CASE WHEN {name} = trunc({name}) AND abs({name}) < 1e15 THEN {name}::BIGINT::VARCHAR ELSE {name}::VARCHAR END"
    return f"{name}::VARCHAR"


def number_sql(stream: StreamInfo, role: Role) -> str:
    """The first column of that role as a canonical DOUBLE, or NULL."""
    column = stream.column(role)
    return "NULL::DOUBLE" if column is None else _canonical(column)


def _canonical(column: ColumnInfo) -> str:
    value = stored_number(column.stored, column.kept)
    return value if column.scale == 1 else f"({value}) * {column.scale!r}"


def _outcomes(stream: StreamInfo) -> str:
    return (f"SELECT {literal(stream.name)} AS stream, {_text(stream, Role.REQUEST_ID)} AS request_id, _ts AS ts, "
            f"_arrived AS arrived, {number_sql(stream, Role.CLICKED)} AS clicked, {number_sql(stream, Role.LABEL)} AS label, "
            f"_file AS file, _record AS record FROM {stream.table}")


def _events(stream: StreamInfo, outcomes: bool) -> str:
    failed = failed_sql(stream)
    texts = ", ".join(f"{_text(stream, role)} AS {name}" for name, role in EVENTS)
    behind = ", ".join(f"{_text(stream, role)} AS {name}" for name, role in TEXTS_BEHIND[1:])
    own = (f"SELECT {literal(stream.name)} AS stream, _ts AS ts, _arrived AS arrived, {texts}, "
           f"{number_sql(stream, Role.LATENCY)} AS latency_ms, {_text(stream, Role.STATUS)} AS status, "
           f"{f'({failed}) = 1' if failed else 'NULL::BOOLEAN'} AS failed, {behind}, "
           f"{number_sql(stream, Role.SCORE)} AS score, {number_sql(stream, Role.LABEL)} AS label, "
           f"{number_sql(stream, Role.CLICKED)} AS clicked, _file AS file, _record AS record FROM {stream.table}")
    if not outcomes or stream.column(Role.REQUEST_ID) is None:
        return own
    # By id alone, the last outcome of an id for each of its requests: near enough for reading rows. The board's numbers
    # come from `rollup_outcomes`, where an outcome goes to one request only.
    return (f"SELECT e.* REPLACE (coalesce(e.label, o.label) AS label, coalesce(e.clicked, o.clicked) AS clicked) "
            f"FROM ({own}) e LEFT JOIN (SELECT request_id, arg_max(clicked, coalesce(ts, TIMESTAMP '2200-01-01')) AS clicked, "
            f"arg_max(label, coalesce(ts, TIMESTAMP '2200-01-01')) AS label, max(coalesce(ts, TIMESTAMP '2200-01-01')) AS last_ts "
            f"FROM outcomes WHERE request_id IS NOT NULL GROUP BY request_id) o "
            f"ON o.request_id = e.request_id AND o.last_ts >= e.ts")


def _samples(stream: StreamInfo) -> list[str]:
    """Long streams name their metric in a column; of wide ones each number is a metric under its own name."""
    named = stream.column(Role.METRIC_NAME)
    found = []
    for column in stream.columns:
        if not has_moments(column) or (named is not None and column.role is not Role.METRIC_VALUE):
            continue
        metric = _text(stream, Role.METRIC_NAME) if named is not None else f"{literal(column.stored)}::VARCHAR"
        found.append(f"SELECT {literal(stream.name)} AS stream, {_text(stream, Role.HOST)} AS host, {metric} AS metric, "
                     f"_ts AS ts, {_canonical(column)} AS value, _file AS file, _record AS record FROM {stream.table}")
    return found



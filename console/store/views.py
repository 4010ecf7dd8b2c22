"""The views that reports and users' own SQL rely on: `events`, `outcomes`, `samples`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING

from console.roles import Role, StreamKind
from console.store.casting import stored_number
from console.store.derived import failed_sql, text_sql
from console.store.model import ColumnInfo, StreamInfo
from console.store.names import NO_RESPONSE, literal
from console.store.queries import sql
from console.store.rolled import has_moments

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EVENTS = (("request_id", Role.REQUEST_ID), ("user_id", Role.USER_ID), ("model", Role.MODEL),
          ("model_version", Role.MODEL_VERSION), ("host", Role.HOST))


_held: ContextVar[bool] = ContextVar("held", default=False)


@contextlib.contextmanager
def once(con: DuckDBPyConnection, streams: Mapping[int, StreamInfo]) -> Iterator[None]:
    """Inside, views stay as they are; at the end they are made anew: with each of many streams is the square of it."""
    held = _held.set(True)
    try:
        yield
    finally:
        _held.reset(held)
    rebuild(con, streams)


def rebuild(con: DuckDBPyConnection, streams: Mapping[int, StreamInfo]) -> None:
    """Make the views anew; needed whenever a stream or a role changes."""
    if _held.get():
        return
    told = _of(streams, StreamKind.OUTCOMES)
    _view(con, "outcomes", map(_outcomes, told))
    by_id = any(stream.column(Role.REQUEST_ID) for stream in told)
    _view(con, "events", (_events(stream, by_id) for stream in _of(streams, StreamKind.REQUESTS)))
    _view(con, "samples", (part for stream in _of(streams, StreamKind.SAMPLES) for part in _samples(stream)))


def _of(streams: Mapping[int, StreamInfo], kind: StreamKind) -> list[StreamInfo]:
    return [stream for stream in streams.values() if stream.kind is kind]


def _view(con: DuckDBPyConnection, name: str, parts: Iterable[str]) -> None:
    con.execute(f"CREATE OR REPLACE VIEW {name} AS {' UNION ALL '.join(parts) or sql(f'store/no_{name}')}")


def _text(stream: StreamInfo, role: Role) -> str:
    column = stream.column(role)
    if column is None:
        return "NULL::VARCHAR"
    text = text_sql(column)
    if role is Role.STATUS and stream.awaits:
        return f"coalesce({text}, CASE WHEN starts_with(_filled, '!') THEN {literal(NO_RESPONSE)} END)"
    return text


def number_sql(stream: StreamInfo, role: Role) -> str:
    """The first column of that role as a canonical DOUBLE, or NULL."""
    column = stream.column(role)
    return "NULL::DOUBLE" if column is None else _canonical(column)


def _canonical(column: ColumnInfo) -> str:
    value = stored_number(column.stored, column.kept)
    return value if column.scale == 1 else f"({value}) * {column.scale!r}"


def _outcomes(stream: StreamInfo) -> str:
    return (f"SELECT {literal(stream.name)} AS stream, {_text(stream, Role.REQUEST_ID)} AS request_id, _ts AS ts, "
            f"_arrived AS arrived, {number_sql(stream, Role.CLICKED)} AS clicked, "
            f"{number_sql(stream, Role.LABEL)} AS label, _file AS file, _record AS record FROM {stream.rows_sql}")


def events_sql(streams: Mapping[int, StreamInfo], more: Callable[[StreamInfo], str]) -> str:
    """What the view `events` selects, with columns of the log behind its own: `more` gives them for each stream as
    they stand in a SELECT, `, "age" AS "log.age"`, the same names for all."""
    by_id = any(stream.column(Role.REQUEST_ID) for stream in _of(streams, StreamKind.OUTCOMES))
    parts = [_events(stream, by_id, more(stream)) for stream in _of(streams, StreamKind.REQUESTS)]
    return " UNION ALL ".join(parts)


def _events(stream: StreamInfo, by_id: bool, more: str = "") -> str:
    failed = failed_sql(stream)
    texts = ", ".join(f"{_text(stream, role)} AS {name}" for name, role in EVENTS)
    own = (f"SELECT {literal(stream.name)} AS stream, _ts AS ts, _arrived AS arrived, {texts}, "
           f"{number_sql(stream, Role.LATENCY)} AS latency_ms, {_text(stream, Role.STATUS)} AS status, "
           f"{f'({failed}) = 1' if failed else 'NULL::BOOLEAN'} AS failed, "
           f"{_text(stream, Role.PREDICTION)} AS prediction, "
           f"{number_sql(stream, Role.SCORE)} AS score, {number_sql(stream, Role.LABEL)} AS label, "
           f"{number_sql(stream, Role.CLICKED)} AS clicked, _file AS file, _record AS record{more} "
           f"FROM {stream.rows_sql}")
    if not by_id or stream.column(Role.REQUEST_ID) is None:
        return own
    return (f"SELECT e.* REPLACE (coalesce(e.label, o.label) AS label, coalesce(e.clicked, o.clicked) AS clicked) "
            f"FROM ({own}) e LEFT JOIN ({sql('store/last_outcomes')}) o "
            f"ON o.request_id = e.request_id AND o.last_ts >= e.ts")


def _samples(stream: StreamInfo) -> list[str]:
    """Long streams name their metric in a column; of wide ones each number is a metric under its own name."""
    named = stream.column(Role.METRIC_NAME)
    kind = _text(stream, Role.METRIC_KIND)
    found = []
    for column in stream.columns:
        if not has_moments(column) or (named is not None and column.role is not Role.METRIC_VALUE):
            continue
        metric = _text(stream, Role.METRIC_NAME) if named is not None else f"{literal(column.stored)}::VARCHAR"
        found.append(f"SELECT {literal(stream.name)} AS stream, {_text(stream, Role.HOST)} AS host, "
                     f"{metric} AS metric, _ts AS ts, {_canonical(column)} AS value, {kind} AS kind, "
                     f"{number_sql(stream, Role.METRIC_INCREASE)} AS increase, _file AS file, "
                     f"_record AS record FROM {stream.rows_sql}")
    return found



"""Requests with what was answered and what came true, row by row: for tests that rollups cannot make.

An outcome that stands in the row itself counts before one of another stream. Of several outcomes of a request id the
last one counts, for each request of that id that is not after it, as in the view `events`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from console.roles import ColumnType, Role, StreamKind
from console.store import catalog
from console.store.casting import stored_number
from console.store.derived import Answer, Truth, answer_of, text_sql, truth_of, waited_sql
from console.store.expressions import Compiled
from console.store.grid import plain
from console.store.model import AnsweredRows, ColumnInfo, StreamInfo
from console.store.names import ROW_NUMBER, literal, quoted
from console.store.values import within
from console.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NOT = "\0not "
"""Before a model version: all others. No text of a log begins so."""
OUTCOME_ROLES = (Role.LABEL, Role.CLICKED, Role.CHURNED)
"""What counts as the outcome, the first that there is."""


def outcome_column(stream: StreamInfo, streams: Mapping[int, StreamInfo]) -> ColumnInfo | None:
    """The column that says what came true for requests of a stream: its own, else one of a stream that joins it."""
    for place in (stream, *_joined(stream, streams)):
        for role in OUTCOME_ROLES:
            column = place.column(role)
            if column is not None:
                return column
    return None


def answered_rows(con: DuckDBPyConnection, streams: Mapping[int, StreamInfo], stream: StreamInfo,
                  window: Window | None, each: int, version: str | None, columns: Sequence[ColumnInfo] = (),
                  expression: Compiled | None = None) -> AnsweredRows:
    """See Workspace.answered_rows."""
    answer, truth = answer_of(stream), _truth(stream)
    by_id = stream.column(Role.REQUEST_ID)
    told = [] if truth.value or truth.word else _joined(stream, streams)
    waited = waited_sql(stream)
    own_told = "NULL::DOUBLE" if waited is None else f"epoch_us(_ts) / 1e6 + ({waited})"
    where = within(window)
    for condition in ([f"{ROW_NUMBER} % {each} = 0"] if each > 1 else []) + version_is(stream, version):
        where += f" {'AND' if where else 'WHERE'} {condition}"
    key = f"{quoted(by_id.stored)}::VARCHAR" if by_id is not None else "NULL::VARCHAR"
    cells = "".join(f", {cell_sql(stream, column)} AS v{number}" for number, column in enumerate(columns))
    if expression is not None:
        inner = ", ".join(f"{quoted(stored)} AS {quoted(f'u{number}')}"
                          for number, stored in enumerate(expression.columns)) or "1 AS nothing"
        cells += f", (SELECT TRY_CAST(TRY({expression.sql}) AS DOUBLE) FROM (SELECT {inner})) AS x"
    more = "".join(f", v{number}" for number in range(len(columns))) + (", x" if expression is not None else "")
    own = (f"SELECT _ts AS ts, {key} AS id, {_answer_sql(answer)}, {_truth_sql(truth)}, {own_told} AS told{cells} "
           f"FROM {stream.rows_sql}{where}")
    if not told:
        query = f"SELECT epoch_us(ts) / 1e6 AS t, told, score, choice, word, truth, true_word{more} FROM ({own})"
    else:
        start = "" if window is None else \
            f" AND (_ts IS NULL OR _ts >= make_timestamp({round(window.start_s * 1e6)}))"
        said = " UNION ALL ".join(_outcomes_sql(one, start) for one in told)
        query = ("SELECT epoch_us(e.ts) / 1e6 AS t, epoch_us(o.ots) / 1e6 AS told, score, choice, word, "
                 f"o.truth, o.true_word{more} "
                 f"FROM ({own}) e LEFT JOIN (SELECT id, arg_max(truth, last) AS truth, "
                 "arg_max(true_word, last) AS true_word, max(ots) AS ots, max(last) AS until "
                 f"FROM (SELECT *, coalesce(ots, TIMESTAMP '2200-01-01') AS last FROM ({said})) GROUP BY id) o "
                 "ON o.id = e.id AND o.until >= e.ts")
    found = con.execute(f"{query} ORDER BY t").fetchnumpy()
    at_s, told_s, score, choice, true = (plain(found[name], np.nan) for name in ("t", "told", "score", "choice",
                                                                                  "truth"))
    read = {column.name: texts_of(found[f"v{number}"]) if column.type is ColumnType.TEXT
            else plain(found[f"v{number}"], np.nan) * (column.scale if column.type is ColumnType.NUMBER else 1.0)
            for number, column in enumerate(columns)}
    return AnsweredRows(at_s, told_s, score, choice, texts_of(found["word"]), true, texts_of(found["true_word"]), read,
                        plain(found["x"], np.nan) if expression is not None else np.full(len(at_s), np.nan))


def cell_sql(stream: StreamInfo, column: ColumnInfo) -> str:
    """A cell as text, or as a number; times in seconds since 1970."""
    if column.type is ColumnType.TEXT:
        return text_sql(column)
    if column.type is ColumnType.TIME:
        return f"epoch_us({catalog.utc_sql(stream, column)}) / 1e6"
    return stored_number(column.stored, column.kept)


def _joined(stream: StreamInfo, streams: Mapping[int, StreamInfo]) -> Sequence[StreamInfo]:
    if stream.kind is StreamKind.REFERENCE or stream.column(Role.REQUEST_ID) is None:
        return []
    return [one for one in streams.values() if one.kind is StreamKind.OUTCOMES
            and one.column(Role.REQUEST_ID) is not None and any(one.column(role) for role in OUTCOME_ROLES)]


def _outcomes_sql(stream: StreamInfo, where: str) -> str:
    by_id = stream.column(Role.REQUEST_ID)
    assert by_id is not None
    key = quoted(by_id.stored)
    return f"SELECT {key}::VARCHAR AS id, _ts AS ots, {_truth_sql(_truth(stream))} FROM {stream.table} " \
           f"WHERE {key} IS NOT NULL{where}"


def _truth(stream: StreamInfo) -> Truth:
    found = truth_of(stream)
    churned = stream.column(Role.CHURNED)
    if found.value or found.word or churned is None:
        return found
    return Truth(stored_number(churned.stored, churned.kept))


def _answer_sql(answer: Answer) -> str:
    return (f"{answer.chance or 'NULL'}::DOUBLE AS score, {answer.choice or 'NULL'}::DOUBLE AS choice, "
            f"{answer.word or 'NULL'}::VARCHAR AS word")


def _truth_sql(truth: Truth) -> str:
    number = "NULL" if truth.classes else truth.value or "NULL"
    return f"{number}::DOUBLE AS truth, {truth.word or 'NULL'}::VARCHAR AS true_word"


def version_is(stream: StreamInfo, version: str | None) -> list[str]:
    """Conditions for the rows of one model version; behind NOT for those of all others; none for all."""
    column = stream.column(Role.MODEL_VERSION)
    if version is None:
        return []
    if column is None:
        return ["false"]
    if version.startswith(NOT):
        return [f"{text_sql(column)} IS DISTINCT FROM {literal(version.removeprefix(NOT))}"]
    return [f"{text_sql(column)} = {literal(version)}"]


def texts_of(cells: Any) -> Any:
    """A fetched column of texts, None where there is none."""
    masked = np.ma.asarray(cells)
    found = np.array(masked.data, dtype=object)
    found[np.ma.getmaskarray(masked)] = None
    return found

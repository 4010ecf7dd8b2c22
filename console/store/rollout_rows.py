"""The requests of a log as arrays, for replays of rollouts: one query, in the order of arrival.

A request counts by the arrival time that the log itself tells, else by its own time: when this program happened to read
a row says nothing about yesterday's traffic. An outcome counts from its own time on; one without a time is known with
its request.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from console.roles import Role, StreamKind
from console.store.catalog import utc_sql
from console.store.derived import Answer, Truth, answer_of, failed_sql, quality_sql, text_sql, truth_of
from console.store.queries import sql
from console.store.views import events_sql, number_sql
from console.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from console.store.model import StreamInfo

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RolloutRows:
    """shape (rows,) each; a column that the log does not have is None, NaN is not known.

    at          seconds since 1970, rising
    user        place in `users`, -1: none
    key         a number that stays with the request
    arm         0: `stable`, 1: `candidate`, -1: another version
    clicked_at, label_at    when they were told, seconds since 1970; -inf: with the request
    shadow_*    of the shadow's answer
    """

    at: Floats
    user: NDArray[np.int32]
    users: NDArray[np.object_]
    key: NDArray[np.uint64]
    arm: NDArray[np.int8]
    columns: dict[str, Floats]

    def get(self, name: str) -> Floats | None:
        """A column, where the log has it."""
        return self.columns.get(name)


def versions(con: DuckDBPyConnection, streams: Mapping[int, StreamInfo],
             window: Window | None) -> list[tuple[str, int, float, float]]:
    """(version, requests, first and last in seconds since 1970), by their first request. Outcomes are not joined."""
    parts = [f"SELECT _ts AS ts, {text_sql(column)} AS version FROM {stream.rows_sql}" for stream in streams.values()
             if stream.kind is StreamKind.REQUESTS and (column := stream.column(Role.MODEL_VERSION)) is not None]
    if not parts:
        return []
    where, values = _within(window)
    return [(str(row[0]), int(row[1]), float(row[2]), float(row[3])) for row in con.execute(
        f"SELECT version, count(*), min(epoch(ts)), max(epoch(ts)) FROM ({' UNION ALL '.join(parts)}) "
        f"WHERE version IS NOT NULL AND {where} GROUP BY 1 ORDER BY 3, 1", values).fetchall()]


def read(con: DuckDBPyConnection, streams: Mapping[int, StreamInfo], window: Window | None, *, stable: str,
         candidate: str, wanted: Collection[str] | None = None) -> RolloutRows | None:
    """Requests of the log; None where it has none.

    stable, candidate   names of versions, "" for a log of one
    wanted              of the columns; None: all. Ten million rows of one take 80 MB
    """
    query, columns = _query(streams, wanted)
    if not query:
        return None
    where, values = _within(window)
    table: Any = con.sql(f"SELECT * FROM ({query}) WHERE {where}",
                         params={**values, "stable": stable, "candidate": candidate}).to_arrow_table()
    if not table.num_rows:
        return None

    def numbers(name: str) -> NDArray[Any]:
        return np.asarray(table[name].combine_chunks().to_numpy(zero_copy_only=False))

    at = numbers("at") / 1e6
    order: Any = slice(None) if not len(at) or bool((np.diff(at) >= 0).all()) else np.argsort(at, kind="stable")
    codes = table["user_id"].combine_chunks().dictionary_encode()
    user = codes.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    users = np.asarray(codes.dictionary.to_numpy(zero_copy_only=False), dtype=object)
    return RolloutRows(at[order], user[order], users, numbers("key").astype(np.uint64, copy=False)[order],
                       numbers("arm").astype(np.int8, copy=False)[order],
                       {name: numbers(name).astype(np.float64, copy=False)[order] for name in columns})


def _within(window: Window | None) -> tuple[str, dict[str, Any]]:
    if window is None:
        return "ts IS NOT NULL", {}
    return "ts >= $first AND ts < $last", {"first": window.start.replace(tzinfo=None),
                                           "last": window.end.replace(tzinfo=None)}


def _query(streams: Mapping[int, StreamInfo], wanted: Collection[str] | None) -> tuple[str, Sequence[str]]:
    """The SELECT, and the names of those of its columns that the log has."""
    requests = {number: stream for number, stream in streams.items() if stream.kind is StreamKind.REQUESTS}
    if not requests:
        return "", ()
    told = [stream for stream in streams.values() if stream.kind is StreamKind.OUTCOMES]

    def has(*roles: Role, beside: bool = True) -> bool:
        among = [*requests.values(), *(told if beside else ())]
        return any(stream.column(role) is not None for stream in among for role in roles)

    by_score = not has(Role.PREDICTION, beside=False)
    answer = "score" if by_score else "prediction"
    answers = has(Role.SCORE, Role.PREDICTION, beside=False)
    available = {
        "failed": any(_fails(stream) for stream in requests.values()), "latency_ms": has(Role.LATENCY, beside=False),
        "score": answers, "empty": answers,
        "clicked": has(Role.CLICKED), "clicked_at": has(Role.CLICKED),
        "wrong": has(Role.LABEL) and answers, "wrong_at": has(Role.LABEL),
        "probability": has(Role.ARM_PROBABILITY, beside=False),
        "shadow_score": has(Role.SHADOW_PREDICTION, beside=False),
        "shadow_empty": has(Role.SHADOW_PREDICTION, beside=False),
        "shadow_wrong": has(Role.SHADOW_PREDICTION, beside=False) and has(Role.LABEL)}
    words = any(_classes(stream) for stream in (*requests.values(), *told))
    labelled = [stream for stream in told if stream.column(Role.LABEL) and stream.column(Role.REQUEST_ID)
                and words and (wanted is None or {"wrong", "shadow_wrong"} & set(wanted))]
    inner = events_sql(requests, partial(_more, words=words))
    if any(stream.column(Role.REQUEST_ID) is not None for stream in told):
        inner = (f"SELECT e.* REPLACE (coalesce(e.label, o.label) AS label, coalesce(e.clicked, o.clicked) AS clicked, "
                 f"coalesce(e.told_us, epoch_us(o.last_ts)) AS told_us) FROM ({inner}) e LEFT JOIN "
                 f"({sql('store/last_outcomes')}) o ON o.request_id = e.request_id AND o.last_ts >= e.ts")
    if labelled:
        inner = (f"SELECT e.* REPLACE (coalesce(e.truth, o.truth) AS truth) FROM ({inner}) e LEFT JOIN "
                 f"({_last_words(labelled)}) o ON o.request_id = e.request_id AND o.last_ts >= e.ts")
    told_at = "CASE WHEN told_us IS NULL OR told_us >= 7258118400000000 THEN '-infinity'::DOUBLE ELSE told_us / 1e6 END"
    numbers = {
        "failed": "failed::INTEGER", "latency_ms": "latency_ms",
        "score": "coalesce(score, TRY_CAST(prediction AS DOUBLE))", "empty": f"({answer} IS NULL)::INTEGER",
        "clicked": "clicked", "clicked_at": told_at, "wrong": _wrong("choice", "answer", words=words),
        "wrong_at": told_at, "probability": "probability", "shadow_score": "TRY_CAST(shadow AS DOUBLE)",
        "shadow_empty": "(shadow IS NULL)::INTEGER", "shadow_wrong": _wrong("TRY_CAST(shadow AS DOUBLE)", "shadow",
                                                                    words=words)}
    chosen = [name for name, there in available.items() if there and (wanted is None or name in wanted)]
    columns = ", ".join(f"coalesce(({numbers[name]})::DOUBLE, 'nan'::DOUBLE) AS {name}" for name in chosen)
    return (f"SELECT ts, coalesce(arrival_us, epoch_us(ts)) AS at, user_id, "
            f"hash(coalesce(request_id, file || ':' || record::VARCHAR)) AS key, "
            f"(CASE model_version WHEN $candidate THEN 1 WHEN $stable THEN 0 ELSE -1 END)::TINYINT AS arm"
            f"{', ' if columns else ''}{columns} FROM ({inner})"), chosen


def _fails(stream: StreamInfo) -> bool:
    return bool(failed_sql(stream))


def _more(stream: StreamInfo, *, words: bool) -> str:
    shadow, answer, truth = stream.column(Role.SHADOW_PREDICTION), answer_of(stream), truth_of(stream)
    label = truth.word if stream.column(Role.LABEL) is not None else ""
    return (f", {number_sql(stream, Role.ARM_PROBABILITY)} AS probability, "
            f"{_or_null(answer.choice, 'DOUBLE')} AS choice, "
            f"{_or_null(text_sql(shadow) if shadow is not None else '', 'VARCHAR')} AS shadow, "
            f"{_or_null(answer.word, 'VARCHAR')} AS answer, {_or_null(label, 'VARCHAR')} AS truth, "
            f"{_time(stream, Role.OUTCOME_TIME)} AS told_us, {_time(stream, Role.ARRIVAL_TIME)} AS arrival_us")


def _or_null(value: str, kind: str) -> str:
    return f"({value})::{kind}" if value else f"NULL::{kind}"


def _classes(stream: StreamInfo) -> bool:
    """Whether its answers, or its labels, are words."""
    return answer_of(stream).classes or (stream.column(Role.LABEL) is not None and truth_of(stream).classes)


def _wrong(choice: str, answer: str, *, words: bool) -> str:
    """1 where an answer is wrong, as the accuracy on the board has it: another word, or a number on the other side of
    one half. NULL where that cannot be said: of a number that was to be foretold there is a distance only."""
    right = f"({answer} = truth)::INTEGER::DOUBLE" if words else \
        quality_sql(Answer(chance=choice, choice=choice), Truth("label"))["correct"]
    return f"1 - ({right})"


def _last_words(told: Sequence[StreamInfo]) -> str:
    """The last label of each request id as text."""
    parts = " UNION ALL ".join(
        f"SELECT {text_sql(key)} AS request_id, _ts AS ts, {truth_of(stream).word} AS truth FROM {stream.rows_sql}"
        for stream in told if (key := stream.column(Role.REQUEST_ID)) is not None)
    return ("SELECT request_id, arg_max(truth, told) AS truth, max(told) AS last_ts FROM (SELECT request_id, truth, "
            f"coalesce(ts, TIMESTAMP '2200-01-01') AS told FROM ({parts}) WHERE request_id IS NOT NULL AND truth IS "
            "NOT NULL) GROUP BY request_id")


def _time(stream: StreamInfo, role: Role) -> str:
    column = stream.column(role)
    return "NULL::BIGINT" if column is None else f"epoch_us({utc_sql(stream, column)})"


def wrong_share(con: DuckDBPyConnection, streams: Mapping[int, StreamInfo]) -> float | None:
    """Of the requests whose answer can be held against a label; None where there is none."""
    query, columns = _query(streams, ("wrong",))
    if "wrong" not in columns:
        return None
    row = con.execute(f"SELECT avg(nullif(wrong, 'nan'::DOUBLE)) FROM ({query})",
                      {"stable": "", "candidate": ""}).fetchone()
    return row[0] if row is not None else None


__all__ = ["RolloutRows", "read", "versions", "wrong_share"]

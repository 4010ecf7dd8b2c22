"""Which request an outcome goes to, in SQL, and what is counted of the two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from console.roles import Role, StreamKind
from console.store.asking import one
from console.store.casting import stored_number
from console.store.derived import QUALITIES, Answer, Truth, answer_of, quality_sql, truth_of
from console.store.model import StreamInfo
from console.store.names import quoted
from console.store.rollups import KEYS, USABLE, key_sql
from console.store.splits import Split

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROLES = {"clicked": Role.CLICKED, "label": Role.LABEL, "churned": Role.CHURNED}
NAMES = (*ROLES, *QUALITIES)
"""What is counted of an outcome: what it says itself, and how good the answer of its request was."""

FIELDS = ("n", *(f"{part}_{name}" for name in NAMES for part in ("n", "sum", "sq", "min", "max")))
"""Of `rollup_outcomes`."""

SOON_S = 3600
"""Most outcomes come within so many seconds of their request."""

MERGED = "sum(n) AS n, " + ", ".join(
    f"sum(n_{name}) AS n_{name}, sum(sum_{name}) AS sum_{name}, sum(sq_{name}) AS sq_{name}, "
    f"min(min_{name}) AS min_{name}, max(max_{name}) AS max_{name}" for name in NAMES)


def sides(streams: Mapping[int, StreamInfo]) -> tuple[list[StreamInfo], list[StreamInfo]]:
    """Streams whose rows can meet."""
    with_id = [stream for stream in streams.values() if stream.column(Role.REQUEST_ID) is not None]
    return ([stream for stream in with_id if stream.kind is StreamKind.REQUESTS],
            [stream for stream in with_id if stream.kind is StreamKind.OUTCOMES])


def requests_sql(requests: list[StreamInfo], where: str = "true", split: Split | None = None) -> str:
    """id, ts, stream, series keys and answers of requests; `where` may speak of `_ts`."""
    return " UNION ALL ".join(
        f"SELECT {id_of(stream)} AS id, _ts AS ts, {stream.stream_id} AS stream, {', '.join(key_sql(stream))}, "
        f"{answer_sql(answer_of(stream))}{f', {split.sql(stream)} AS split' if split else ''} "
        f"FROM {stream.rows_sql} WHERE {id_of(stream)} IS NOT NULL AND {USABLE} AND {where}" for stream in requests)


def answer_sql(answer: Answer) -> str:
    return (f"{answer.chance or 'NULL'}::DOUBLE AS chance, {answer.choice or 'NULL'}::DOUBLE AS choice, "
            f"{answer.word if answer.word else 'NULL'}::VARCHAR AS word, {answer.classes} AS of_words")


def truth_sql(truth: Truth) -> str:
    return (f"{truth.value or 'NULL'}::DOUBLE AS truth, {truth.word or 'NULL'}::VARCHAR AS true_word, "
            f"{truth.classes} AS true_words, {bool(truth.word)} AS labelled")


def outcomes_sql(told: list[StreamInfo], where: str = "true") -> str:
    """id, ots, the numbers, and a key of the row; `where` may speak of `_ts`."""
    return " UNION ALL ".join(
        f"SELECT {id_of(stream)} AS id, _ts AS ots, "
        f"{', '.join(f'{number_of(stream, role)} AS {name}' for name, role in ROLES.items())}, "
        f"{truth_sql(truth_of(stream))}, rowid * 1000 + {stream.stream_id % 1000} AS o "
        f"FROM {stream.table} WHERE {id_of(stream)} IS NOT NULL AND {where}" for stream in told)


def id_of(stream: StreamInfo) -> str:
    column = stream.column(Role.REQUEST_ID)
    assert column is not None
    return f"{quoted(column.stored)}::VARCHAR"


def number_of(stream: StreamInfo, role: Role) -> str:
    column = stream.column(role)
    return "NULL::DOUBLE" if column is None else stored_number(column.stored, column.kept)


def quality(requests: list[StreamInfo], told: list[StreamInfo]) -> dict[str, str]:
    """How good an answer was, over the columns of both sides. Words are only held against each other where some stream
    has them: texts of ten million numbers are made in vain."""
    answers, truths = [answer_of(stream) for stream in requests], [truth_of(stream) for stream in told]
    found = dict.fromkeys(QUALITIES, "NULL::DOUBLE")
    if not any(one.value or one.word for one in truths) or not any(one.chance or one.word for one in answers):
        return found
    found |= quality_sql(Answer("chance", "choice"), Truth("truth"))
    if any(one.classes for one in answers) or any(one.classes for one in truths):
        words, named = "(of_words OR true_words)", "(of_words OR true_words) AND labelled"
        found = {name: f"CASE WHEN NOT ({named}) THEN {value} END" for name, value in found.items()}
        found["correct"] = (f"CASE WHEN {words} THEN (word = true_word)::INTEGER::DOUBLE "
                            f"ELSE {found['correct']} END")
    return found


def sums_sql(grid_or_bucket: str) -> str:
    """SELECT list over `_pairs`."""
    parts = ", ".join(f"count({name}) AS n_{name}, sum({name}) AS sum_{name}, sum({name} * {name}) AS sq_{name}, "
                      f"min({name}) AS min_{name}, max({name}) AS max_{name}" for name in NAMES)
    return f"{grid_or_bucket}, stream, {', '.join(KEYS)}, count(*) AS n, {parts}"


def pair(con: DuckDBPyConnection, requests: list[StreamInfo], told: list[StreamInfo], outcomes: str, asked: str, *,
         split: bool = False) -> None:
    """Fill `_pairs` with each outcome and the latest of these requests that has its id and is not after it.

    outcomes, asked  as `outcomes_sql` and `requests_sql` give them
    split            requests have the column `split`, which is carried along
    """
    keys = ["ts", "stream", *KEYS, *(["split"] if split else [])]
    said = ["id", "ots", *ROLES]
    worth = [f"{value} AS {name}" for name, value in quality(requests, told).items()]
    con.execute(f"CREATE OR REPLACE TEMP TABLE _pairs AS SELECT o, o.{', o.'.join(said)}, {', '.join([*keys, *worth])} "
                f"FROM ({outcomes}) o JOIN ({asked}) r "
                "ON r.id = o.id AND (o.ots IS NULL OR r.ts <= o.ots)")
    if one(con, "SELECT count(*) > count(DISTINCT o) FROM _pairs")[0]:
        # max over the whole struct, so that two requests at the same instant are told apart the same way every time
        struct = ", ".join(f"{name} := {name}" for name in (*keys, *QUALITIES))
        firsts = ", ".join(f"any_value({name}) AS {name}" for name in said)
        con.execute(f"CREATE OR REPLACE TEMP TABLE _pairs AS SELECT o, {', '.join(said)}, unnest(latest) FROM "
                    f"(SELECT o, {firsts}, max(struct_pack({struct})) AS latest FROM _pairs GROUP BY o)")

"""Rehearsals of rollouts that were kept, and their audit logs line by line. Nothing is ever changed in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.store.asking import one

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class KeptRollout:
    """One replay, or one what-if. Times in microseconds since 1970, log time but for made_us.

    kind        replay | what-if
    plan_text   the plan as TOML
    ending      as the state machine names it; "" where it was not over, and of a what-if
    result      JSON: of a replay the blast radius, of a what-if the table
    """

    made_us: int
    kind: str
    plan: str
    plan_text: str
    source: str
    split: str
    seed: int
    stable: str
    candidate: str
    first_us: int
    last_us: int
    ending: str
    ended_us: int | None
    requests: int | None
    users: int | None
    excess_errors: float | None
    clicks_lost: float | None
    result: str


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """A line of an audit log; changes is a JSON object."""

    number: int
    at_us: int
    who: str
    what: str
    sentence: str
    changes: str


def keep(con: DuckDBPyConnection, kept: KeptRollout, events: Sequence[KeptEvent]) -> int:
    """Its number."""
    (number,) = one(con, "SELECT coalesce(max(rollout_id), 0) + 1 FROM rollouts")
    con.execute("INSERT INTO rollouts VALUES ($1, make_timestamp($2), $3, $4, $5, $6, $7, $8, $9, $10, "
                "make_timestamp($11), make_timestamp($12), $13, make_timestamp($14), $15, $16, $17, $18, $19)",
                [number, kept.made_us, kept.kind, kept.plan, kept.plan_text, kept.source, kept.split, kept.seed,
                 kept.stable, kept.candidate, kept.first_us, kept.last_us, kept.ending, kept.ended_us, kept.requests,
                 kept.users, kept.excess_errors, kept.clicks_lost, kept.result])
    if events:
        con.executemany("INSERT INTO rollout_events VALUES ($1, $2, make_timestamp($3), $4, $5, $6, $7)",
                        [[number, each.number, each.at_us, each.who, each.what, each.sentence, each.changes]
                         for each in events])
    return int(number)


def kept(con: DuckDBPyConnection) -> list[tuple[int, KeptRollout]]:
    """All of them with their numbers, the latest first."""
    return [(int(row[0]), KeptRollout(*row[1:])) for row in con.execute(
        "SELECT rollout_id, epoch_us(made), kind, plan, plan_text, source, split, seed, stable, candidate, "
        "epoch_us(first_ts), epoch_us(last_ts), ending, epoch_us(ended_ts), requests, users, excess_errors, "
        "clicks_lost, result FROM rollouts ORDER BY rollout_id DESC").fetchall()]


def events(con: DuckDBPyConnection, rollout_id: int) -> list[KeptEvent]:
    """The audit log of one, in order."""
    return [KeptEvent(*row) for row in con.execute(
        "SELECT number, epoch_us(ts), who, what, sentence, changes FROM rollout_events WHERE rollout_id = ? "
        "ORDER BY number", [rollout_id]).fetchall()]

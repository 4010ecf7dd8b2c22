"""Alarms as they were judged, and what people said of them. Labels are JSON, times microseconds since 1970."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.store.asking import one

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One time that a rule fired; last_us is None while it does."""

    rule: str
    labels: str
    severity: str
    pending_us: int
    first_us: int
    last_us: int | None
    peak: float
    value: float
    ended: str


@dataclass(frozen=True, slots=True)
class StateRow:
    """A stretch in which a rule (`whole`) or one of its alarms was in a state."""

    rule: str
    labels: str
    whole: bool
    state: str
    first_us: int
    last_us: int | None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Somebody has seen the alarm that began to fire then."""

    rule: str
    labels: str
    first_us: int
    note: str
    made_us: int


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody is to be called for this from then to then. rule "": all rules; labels "": all its alarms."""

    silence_id: int
    rule: str
    labels: str
    first_us: int
    last_us: int
    reason: str
    made_us: int


def save(con: DuckDBPyConnection, alarms: Sequence[AlarmRow], states: Sequence[StateRow], judged_us: int) -> None:
    """In place of what was there."""
    con.execute("DELETE FROM alarms")
    con.execute("DELETE FROM alarm_states")
    if alarms:
        con.execute(
            "INSERT INTO alarms SELECT rule, labels, severity, make_timestamp(pending), make_timestamp(first), "
            "make_timestamp(last), peak, value, ended, make_timestamp($10) FROM (SELECT unnest($1) AS rule, "
            "unnest($2) AS labels, unnest($3) AS severity, unnest($4) AS pending, unnest($5) AS first, "
            "unnest($6::BIGINT[]) AS last, unnest($7::DOUBLE[]) AS peak, unnest($8::DOUBLE[]) AS value, "
            "unnest($9) AS ended)",
            [[each.rule for each in alarms], [each.labels for each in alarms], [each.severity for each in alarms],
             [each.pending_us for each in alarms], [each.first_us for each in alarms],
             [each.last_us for each in alarms], [each.peak for each in alarms], [each.value for each in alarms],
             [each.ended for each in alarms], judged_us])
    if states:
        con.execute(
            "INSERT INTO alarm_states SELECT rule, labels, whole, state, make_timestamp(first), make_timestamp(last) "
            "FROM (SELECT unnest($1) AS rule, unnest($2) AS labels, unnest($3) AS whole, unnest($4) AS state, "
            "unnest($5) AS first, unnest($6::BIGINT[]) AS last)",
            [[each.rule for each in states], [each.labels for each in states], [each.whole for each in states],
             [each.state for each in states], [each.first_us for each in states], [each.last_us for each in states]])


def saved(con: DuckDBPyConnection) -> list[AlarmRow]:
    """As they were judged last, in order."""
    return [AlarmRow(*row) for row in con.execute(
        "SELECT rule, labels, severity, epoch_us(pending_ts), epoch_us(first_ts), epoch_us(last_ts), peak, value, "
        "ended FROM alarms ORDER BY first_ts, rule, labels").fetchall()]


def acknowledge(con: DuckDBPyConnection, ack: Acknowledged) -> None:
    """In place of an earlier word on the same one."""
    con.execute("DELETE FROM alarm_acks WHERE rule = $1 AND labels = $2 AND first_ts = make_timestamp($3)",
                [ack.rule, ack.labels, ack.first_us])
    con.execute("INSERT INTO alarm_acks VALUES ($1, $2, make_timestamp($3), $4, make_timestamp($5))",
                [ack.rule, ack.labels, ack.first_us, ack.note, ack.made_us])


def acknowledged(con: DuckDBPyConnection) -> list[Acknowledged]:
    """All of them."""
    return [Acknowledged(*row) for row in con.execute(
        "SELECT rule, labels, epoch_us(first_ts), note, epoch_us(made) FROM alarm_acks").fetchall()]


def silence(con: DuckDBPyConnection, said: Silence) -> int:
    """Its number; the one that it brings is not looked at."""
    (number,) = one(con, "SELECT coalesce(max(silence_id), 0) + 1 FROM silences")
    con.execute("INSERT INTO silences VALUES ($1, $2, $3, make_timestamp($4), make_timestamp($5), $6, "
                "make_timestamp($7))", [number, said.rule, said.labels, said.first_us, said.last_us, said.reason,
                                        said.made_us])
    return int(number)


def silences(con: DuckDBPyConnection) -> list[Silence]:
    """All of them, those that have ended too."""
    return [Silence(*row) for row in con.execute(
        "SELECT silence_id, rule, labels, epoch_us(first_ts), epoch_us(last_ts), reason, epoch_us(made) "
        "FROM silences ORDER BY silence_id").fetchall()]


def end_silence(con: DuckDBPyConnection, silence_id: int, at_us: int) -> None:
    """It ends then, if it had not; it stays in the list."""
    con.execute("UPDATE silences SET last_ts = greatest(first_ts, least(last_ts, make_timestamp($2))) "
                "WHERE silence_id = $1", [silence_id, at_us])

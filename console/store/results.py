"""Results kept as they were seen: runs of advice, and what incidents have attached. What they say is the session's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMNS = ("result_id, epoch_us(made), kind, epoch_us(at_ts), epoch_us(first_ts), epoch_us(last_ts), title, sentence, "
           "command, form")


@dataclass(frozen=True, slots=True)
class KeptResult:
    """One of them. Times in microseconds since 1970, log time but for made_us.

    at_us            the moment that it is about; None for none
    first_us, last_us    the time that it looked at
    form             how `content` is written; content is empty in lists
    """

    result_id: str
    made_us: int
    kind: str
    at_us: int | None
    first_us: int | None
    last_us: int | None
    title: str
    sentence: str
    command: str
    form: int
    content: bytes = b""


def keep(con: DuckDBPyConnection, kept: KeptResult) -> None:
    """In place of one of the same command that no incident ever had: who asks again wants the newer answer."""
    con.execute("DELETE FROM results WHERE command = $1 AND kind = $2 AND NOT EXISTS (SELECT 1 FROM incident_edits "
                "WHERE contains(incident, result_id))", [kept.command, kept.kind])
    con.execute("INSERT INTO results VALUES ($1, make_timestamp($2), $3, make_timestamp($4), make_timestamp($5), "
                "make_timestamp($6), $7, $8, $9, $10, $11)",
                [kept.result_id, kept.made_us, kept.kind, kept.at_us, kept.first_us, kept.last_us, kept.title,
                 kept.sentence, kept.command, kept.form, kept.content])


def all_of(con: DuckDBPyConnection, kind: str) -> list[KeptResult]:
    """The latest first; "" for all kinds."""
    return [KeptResult(*row) for row in con.execute(
        f"SELECT {COLUMNS} FROM results WHERE $1 IN ('', kind) ORDER BY made DESC, result_id", [kind]).fetchall()]


def read(con: DuckDBPyConnection, result_id: str) -> KeptResult | None:
    """One, with its content."""
    found = con.execute(f"SELECT {COLUMNS}, content FROM results WHERE result_id = ?", [result_id]).fetchall()
    return replace(KeptResult(*found[0][:-1]), content=bytes(found[0][-1])) if found else None

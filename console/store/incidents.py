"""Incidents as the session writes them: JSON by id. `incidents` has them as they are now, `incident_edits` all that was
done to them, in order: nothing is ever taken out of it, and undoing is a line of it too. `incident_snapshots` has their
charts and drift results as they were, one for each pair of windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.store.asking import one

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing that was done. did: create | edit | look | undo | redo | delete | restore

    incident  as it was afterwards; None: it is gone
    """

    number: int
    made_us: int
    did: str
    incident: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """An incident as it is written: what is asked for in SQL stands in columns of its own beside the whole."""

    incident_id: str
    title: str
    status: str
    severity: str
    first_us: int
    last_us: int
    incident: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """What was counted about an incident in its windows. Times in microseconds since 1970.

    form  how `content` is written
    """

    incident_id: str
    made_us: int
    windows_us: tuple[int, int, int, int]       # start and end of the incident, start and end of its reference
    form: int
    content: bytes


def save(con: DuckDBPyConnection, kept: Kept, did: str, made_us: int) -> None:
    """In place of what was there under that id."""
    con.execute("DELETE FROM incidents WHERE incident_id = ?", [kept.incident_id])
    con.execute("INSERT INTO incidents VALUES ($1, $2, $3, $4, $5, make_timestamp($6), make_timestamp($7))",
                [kept.incident_id, kept.incident, kept.title, kept.status, kept.severity, kept.first_us, kept.last_us])
    _note(con, kept.incident_id, did, kept.incident, made_us)


def all_of(con: DuckDBPyConnection) -> list[str]:
    """By id."""
    return [row[0] for row in con.execute("SELECT incident FROM incidents ORDER BY incident_id").fetchall()]


def read(con: DuckDBPyConnection, incident_id: str) -> str | None:
    """One of them."""
    found = con.execute("SELECT incident FROM incidents WHERE incident_id = ?", [incident_id]).fetchall()
    return str(found[0][0]) if found else None


def delete(con: DuckDBPyConnection, incident_id: str, made_us: int) -> None:
    """Nothing happens when there is none."""
    if read(con, incident_id) is not None:
        con.execute("DELETE FROM incidents WHERE incident_id = ?", [incident_id])
        _note(con, incident_id, "delete", None, made_us)


def edits(con: DuckDBPyConnection, incident_id: str) -> list[Edit]:
    """All that was done to one, in order."""
    return [Edit(*row) for row in con.execute(
        "SELECT number, epoch_us(made), did, incident FROM incident_edits WHERE incident_id = ? ORDER BY number",
        [incident_id]).fetchall()]


def last_deleted(con: DuckDBPyConnection) -> str | None:
    """The id of the one that was taken out last and is not back."""
    found = con.execute("SELECT incident_id FROM incident_edits WHERE did = 'delete' AND incident_id NOT IN "
                        "(SELECT incident_id FROM incidents) ORDER BY made DESC, number DESC LIMIT 1").fetchall()
    return str(found[0][0]) if found else None


def freeze(con: DuckDBPyConnection, frozen: Frozen) -> None:
    """Keep it, unless something is kept for the same windows."""
    if frozen_of(con, frozen.incident_id, frozen.windows_us) is None:
        times = ", ".join(f"make_timestamp(${place})" for place in range(2, 7))
        con.execute(f"INSERT INTO incident_snapshots VALUES ($1, {times}, $7, $8)",
                    [frozen.incident_id, frozen.made_us, *frozen.windows_us, frozen.form, frozen.content])


def frozen_of(con: DuckDBPyConnection, incident_id: str, windows_us: tuple[int, int, int, int]) -> Frozen | None:
    """What is kept for these windows."""
    found = con.execute(
        "SELECT epoch_us(made), form, content FROM incident_snapshots WHERE incident_id = ? AND epoch_us(first_ts) = ? "
        "AND epoch_us(last_ts) = ? AND epoch_us(reference_first) = ? AND epoch_us(reference_last) = ?",
        [incident_id, *windows_us]).fetchall()
    return Frozen(incident_id, found[0][0], windows_us, found[0][1], bytes(found[0][2])) if found else None


def _note(con: DuckDBPyConnection, incident_id: str, did: str, incident: str | None, made_us: int) -> None:
    (number,) = one(con, "SELECT coalesce(max(number), 0) + 1 FROM incident_edits")
    con.execute("INSERT INTO incident_edits VALUES ($1, $2, make_timestamp($3), $4, $5)",
                [incident_id, number, made_us, did, incident])

"""Incidents as the session writes them: JSON by id."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def save(con: DuckDBPyConnection, incident: str, incident_id: str) -> None:
    """In place of what was there under that id."""
    delete(con, incident_id)
    con.execute("INSERT INTO incidents VALUES (?, ?)", [incident_id, incident])


def all_of(con: DuckDBPyConnection) -> list[str]:
    """By id."""
    return [row[0] for row in con.execute("SELECT incident FROM incidents ORDER BY incident_id").fetchall()]


def delete(con: DuckDBPyConnection, incident_id: str) -> None:
    """Nothing happens when there is none."""
    con.execute("DELETE FROM incidents WHERE incident_id = ?", [incident_id])

"""Queries by name: `sql("store/schema")` is the text of `resources/sql/store/schema.sql`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def sql(name: str) -> str:
    """The text of a query that ships with the program. What is made from lists of columns is not here."""
    return (files("resources") / "sql" / f"{name}.sql").read_text(encoding="utf-8")

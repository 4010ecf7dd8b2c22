"""Text from logs on its way into SQL: as a name, as a value, never as code."""

from __future__ import annotations

FINEST_S = 10
"""Seconds of a dirty bucket, and of the finest level that every log has."""

FAILED = "_failed"
"""The derived column: 1 when the request failed, 0 when it did not, missing when nobody said."""

FAILED_NUMBER = 0
"""Its number in rollups; columns of the log begin at 1."""

ROW_NUMBER = "_record"

MORE = "_more"
"""In `_misfit`: cells of fields for which the stream has no column, by the name of the field."""

NO_RESPONSE = "no response"
"""The status of a request whose response did not come."""


def quoted(name: str) -> str:
    """A name as an SQL identifier, whatever it holds."""
    return '"' + name.replace('"', '""').replace("\0", "") + '"'


def literal(text: str) -> str:
    """A text as an SQL value, whatever it holds."""
    return "'" + text.replace("'", "''").replace("\0", "") + "'"

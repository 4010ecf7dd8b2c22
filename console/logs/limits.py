"""What is too much: beyond, a part of a log is kept aside or refused, with the limit named."""

from __future__ import annotations

MOST_COLUMNS = 1000
"""Of one stream. A table that has more is refused; keys of JSON lines beyond are kept as text beside their row."""

TOO_WIDE = (f"It has {{count:,}} columns; at most {MOST_COLUMNS:,} are read. Leave out those that nobody looks at, or "
            "write long vectors as one JSON field")

MOST_EXPANSION = 1000
"""Bytes that one byte of a compressed file may unpack to, once ..."""

FREE_EXPANSION = 1 << 30
"""... so many have come out: real logs pack to a tenth or a thirtieth."""

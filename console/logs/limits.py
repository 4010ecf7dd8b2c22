"""What is too much: beyond, a part of a log is kept aside or refused, with the limit named."""

from __future__ import annotations

MOST_COLUMNS = 1000
"""Of one stream. A table that has more is refused; keys of JSON lines beyond are kept as text beside their row."""

TOO_WIDE = (f"It has {{count:,}} columns; at most {MOST_COLUMNS:,} are read. Leave out those that nobody looks at, or "
            "write long vectors as one JSON field")

MOST_EXPANSION = 1000
"""Bytes that one byte of a compressed file may unpack to, once ..."""

FREE_EXPANSION = 256 << 20
"""... so many have come out: real logs pack to a tenth or a hundredth."""

MOST_BAD, BAD_SHARE = 100_000, 0.9
"""A compressed file is not read on once so many of its records, and more than this share, are bad or blank."""

NO_FURTHER = ("It was read no further: {bad:,} of its first {records:,} records are blank or cannot be read "
              f"(limit of a compressed file: {MOST_BAD:,}, if they are more than {BAD_SHARE:.0%})")

LINES_AT_ONCE = 400_000
"""Cut in one go: a block of empty objects would else take a gigabyte of reasons."""

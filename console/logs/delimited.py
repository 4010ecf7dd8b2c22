"""Tells a table of delimited text from prose: the delimiter, the header, and the first rows."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from console.logs import times
from console.logs.cells import is_missing

DELIMITERS = (",", "\t", ";", "|")

ENOUGH = 0.75
"""The share of rows that must have as many cells as the header: torn lines and comments are few in a real table."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Table:
    """What was found: without a header the columns are named by their place."""

    columns: tuple[str, ...]
    delimiter: str
    has_header: bool
    rows: list[list[str]]
    fit: float


def table(text: str, is_whole: bool, rows: int) -> Table | None:
    """The table that this text is under the delimiter that fits best; None when it is none.

    Lines before the header (comments, a banner) are skipped here; the loader counts them as ignored.
    """
    found = [each for delimiter in DELIMITERS if (each := _under(text, delimiter, is_whole, rows)) is not None]
    return max(found, key=lambda each: (round(each.fit, 1), len(each.columns)), default=None)


def _under(text: str, delimiter: str, is_whole: bool, rows: int) -> Table | None:
    if delimiter not in text:
        return None
    reader = csv.reader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=delimiter)
    records: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        records.extend(islice((record for record in reader if record and any(map(str.strip, record))), rows + 20))
    if not is_whole and len(records) < rows + 20 and len(records) > 2:
        records.pop()      # a quoted newline may have cut it
    records = [record for record in records
               if not record[0].startswith("#") or (len(record) > 1 and _is_header(record))]
    if not records:
        return None
    width = Counter(map(len, records)).most_common(1)[0][0]
    first = next(index for index, record in enumerate(records) if len(record) == width)
    if width < 2 or first > 20:
        return None
    # A header of another width than all rows would be lost by the count of widths: then it is no table.
    body = records[first + 1:]
    fitting = [record for record in body if len(record) == width]
    fit = (len(fitting) + 1) / (len(records) - first)
    if fit < ENOUGH:
        return None
    header = [cell.strip() for cell in records[first]]
    if _is_header(header):
        fitting = [record for record in fitting if [cell.strip() for cell in record] != header]
        return Table(tuple(header), delimiter, True, fitting[:rows], fit)
    if len(records) < 2 or not _is_data(records[first:]):
        return None
    names = tuple(f"column_{place}" for place in range(1, width + 1))
    return Table(names, delimiter, False, [records[first], *fitting][:rows], fit)


def _is_header(cells: list[str]) -> bool:
    """Names, not values: no numbers, no times, hardly a gap, hardly a sentence."""
    named = [cell for cell in cells if cell.strip()]
    values = sum(_NUMBER.fullmatch(cell.strip()) is not None or times.ISO.fullmatch(cell.strip()) is not None
                 for cell in named)
    sentences = sum(cell.count(" ") > 6 or "\n" in cell for cell in named)
    return bool(named) and values == 0 and 2 * sentences < len(named) and 2 * len(named) >= len(cells)


def _is_data(records: list[list[str]]) -> bool:
    """Whether rows without a header still look like a log: some column holds times."""
    for place in range(len(records[0])):
        cells = [record[place].strip() for record in records if len(record) > place and not is_missing(record[place])]
        if cells and times.iso_share(cells) >= 0.9:
            return True
        if cells and all(_NUMBER.fullmatch(cell) for cell in cells) and times.epoch_format([float(c) for c in cells]):
            return True
    return False

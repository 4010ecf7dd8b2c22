"""Arrow's CSV parser, and cells that it may read as numbers at once.

A number is taken from Arrow only where the text would give the very same one later: cells that Arrow cannot read, and
integers that a DOUBLE does not hold exactly, send the block back to be read as text. That saves a third of loading.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

EXACT = 2.0**53
"""Integers from here on may lose digits in a DOUBLE: their text is needed."""

MISSING = ("", "NA", "N/A", "n/a", "na", "#N/A", "<NA>", "NULL", "Null", "null", "None", "none", "nil", "NaN", "nan",
           "NaT", "-", "?", "\\N")
"""Ways of writing that a number is missing; fewer than the store knows, as what is not among them is read as text."""

TEXT, PLAIN, WORDS = 0, 1, 2    # how a block is read: all as text, numbers as such, words for missing ones besides
BLOCK_BYTES = 1 << 20


class ArrowCsv:
    """Parses blocks of one file. What once had to be read as text is from then on, for a file is mostly all alike."""

    def __init__(self, columns: Sequence[str], delimiter: str, numbers: Collection[str]) -> None:
        self._names = [str(position) for position in range(len(columns))]
        self._delimiter = delimiter
        self._numbers = [str(position) for position, name in enumerate(columns) if name in numbers]
        shown = any(_is_no_number(columns[int(position)]) for position in self._numbers)
        self._way = PLAIN if shown else TEXT        # a header that is repeated must not pass for a row of numbers

    def parse(self, block: bytes, *, quoted: bool) -> tuple[pa.Table, list[pa_csv.InvalidRow], bool]:
        """(the rows, those with too many or too few fields, whether numbers were read: then no row is a header)."""
        for way in (PLAIN, WORDS):
            if self._way == way:
                try:
                    table, misshapen = self._parse(block, quoted, way)
                    if are_exact(table, self._numbers):
                        return table, misshapen, True
                except pa.ArrowInvalid:
                    pass
                self._way = WORDS if way == PLAIN else TEXT
        try:
            return *self._parse(block, quoted, TEXT), False
        except pa.ArrowInvalid:         # a line longer than what Arrow looks at in one go
            return *self._parse(block, quoted, TEXT, len(block) + 1), False

    def _parse(self, block: bytes, quoted: bool, way: int,
               size: int = BLOCK_BYTES) -> tuple[pa.Table, list[pa_csv.InvalidRow]]:
        misshapen: list[pa_csv.InvalidRow] = []

        def set_aside(row: pa_csv.InvalidRow) -> str:
            misshapen.append(row)
            return "skip"

        types = dict.fromkeys(self._names, pa.string())
        if way != TEXT:
            types |= dict.fromkeys(self._numbers, pa.float64())
        table = pa_csv.read_csv(
            pa.BufferReader(block),
            read_options=pa_csv.ReadOptions(column_names=self._names, use_threads=False, block_size=size),
            parse_options=pa_csv.ParseOptions(
                delimiter=self._delimiter, quote_char='"' if quoted else False, double_quote=True,
                newlines_in_values=quoted, ignore_empty_lines=True, invalid_row_handler=set_aside),
            convert_options=pa_csv.ConvertOptions(
                column_types=types, strings_can_be_null=way != WORDS, null_values=MISSING if way == WORDS else [""],
                quoted_strings_can_be_null=False, check_utf8=False))
        return table, misshapen


def are_exact(table: pa.Table, columns: Sequence[str]) -> bool:
    """Whether no number in these columns is so large that its text may have had more digits."""
    for name in columns:
        span = pc.min_max(table[name])
        low, high = span["min"].as_py(), span["max"].as_py()
        if low is not None and not (low > -EXACT and high < EXACT):
            return False
    return True


def _is_no_number(name: str) -> bool:
    if name.strip() in MISSING:
        return False
    try:
        float(name)
    except ValueError:
        return True
    return False

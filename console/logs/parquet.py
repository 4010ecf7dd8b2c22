"""Parquet files by row ranges: DuckDB reads them itself, typed, as they cannot grow while they are read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from console.errors import UnreadableLog
from console.roles import ColumnType
from console.store.names import literal

RANGE_ROWS = 2_000_000          # rows of one range; a transaction holds about so many


@dataclass(frozen=True, slots=True)
class Shape:
    """What the footer says. `types` holds, per column, how it is best kept when nobody planned it."""

    rows: int
    names: tuple[str, ...]
    types: tuple[ColumnType, ...]
    schema: str                     # the same for files that may be read in one statement


@dataclass(frozen=True, slots=True)
class Part:
    """Rows [first, end) of a file."""

    first: int
    end: int


def shape_of(path: Path, name: str) -> Shape:
    """Reads the footer; raises UnreadableLog for a file that is damaged."""
    if "\\" in str(path) and pattern_of(path) != str(path):
        raise UnreadableLog("its name cannot be told to the database", where=name,
                            do="Rename it without backslashes, stars, question marks and brackets")
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            rows = count_of(file.metadata)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise UnreadableLog(f"it is no whole Parquet file ({reason})", where=name,
                            do="Copy the file again, or leave it out") from error
    return Shape(rows, tuple(schema.names), tuple(_kind(field.type) for field in schema),
                 str(schema.remove_metadata()))


def count_of(footer: pq.FileMetaData) -> int:
    """Rows of a file. Raises ValueError where the footer contradicts itself: of a file that it calls empty, nothing
    would be missed."""
    counts = [footer.row_group(at).num_rows for at in range(footer.num_row_groups)]
    if footer.num_rows != sum(counts) or min(counts, default=0) < 0:
        raise ValueError(f"its footer speaks of {footer.num_rows:,} rows, and of {sum(counts):,} in its parts")
    return int(footer.num_rows)


def relation(paths: Sequence[Path], shape: Shape) -> str:
    """What stands after FROM to read files of one shape. Columns are named by their place, from 0: one may have no
    name, that of another, or that of the numbers (`file_index`, `file_row_number`) which DuckDB gives beside them.
    """
    names = ", ".join(f'"{place}"' for place in range(len(shape.names)))
    files = ", ".join(literal(pattern_of(path)) for path in paths)
    return f"read_parquet([{files}], hive_partitioning=false) p({names})"


def pattern_of(path: Path) -> str:
    """The path as DuckDB takes it, which reads every path as a pattern: `a[1].parquet` would be `a1.parquet`."""
    return re.sub(r"[\[*?]", r"[\g<0>]", str(path))


def parts(shape: Shape, first: int = 0) -> Iterator[Part]:
    """The ranges of a file from a row on."""
    while first < shape.rows:
        end = min(shape.rows, first + RANGE_ROWS)
        yield Part(first, end)
        first = end


def _kind(type_: pa.DataType) -> ColumnType:
    if pa.types.is_dictionary(type_):
        return _kind(type_.value_type)
    if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
        return ColumnType.TIME
    if pa.types.is_boolean(type_):
        return ColumnType.FLAG
    if pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        return ColumnType.NUMBER
    return ColumnType.TEXT

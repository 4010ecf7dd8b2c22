"""Columns of a file of the user's, brought to rows by a key or by time: a row of the file counts from its time on.

The file is read by DuckDB in memory, apart from the workspace; its path and all names are parameters or quoted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from console.errors import BadSettings
from console.store.answered import texts_of
from console.store.grid import plain
from console.store.model import Floats
from console.store.names import quoted

MOST_COLUMNS = 40
NUMBERS = ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
           "UBIGINT", "FLOAT", "DOUBLE", "DECIMAL")
TIMES = ("TIMESTAMP", "DATE")
READERS = {".csv": "read_csv", ".tsv": "read_csv", ".parquet": "read_parquet", ".pq": "read_parquet"}
PATTERN = "*?["
"""DuckDB would read several files."""


@dataclass(frozen=True, slots=True, eq=False)
class JoinedColumns:
    """Cells for each row that was asked for: numbers (NaN missing) or texts (None missing).

    matched   rows that found a row of the file;  twice: keys that several rows of the file have: the last counts
    left_out  columns that are neither numbers nor texts, or too many
    """

    cells: Mapping[str, Any]
    matched: int
    twice: int
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OuterFile:
    """A file that can be joined: its columns with DuckDB's types."""

    path: Path
    columns: Mapping[str, str]

    def is_time(self, name: str) -> bool:
        """Whether a column is a time."""
        return self.columns[name].startswith(TIMES)


def outer_file(path: Path) -> OuterFile:
    """Look at it. Raises BadSettings."""
    if not path.is_file():
        raise BadSettings("There is no such file to join", where=str(path), do="Check the path")
    if path.suffix.lower() not in READERS or any(mark in str(path) for mark in PATTERN):
        raise BadSettings("This file cannot be joined", where=str(path),
                          do="Give a CSV or Parquet file, with a name without *, ? and [")
    with _connected() as con:
        found = _run(con, path, f"SELECT * FROM {_reader(path)} LIMIT 0").description
    return OuterFile(path, {str(column[0]): str(column[1]) for column in found})


def joined_by_key(file: OuterFile, key: str, keys: Sequence[str | None]) -> JoinedColumns:
    """keys: of each row, as text. Raises BadSettings for a file that cannot be read."""
    key_sql = f"{quoted(key)}::VARCHAR"
    if file.columns[key].startswith(("FLOAT", "DOUBLE", "DECIMAL")):
        key_sql = f"CASE WHEN {quoted(key)} = floor({quoted(key)}) THEN {quoted(key)}::HUGEINT::VARCHAR " \
                  f"ELSE {key_sql} END"
    names, left_out = _wanted(file, key)
    rows = f"SELECT {key_sql} AS k, row_number() OVER () AS n{_cells(file, names)} FROM {_reader(file.path)}"
    query = (f"WITH f AS ({rows}), "
             "here AS (SELECT * FROM f WHERE k IN (SELECT k FROM asked)), "
             "one AS (SELECT * FROM here QUALIFY row_number() OVER (PARTITION BY k ORDER BY n DESC) = 1) "
             "SELECT asked.i, one.k IS NOT NULL AS there, "
             "(SELECT count(*) FROM here) - (SELECT count(*) FROM one) AS twice"
             f"{''.join(f', c{number}' for number in range(len(names)))} "
             "FROM asked LEFT JOIN one ON one.k = asked.k ORDER BY asked.i")
    return _found(file, names, left_out, query, {"k": list(keys)})


def joined_by_time(file: OuterFile, key: str, at_s: Floats) -> JoinedColumns:
    """The last row of the file that is not later than each row. at_s: seconds since 1970. Raises BadSettings."""
    column = quoted(key)
    number = f"{column}::DOUBLE"
    time = f"epoch_us({column}::TIMESTAMP) / 1e6" if file.is_time(key) else \
        f"CASE WHEN abs({number}) > 1e17 THEN {number} / 1e9 WHEN abs({number}) > 1e14 THEN {number} / 1e6 " \
        f"WHEN abs({number}) > 1e11 THEN {number} / 1e3 ELSE {number} END" \
        if file.columns[key].startswith(NUMBERS) else f"epoch_us(TRY_CAST({column} AS TIMESTAMP)) / 1e6"
    names, left_out = _wanted(file, key)
    rows = f"SELECT {time} AS k, row_number() OVER () AS n{_cells(file, names)} FROM {_reader(file.path)}"
    query = (f"WITH f AS ({rows}), one AS (SELECT * FROM f WHERE k IS NOT NULL "
             "QUALIFY row_number() OVER (PARTITION BY k ORDER BY n DESC) = 1) "
             "SELECT asked.i, one.k IS NOT NULL AS there, "
             "(SELECT count(k) FROM f) - (SELECT count(*) FROM one) AS twice"
             f"{''.join(f', c{number}' for number in range(len(names)))} "
             "FROM asked ASOF LEFT JOIN one ON asked.k >= one.k ORDER BY asked.i")
    return _found(file, names, left_out, query, {"k": np.asarray(at_s, dtype=np.float64)})


def _wanted(file: OuterFile, key: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    usable = [name for name, kind in file.columns.items() if name != key
              and (kind.startswith(NUMBERS) or kind == "VARCHAR")]
    kept = tuple(usable[:MOST_COLUMNS])
    return kept, tuple(name for name in file.columns if name != key and name not in kept)


def _cells(file: OuterFile, names: Sequence[str]) -> str:
    return "".join(f", {quoted(name)}{'' if file.columns[name] == 'VARCHAR' else '::DOUBLE'} AS c{number}"
                   for number, name in enumerate(names))


def _found(file: OuterFile, names: Sequence[str], left_out: tuple[str, ...], query: str,
           asked: Mapping[str, Any]) -> JoinedColumns:
    import pyarrow as pa

    n = len(asked["k"])
    table = pa.table({**asked, "i": np.arange(n, dtype=np.int64)})
    with _connected() as con:
        con.register("asked", table)
        read = _run(con, file.path, query).fetchnumpy()
    cells = {name: texts_of(read[f"c{number}"]) if file.columns[name] == "VARCHAR"
             else plain(read[f"c{number}"], np.nan) for number, name in enumerate(names)}
    twice = int(np.asarray(read["twice"])[0]) if n else 0
    return JoinedColumns(cells, int(np.count_nonzero(np.asarray(read["there"]))), twice, left_out)


def _reader(path: Path) -> str:
    return f"{READERS[path.suffix.lower()]}($1)"


def _connected() -> Any:
    import duckdb

    return duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False,
                                  "python_enable_replacements": False})


def _run(con: Any, path: Path, query: str) -> Any:
    import duckdb

    try:
        return con.execute(query, [str(path)])
    except duckdb.Error as error:
        raise BadSettings(f"The file to join cannot be read ({str(error).splitlines()[0][:200]})", where=str(path),
                          do="Give a CSV or Parquet file with a row of names") from error

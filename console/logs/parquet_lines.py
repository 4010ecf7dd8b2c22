"""Parquet whose columns hold what a serving tool wrote: each row as a line of JSON, for that tool's form to open.

Such tables are payload logs: a request and its answer as text in one row. Plain Parquet is read by DuckDB itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from console.errors import UnreadableLog
from console.logs.identity import parquet_digest
from console.logs.jsonlines import shared_connection
from console.logs.opened import Mark
from console.logs.pieces import Piece
from console.logs.plan import FilePlan
from console.logs.reading import cutter_of

BLOCK_ROWS = 20_000


def blocks(path: Path, first: int, rows: int = BLOCK_ROWS) -> Iterator[bytes]:
    """Lines of JSON from a row on, so many at a time. Raises pyarrow's errors for a damaged file."""
    con = shared_connection().cursor()
    try:
        with pq.ParquetFile(path) as file:
            at = 0
            for batch in file.iter_batches(batch_size=rows):
                if at + batch.num_rows > first:
                    part = batch.slice(max(0, first - at))
                    con.register("rows", pa.Table.from_batches([part]))
                    lines = con.sql("SELECT to_json(r)::VARCHAR || chr(10) AS l FROM rows r").to_arrow_table()["l"]
                    con.unregister("rows")
                    yield b"".join(_bytes(chunk) for chunk in lines.chunks)
                at += batch.num_rows
    finally:
        con.close()


def _bytes(lines: pa.StringArray) -> bytes:
    """All of them, one behind the other, as they lie in memory."""
    offsets = memoryview(lines.buffers()[1]).cast("i")
    data = memoryview(lines.buffers()[2])
    return bytes(data[offsets[lines.offset] : offsets[lines.offset + len(lines)]])


class ParquetPiece(Piece):
    """Records of some rows. Their place is the number of the row; there are no bytes to point to."""

    def line_place(self, line: int) -> tuple[int, int | None]:
        """(row from 1, None)."""
        return self.offset + line + 1, None


class ParquetLines:
    """One such file that is read from a row on. A mark's offset counts rows."""

    encoding = "utf-8"

    def __init__(self, path: Path, plan: FilePlan, mark: Mark | None = None) -> None:
        self.path, self.plan = path, plan
        self.mark = mark or Mark()
        self._cutter = cutter_of(plan)

    def pieces(self) -> Iterator[Piece]:
        """All that is left. Raises UnreadableLog for a file that is damaged."""
        digest = parquet_digest(self.path)
        try:
            for raw in blocks(self.path, self.mark.offset):
                cut = self._cutter.cut(raw, final=True)
                before = self.mark
                self.mark = Mark(before.offset + cut.lines, before.records + cut.records, digest, "")
                yield ParquetPiece(self, cut, raw, before.offset, before.records, before.offset, self.mark,
                                   tuple(self._cutter.keys), self._cutter.met())
        except (pa.ArrowException, OSError, ValueError) as error:
            raise UnreadableLog(f"it is damaged ({str(error).splitlines()[0][:160]})", where=self.plan.path,
                                do="Copy the file again, or leave it out") from error

    def lines_before(self, offset: int) -> int:
        """Rows are lines."""
        return offset

    def close(self) -> None:
        """Lets go of it."""
        self._cutter.close()

"""From a chart to the rows behind it, from a row to its line in the file, and rows into a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.errors import BadSettings, CannotWrite, UnreadableLog
from console.jobs import Job
from console.logs.identity import mark_of
from console.logs.opened import Mark, known_again
from console.logs.plan import Compression, FileFormat, FilePlan, FolderPlan
from console.logs.raw import SHOWN_BYTES, record_at
from console.logs.reading import TextFile
from console.metrics.catalogue import CATALOGUE, SAMPLED_PREFIX, Source
from console.roles import Role, StreamKind
from console.session.rows_view import FORMULA, RawLine, defused_text
from console.store import rows as stored
from console.store.rows import Row, RowFilter, RowsQuery

if TYPE_CHECKING:
    import pyarrow as pa

    from console.store import FileEntry, StreamInfo, Workspace

EXPORT_BATCH = 50_000
PAGE = 200
MOST_MARKS = 400
"""Places in one file that are remembered, so that its next row is found from the nearest."""


def behind(store: Workspace, metric: str) -> tuple[RowsQuery, ...]:
    """Which rows a chart stands on, the likeliest stream first; the other streams after it. No window yet."""
    streams = [one for one in store.streams() if one.rows]
    if not streams:
        return ()
    kinds = _kinds(metric)
    series = metric.removeprefix(SAMPLED_PREFIX) if metric.startswith(SAMPLED_PREFIX) else ""
    known = {one.stream_id: {each.name for each in store.sampled(one.stream_id)} for one in streams
             if series and one.kind is StreamKind.SAMPLES}

    def rank(one: StreamInfo) -> tuple[int, int, int]:
        names = known.get(one.stream_id, set())
        has = not (series and (series in names or any(series == f"{one.name}: {name}" for name in names)))
        return int(has), kinds.index(one.kind) if one.kind in kinds else len(kinds), -one.rows

    found = []
    for one in sorted(streams, key=rank):
        name = one.column(Role.METRIC_NAME)
        only = (RowFilter(name.stored, "is", series),) if name and series in known.get(one.stream_id, ()) else ()
        found.append(RowsQuery(one.name, filters=only))
    return tuple(found)


def _kinds(metric: str) -> tuple[StreamKind, ...]:
    """Kinds of streams that a chart is made from, the likeliest first."""
    if metric.startswith(SAMPLED_PREFIX):
        return (StreamKind.SAMPLES, StreamKind.REQUESTS)
    sources = {one.source for one in CATALOGUE if metric in (one.chart, one.name)}
    if Source.RESOURCE in sources:
        return (StreamKind.SAMPLES, StreamKind.REQUESTS)
    return (StreamKind.REQUESTS, StreamKind.UNTIMED, StreamKind.SAMPLES, StreamKind.OUTCOMES)


def stream_named(store: Workspace, name: str) -> StreamInfo:
    """Raises BadSettings when there is none of that name."""
    found = next((one for one in store.streams() if one.name == name), None)
    if found is None:
        raise BadSettings(f"There is no stream `{name}`", do="Open Sources to see those there are")
    return found


# ---- from a row to its line ----------------------------------------------------------------------------------


class RawLines:
    """Finds records in their files by number. Files are read from the nearest place that is known."""

    def __init__(self) -> None:
        self._marks: dict[tuple[int, int], list[Mark]] = {}

    def find(self, store: Workspace, folder: Path | None, plan: FolderPlan | None, row: Row, job: Job) -> RawLine:
        """Off the window's thread: up to a whole file is read. Raises JobStopped; never for a file that is gone."""
        entry = next((one for one in store.ledger() if one.file_id == row.file_id), None)
        if entry is None or row.record < 0:
            return RawLine(row.path, None, "", "Nobody noted which file this row came from.")
        if folder is None:
            return RawLine(row.path, None, "", "Only the workspace is open, not the folder with the file.")
        path = folder / entry.path
        if not path.is_file():
            return RawLine(row.path, None, "", "The file is not there any more; the cells above are what was read.")
        name = re.sub(r" \(before \d+\)$", "", entry.path)
        planned = next((file for stream in (plan.streams if plan else ()) for file in stream.files
                        if file.path == name), None)
        try:
            if entry.format == FileFormat.PARQUET and (planned is None or not planned.dialect):
                return RawLine(row.path, row.record + 1, _parquet_row(path, row.record))
            if planned is None:
                return RawLine(row.path, None, "", "The form of the file is not known before the folder is loaded.")
            if entry.format == FileFormat.PARQUET:
                return RawLine(row.path, None, "", "The row is part of a call that is kept in a Parquet cell.")
            if not known_again(path, Compression(entry.compression), mark_of(entry), whole=False):
                return RawLine(row.path, None, "", "Another file has that name now; the cells above are what was read.")
            return self._in_text(path, planned, entry, row, job)
        except (OSError, UnreadableLog, EOFError) as error:
            return RawLine(row.path, None, "", f"The file cannot be read: {error}")

    def _in_text(self, path: Path, plan: FilePlan, entry: FileEntry, row: Row, job: Job) -> RawLine:
        known = self._marks.setdefault((entry.file_id, entry.size if plan.compression is not Compression.NONE else 0),
                                       [])
        nearest = max((mark for mark in known if mark.records <= row.record), key=lambda mark: mark.records,
                      default=None)
        file = TextFile(path, plan, nearest)
        try:
            for piece in file.pieces(final=True):
                job.stop_if_asked()
                job.report(piece.mark.offset, max(entry.size, piece.mark.offset), f"Looking through {plan.path}")
                if len(known) < MOST_MARKS and all(mark.records != piece.mark.records for mark in known):
                    known.append(piece.mark)
                if piece.first_record <= row.record < piece.first_record + piece.cut.records:
                    line, offset = piece.place(row.record)
                    whole = record_at(path, plan, offset, SHOWN_BYTES) if offset is not None else None
                    text = whole.decode("utf-8", "replace") if whole else piece.text(row.record)
                    return RawLine(row.path, line if line > 0 else None, text)
        finally:
            file.close()
        return RawLine(row.path, None, "", "The file ends before this record; it was cut since it was read.")


def _parquet_row(path: Path, record: int) -> str:
    """A row of a Parquet file as JSON, by its number."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        first = 0
        for group in range(file.metadata.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            if record < first + count:
                row = file.read_row_group(group).slice(record - first, 1).to_pylist()[0]
                return json.dumps(row, default=str, ensure_ascii=False, indent=1)
            first += count
    return ""


# ---- rows into a file ----------------------------------------------------------------------------------------


def export(store: Workspace, query: RowsQuery, path: Path, job: Job) -> int:
    """All rows of a query as CSV or Parquet, by the ending of the name; how many. Raises JobStopped, CannotWrite.

    The file is there when it is whole, and not before. In CSV a cell that a spreadsheet would run begins with an
    apostrophe; numbers are numbers.
    """
    stream = stream_named(store, query.stream)
    total = stored.count(store.cursor(), stream, query)
    done = 0
    job.report(0, 0, "Sorting" if query.sort else "Reading rows")
    reader = stored.reader(store.cursor(), stream, query, EXPORT_BATCH)
    draft = path.with_name(path.name + ".part")
    try:
        with _sink(draft, path, reader.schema) as write:
            for batch in reader:
                job.stop_if_asked()
                write(batch)
                done += batch.num_rows
                job.report(done, max(total.count, done) if total.exact else 0, f"{done:,} rows written")
        draft.replace(path)
    except OSError as error:
        raise CannotWrite(f"It could not be written ({error.strerror or error})", where=str(path),
                          do="Choose another place") from error
    finally:
        draft.unlink(missing_ok=True)
    return done


@contextmanager
def _sink(draft: Path, path: Path, schema: pa.Schema) -> Iterator[Any]:
    if path.suffix.lower() in (".parquet", ".pq"):
        import pyarrow.parquet as pq

        with pq.ParquetWriter(draft, schema, compression="zstd") as parquet:
            yield parquet.write_batch
        return
    import pyarrow.csv as arrow_csv

    with arrow_csv.CSVWriter(draft, defused_schema(schema)) as text:
        yield lambda batch: text.write_batch(defused(batch))


def defused_schema(schema: pa.Schema) -> pa.Schema:
    """Names of columns come from the log too."""
    import pyarrow as arrow

    return arrow.schema([arrow.field(defused_text(each.name), each.type) for each in schema])


def defused(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front."""
    import pyarrow as arrow
    import pyarrow.compute as pc

    columns = []
    for column in batch.columns:
        if arrow.types.is_string(column.type) or arrow.types.is_large_string(column.type):
            risky = pc.match_substring_regex(column, FORMULA)
            quoted = pc.binary_join_element_wise(arrow.scalar("'", column.type), column,
                                                 arrow.scalar("", column.type))
            column = pc.if_else(risky, quoted, column)
        columns.append(column)
    return arrow.RecordBatch.from_arrays(columns, schema=defused_schema(batch.schema))

"""The rows of one transaction, written while they are still being read.

A statement that takes rows as they come packs them best and holds few of them: an INSERT for each 32 MB of text cost
twice the memory, and its half-full row groups were packed again at the checkpoint. So an INSERT runs in a thread of
its own, on all cores, and asks for rows until a transaction has enough of them or a row of another shape comes.
All files of a stream have one shape: fields that a file lacks are NULL.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from console.logs.arrays import same_number
from console.logs.beyond import NOTE, with_more
from console.logs.identity import FileState
from console.logs.pieces import Piece
from console.logs.unopened import REFUSED, Shape, Unlike
from console.logs.writing import PIECES, Counts, Streams, note_file, open_file, quarantine_bad, set_aside, take_back
from console.roles import ColumnType
from console.store.names import MORE

if TYPE_CHECKING:
    from console.store import Appended, Writer

SIDE_BY_SIDE = 256 << 20        # bytes of files
FIRST_SIDE_BY_SIDE = 16 << 20   # of the first, which should show something of each stream soon
WAITING = 2             # tables between the two threads
GATHERED_ROWS = 100_000  # of a stream that has none yet: they are looked at before they are written
STUCK_S = 0.2           # how often a full queue looks whether there is still somebody who reads it


def side_by_side(files: Sequence[FileState]) -> list[FileState]:
    """The same files, those of one stream next to one another in stretches of SIDE_BY_SIDE bytes.

    Newest first means that the files of several streams take turns, and each turn would end an INSERT. Within a stretch
    their order hardly shows: all of it is written in a transaction or two. Copies stay behind their originals.
    """
    stretches: list[list[FileState]] = []
    room = 0
    for file in files:
        if file.identity.size > room:
            room = SIDE_BY_SIDE if stretches else FIRST_SIDE_BY_SIDE
            stretches.append([])
        room -= file.identity.size
        stretches[-1].append(file)
    place = {name: at for at, name in reversed(list(enumerate(file.stream for file in files)))}
    return [file for stretch in stretches
            for file in sorted(stretch, key=lambda file: (file.copied, place[file.stream], file.plan.constants))]


class Batch:
    """Takes pieces one by one; `finish` when the last was given. An exception inside ends the INSERT at once.

    Both raise Unlike when lines that were to be opened on the way are not alike: nothing was written then.
    """

    def __init__(self, w: Writer, streams: Streams) -> None:
        self._w, self._streams = w, streams
        self._open: _Insert | None = None
        self._by_file: dict[int, list[tuple[FileState, Piece]]] = {}
        self._begun: set[str] = set()           # streams that have rows
        self.counts = Counts()
        self.rows = 0                           # given so far; those without a time among them

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._open is not None:
            self._open.abandon()

    def put(self, state: FileState, piece: Piece) -> None:
        """The next records of a file. Its pieces must come in order."""
        if state.file_id is None and self._w.has_read(state.plan.path):
            self._close()           # the ledger must be told of it, and the INSERT has the connection
        file_id = open_file(self._w, self._streams, state)
        self._by_file.setdefault(file_id, []).append((state, piece))
        if piece.anew is not None:
            self._close()
            take_back(self._w, self._streams, file_id, state, piece.first_record, piece.anew)
        rows = piece.rows()
        piece.cut.tables = []
        if rows is None:
            return
        shape, piece.cut.shape = piece.cut.shape, None
        if shape is None:
            table, columns = self._shaped(state, piece, rows, file_id)
        else:
            table, columns = self._unopened(state, piece, rows, file_id, shape)
        key = (state.stream, table.schema, state.plan.constants, shape)
        if self._open is not None and self._open.key != key:
            self._close()
        if self._open is None:
            self._open = self._insert(key, state, columns)
        self._open.put(table)
        self.rows += table.num_rows
        if not self._open.streams and self._open.rows >= GATHERED_ROWS:
            self._close()

    def finish(self) -> Counts:
        """All rows are in, and the ledger says so."""
        self._close()
        for file_id, each in self._by_file.items():
            for state, piece in each:
                quarantine_bad(self._w, file_id, state, piece, self.counts)
            state, piece = each[-1]
            state.mark = piece.mark
            note_file(self._w, state)
        self._by_file = {}
        return self.counts

    def _insert(self, key: tuple[Any, ...], state: FileState, columns: dict[str, str]) -> _Insert:
        stream_id = self._streams.info(state.stream).stream_id
        self._w.has_read(state.plan.path)       # from here on it is known without asking the database
        if state.stream not in self._begun and self._w.has_rows(stream_id):
            self._begun.add(state.stream)
        return _Insert(self._w, key, stream_id, columns, dict(state.plan.constants),
                       streams=state.stream in self._begun)

    def _close(self) -> None:
        if self._open is None:
            return
        ended, self._open = self._open, None
        set_aside(self._w, ended.end(), self._by_file, self.counts)
        self._begun.add(ended.key[0])

    def _shaped(self, state: FileState, piece: Piece, rows: pa.Table, file_id: int) -> tuple[pa.Table, dict[str, str]]:
        """Rows under the columns of their stream, and which is which: stored name -> name in the table."""
        count = rows.num_rows
        fields = self._streams.fields(state.stream, piece.keys)
        rows = with_more(rows, piece.keys, fields)
        if MORE in rows.column_names:
            state.reason = state.reason or NOTE
        from_path = set(self._streams.plan(state.stream).path_columns)
        numbers = pa.float64() in rows.schema.types
        arrays: list[Any] = []
        columns: dict[str, str] = {}
        for column in self._streams.info(state.stream).columns:
            if column.stored in from_path:
                continue
            columns[column.stored] = f"c{column.number}"
            if column.stored in fields:
                arrays.append(rows[str(fields[column.stored])])
            else:
                arrays.append(pa.nulls(count, pa.float64() if numbers and column.kept is ColumnType.NUMBER
                                       else pa.string()))
        names = [*columns.values(), "_record", "_file"]
        arrays += [rows["_record"], same_number(file_id, count)]
        if "_half" in rows.column_names:
            names.append("_half")
            arrays.append(rows["_half"])
        if MORE in rows.column_names:
            names.append(MORE)
            arrays.append(rows[MORE])
        return pa.table(arrays, names=names), columns

    def _unopened(self, state: FileState, piece: Piece, rows: pa.Table, file_id: int,
                  shape: Shape) -> tuple[pa.Table, dict[str, str]]:
        """The same for lines that are opened on the way."""
        at = {key: f"k{number}" for number, key in enumerate(shape.keys)}
        fields = self._streams.fields(state.stream, piece.keys)
        columns = {stored: at[piece.keys[place]] for stored, place in fields.items() if piece.keys[place] in at}
        if len(columns) < len(at):
            raise Unlike(state.stream)          # there is no column for one of the keys
        return rows.append_column("_file", same_number(file_id, rows.num_rows)), columns


class _Insert:
    """One INSERT.

    streams  it takes the rows as they come; else they are gathered first
    """

    def __init__(self, w: Writer, key: tuple[Any, ...], stream_id: int, columns: dict[str, str],
                 constants: dict[str, str], *, streams: bool) -> None:
        self.key = key
        self.streams = streams
        self.rows = 0
        self._w, self._stream_id, self._columns, self._constants = w, stream_id, columns, constants
        self._schema: pa.Schema = key[1]
        self._shape: Shape | None = key[3]
        self._gathered: list[pa.Table] = []
        self._tables: queue.Queue[pa.Table | None] = queue.Queue(WAITING)
        self._gone = threading.Event()
        self._appended: Appended | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        if streams:
            self._thread.start()

    def put(self, table: pa.Table) -> None:
        """More rows; waits while there are enough. Raises what ended the INSERT."""
        self.rows += table.num_rows
        if self.streams:
            self._hand_over(table)
        else:
            self._gathered.append(table)

    def end(self) -> Appended:
        """There are no more rows; waits until all are in the table."""
        if not self.streams:
            return self._append(pa.concat_tables(self._gathered))
        self._hand_over(None)
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._appended is not None
        return self._appended

    def abandon(self) -> None:
        """Ends it, whatever it has; the transaction will be undone."""
        self._gone.set()
        if self.streams:
            self._thread.join()

    def _hand_over(self, table: pa.Table | None) -> None:
        while self._thread.is_alive():
            try:
                self._tables.put(table, timeout=STUCK_S)
                return
            except queue.Full:
                continue
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._appended = self._append(pa.RecordBatchReader.from_batches(self._schema, self._batches()))
        except BaseException as error:      # handed to the thread that has the transaction
            self._error = error

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """Asked for by the threads of the database, one at a time."""
        while not self._gone.is_set():
            try:
                table = self._tables.get(timeout=STUCK_S)
            except queue.Empty:
                continue
            if table is None:
                return
            yield from table.to_batches()

    def _append(self, rows: pa.Table | pa.RecordBatchReader) -> Appended:
        text = not self._shape.numbers if self._shape else pa.float64() not in self._schema.types
        source = self._shape.opened(PIECES) if self._shape else PIECES
        self._w.connection.register(PIECES, rows)
        try:
            return self._w.append(self._stream_id, None, source, text=text, columns=self._columns, arrived=None,
                                  constants=self._constants, more=MORE in self._schema.names,
                                  finite=self._shape is not None)
        except REFUSED as error:
            if self._shape is None:
                raise
            raise Unlike(self.key[0]) from error
        finally:
            with contextlib.suppress(duckdb.TransactionException):      # of one that is lost already
                self._w.connection.unregister(PIECES)

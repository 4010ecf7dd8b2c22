"""Reads records in quarantine again, after a correction that may have made them readable.

A record is read from the text that quarantine kept, or from its file where that text was cut, on the same path as at
first: the cutter of its form, then the store. What fits becomes a row under its old number in the same transaction in
which it leaves the quarantine and the sums of the ledger move; what does not stays, with its reason as it is now.
Records with a quote that is open at their end are no records whatever the columns mean, and stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from console.errors import UnreadableLog
from console.jobs import Job
from console.logs import parquet
from console.logs.beyond import with_more
from console.logs.identity import is_same_parquet
from console.logs.plan import FileFormat, FilePlan
from console.logs.raw import Records, still_there
from console.logs.reading import cutter_of
from console.logs.recognise import recognise_new
from console.logs.records import LINE_BYTES, Cut
from console.logs.writing import Streams
from console.store import FileEntry, Workspace, Writer
from console.store.names import MORE
from console.store.quarantine import Waiting, explain, waiting, waiting_files

BATCH = 20_000
"""Records that are looked for at one time."""

PART_BYTES = 32 << 20
"""Of their text, at one time and in one transaction."""

AGAIN = "_again"
"""The name under which they are registered."""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What became of the records: so many are rows now, so many stay for reasons that a correction can take away."""

    rows: int
    left: int


Plans = Mapping[str, tuple[str, FilePlan]]
"""Path of a file -> its stream and its plan."""


def replay(ws: Workspace, folder: Path, streams: Streams, plans: Plans, job: Job,
           only: str | None = None) -> ReplayReport:
    """Reads all records again that have a chance; `only` those of one stream. Raises JobStopped between batches."""
    entries = {entry.file_id: entry for entry in ws.ledger()}
    names = {info.stream_id: info.name for info in ws.streams()}
    wanted = {file_id: count for file_id, count in waiting_files(ws.cursor()).items()
              if file_id in entries and only in (None, names.get(entries[file_id].stream_id or 0))}
    total, done, rows = sum(wanted.values()), 0, 0
    for file_id, count in wanted.items():
        entry = entries[file_id]
        found = _plan_of(folder, streams, plans, entry)
        if found is not None:
            one = _File(ws, folder, streams, entry, *found)
            after = -1
            while batch := waiting(ws.cursor(), file_id, after, BATCH):
                job.stop_if_asked()
                job.report(done, total, f"Reading records of {entry.path} again")
                after = batch[-1].record
                rows += one.again(batch)
        done += count
    left = waiting_files(ws.cursor())
    return ReplayReport(rows, sum(left.get(file_id, 0) for file_id in wanted))


def _plan_of(folder: Path, streams: Streams, plans: Plans, entry: FileEntry) -> tuple[str, FilePlan] | None:
    """The present plan of a file, under the name it had before another one took it."""
    name = re.sub(r" \(before \d+\)$", "", entry.path)
    if name in plans:
        return plans[name]
    found = recognise_new(folder, streams.plans, name)
    if not isinstance(found, tuple):
        return None
    stream, plan = found
    streams.ensure(stream.with_files(()))
    return stream.name, plan


class _File:
    """One file whose records are read again."""

    def __init__(self, ws: Workspace, folder: Path, streams: Streams, entry: FileEntry, stream: str,
                 plan: FilePlan) -> None:
        self._ws, self._streams, self._entry, self._stream, self._plan = ws, streams, entry, stream, plan
        self._path = folder / entry.path
        self._records = Records(self._path, plan)
        self._there: bool | None = None

    def again(self, batch: Sequence[Waiting]) -> int:
        """Gives how many records became rows."""
        if self._plan.format is FileFormat.PARQUET and not self._plan.dialect:
            return self._from_parquet(batch)
        try:
            return sum(self._read_again(batch, texts) for texts in self._parts(batch))
        finally:
            self._records.close()

    def _parts(self, batch: Sequence[Waiting]) -> Iterator[dict[int, bytes]]:
        """Records and their texts, about PART_BYTES at a time; what stands in one line stays together."""
        texts: dict[int, bytes] = {}
        size, last = 0, None
        for one in batch:
            text = self._text(one)
            if text is None:
                continue
            if size > PART_BYTES and (last is None or one.byte_offset != last):
                yield texts
                texts, size = {}, 0
            texts[one.record] = text
            size, last = size + len(text), one.byte_offset
        if texts:
            yield texts

    def _read_again(self, batch: Sequence[Waiting], texts: Mapping[int, bytes]) -> int:
        cutter = cutter_of(self._plan)
        try:
            groups = _groups(batch, texts)
            cut = cutter.cut(b"".join(texts[group[0]] + b"\n" for group in groups), final=True)
            record_of = _records(cut, groups, texts)
            keys, types = tuple(cutter.keys), dict(cutter.met())
        finally:
            cutter.close()
        reasons = {int(record_of[bad.record]): bad.reason for bad in cut.bad if record_of[bad.record] >= 0}
        rows = _rows(cut, record_of, self._entry.file_id)
        late = {key: types[key] for key in self._streams.missing(self._stream, keys) if key in types}
        if late and rows.num_rows:
            self._streams.extend(self._stream, late)
        places = self._streams.fields(self._stream, keys)
        rows = with_more(rows, keys, places) if rows.num_rows else rows
        fields = {stored: str(at) for stored, at in places.items()}
        with self._ws.writing() as w:
            w.connection.register(AGAIN, rows)
            healed = self._append(w, AGAIN, fields, rows["_record"].to_pylist(), reasons, text=True,
                                  more=MORE in rows.column_names)
            w.connection.unregister(AGAIN)
        return healed

    def _append(self, w: Writer, source: str, fields: Mapping[str, str], records: Sequence[int],
                reasons: Mapping[int, str], *, text: bool, more: bool = False) -> int:
        info = self._streams.info(self._stream)
        failed: dict[int, str] = {}
        if records:
            appended = w.append(info.stream_id, None, source, text=text, columns=fields, arrived=None,
                                constants=dict(self._plan.constants), more=more)
            failed = {record: reason for record, reason, _ in appended.quarantined}
        healed = [record for record in records if record not in failed]
        if healed:
            w.heal(self._entry.file_id, healed)
        explain(w.connection, self._entry.file_id, {**reasons, **failed})
        return len(healed)

    def _text(self, one: Waiting) -> bytes | None:
        """A record as text, whole; None when it cannot be had, or ends in an open quote."""
        text: bytes | None = one.raw.encode()
        if one.cut:
            text = None
            if one.byte_offset is not None and self._same():
                text = self._records.at(one.byte_offset, LINE_BYTES + 1)
                text = text if text is not None and len(text) <= LINE_BYTES else None
        if text is None or (self._plan.format is FileFormat.CSV and text.count(b'"') % 2):
            return None
        return text

    def _same(self) -> bool:
        if self._there is None:
            self._there = still_there(self._path, self._entry)
        return self._there

    def _from_parquet(self, batch: Sequence[Waiting]) -> int:
        """Rows of a Parquet file by their number; it must be the one that was read."""
        try:
            if not self._path.is_file() or not is_same_parquet(self._path, self._entry):
                return 0
            shape = parquet.shape_of(self._path, self._entry.path)
        except (OSError, UnreadableLog):
            return 0
        fields = self._streams.fields(self._stream, shape.names)
        chosen = "".join(f'"{at}", ' for at in fields.values())
        numbers = ", ".join(str(one.record) for one in batch)
        source = (f"(SELECT {chosen}{self._entry.file_id}::INTEGER AS _file, file_row_number AS _record FROM "
                  f"{parquet.relation([self._path], shape)} WHERE file_row_number IN ({numbers}))")
        with self._ws.writing() as w:
            return self._append(w, source, {stored: str(at) for stored, at in fields.items()},
                                [one.record for one in batch], {}, text=False)


def _groups(batch: Sequence[Waiting], texts: Mapping[int, bytes]) -> list[list[int]]:
    """Records by the text that they stand in: a line of a serving tool may hold several."""
    groups: dict[tuple[str, int], list[int]] = {}
    for one in batch:
        if one.record in texts:
            key = ("record", one.record) if one.byte_offset is None else ("offset", one.byte_offset)
            groups.setdefault(key, []).append(one.record)
    return list(groups.values())


def _records(cut: Cut, groups: Sequence[Sequence[int]], texts: Mapping[int, bytes]) -> NDArray[np.int64]:
    """For each record of the cut its number in the file; -1 where a text did not give as many as it should."""
    starts = np.concatenate([*cut.starts, np.empty(0, np.int64)])[: cut.records]
    lines = np.array([texts[group[0]].count(b"\n") + 1 for group in groups])
    begins = np.concatenate(([0], np.cumsum(lines)))
    owner = np.searchsorted(begins, starts, "right") - 1
    found = np.full(cut.records, -1, np.int64)
    counts = np.bincount(owner, minlength=len(groups))
    first = np.concatenate(([0], np.cumsum(counts)))
    for at, group in enumerate(groups):
        if counts[at] == len(group):
            found[first[at] : first[at] + len(group)] = group
    return found


def _rows(cut: Cut, record_of: NDArray[np.int64], file_id: int) -> pa.Table:
    """The rows of the cut under their numbers in the file; without those that have none."""
    if not cut.tables:
        return pa.table({"_record": pa.array([], pa.int64()), "_file": pa.array([], pa.int32())})
    table = pa.concat_tables(cut.tables, promote_options="default")
    numbers = record_of[table["_record"].to_numpy()]
    at = table.column_names.index("_record")
    table = table.set_column(at, "_record", pa.array(numbers, pa.int64()))
    table = table.append_column("_file", pa.array(np.full(table.num_rows, file_id, np.int32)))
    return table.filter(pa.array(numbers >= 0))

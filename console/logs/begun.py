"""Where to read a file from, after what the ledger says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.logs.identity import READ_AS, FileState, Found, OnDisk, from_entry, is_part, mark_of, mark_of_part
from console.logs.plan import Compression, FileFormat, FilePlan
from console.logs.writing import Streams, note_file, open_file

if TYPE_CHECKING:
    from console.store import FileEntry, Writer

PART_OF, BEGINS_AS = "It was read as", "Its beginning was read as"


@dataclass(slots=True)
class Begun:
    """A file about to be read: from where, whether there is anything new in it, and what the ledger must hear."""

    state: FileState
    read: bool = True
    note: bool = False
    replaced: FileEntry | None = None


def tell_ledger(w: Writer, streams: Streams, begun: Sequence[Begun]) -> None:
    """Names first: one that was given up must be free before another file takes it."""
    for each in begun:
        old = each.replaced
        if old is not None:
            same_node = (old.device, old.inode) == each.state.identity.node
            node = {"device": 0, "inode": 0} if same_node else {}
            w.update_file(old.file_id, path=f"{old.path} (before {old.file_id})", **node,
                          reason="Another file took this name; the rows read before are kept")
        if each.note and each.state.file_id is not None:
            note_file(w, each.state)
    w.flush()
    for each in begun:
        if each.note and each.state.file_id is None:
            open_file(w, streams, each.state)
            note_file(w, each.state)


def begin(stream: str, plan: FilePlan, file: OnDisk, how: Found, entry: FileEntry | None,
          own: FileEntry | None = None) -> Begun:
    """Where to read a file from, after what the ledger says of it.

    own  the entry of the file itself, when `entry` is that of the file whose content it repeats
    """
    identity = file.identity
    if entry is None:
        return Begun(FileState(plan, stream, identity))
    if how is Found.REPLACED:
        return Begun(FileState(plan, stream, identity), replaced=entry)
    text = plan.format is not FileFormat.PARQUET
    plain = text and plan.compression is Compression.NONE
    if how in (Found.COPY, Found.PART):
        begun = _repeated(plan, stream, file, how, entry, plain)
        begun.state.file_id = own.file_id if own is not None else None
        return begun
    state = from_entry(entry, plan, stream, identity)
    all_read = identity.size == entry.offset if plain else entry.state == "loaded" and identity.size == entry.size
    changed = (entry.path, entry.device, entry.inode, entry.size, entry.mtime_ns) != (
        plan.path, identity.device, identity.inode, identity.size, identity.mtime_ns)
    if is_part(entry) and not all_read:
        state.reason = state.reason.replace(PART_OF, BEGINS_AS)      # from here on it has records of its own
    return Begun(state, read=not all_read, note=changed)


def begin_part(stream: str, plan: FilePlan, file: OnDisk, original: str) -> Begun:
    """A file that is no more than the beginning of another. It has no records of its own, so none are counted.

    The ledger hears of it when it has a whole record; should it go on in its own way, it is read from there.
    """
    mark = mark_of_part(file, plan)
    if mark is None:
        return Begun(FileState(plan, stream, file.identity), read=False)
    state = FileState(plan, stream, file.identity, mark=mark, state="loaded", copied=True,
                      reason=f"{PART_OF} {original}")
    state.ignored[READ_AS + original] = 0
    return Begun(state, read=False, note=True)


def _repeated(plan: FilePlan, stream: str, file: OnDisk, how: Found, entry: FileEntry, plain: bool) -> Begun:
    if how is Found.PART:
        return begin_part(stream, plan, file, entry.path)
    state = FileState(plan, stream, file.identity, mark=mark_of(entry), copied=True,
                      reason=f"{BEGINS_AS} {entry.path}")
    state.ignored[READ_AS + entry.path] = entry.records
    text = plan.format is not FileFormat.PARQUET
    read = (not text and entry.state != "loaded") or (text and not (plain and file.identity.size == entry.offset))
    state.state = "loading" if read else "loaded"
    return Begun(state, read, note=not read)

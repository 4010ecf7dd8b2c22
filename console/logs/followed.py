"""One file that is followed: whether it may have something new, and the reading of it, a bounded amount at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console.logs import parquet
from console.logs.contents import Ended, Item
from console.logs.identity import FileState, Identity, OnDisk
from console.logs.parquet_lines import ParquetLines
from console.logs.plan import Compression, FileFormat
from console.logs.reading import TextFile
from console.logs.writing import Range, is_parquet

CUT_OFF_S = 60.0                # so long unchanged, and an archive that ends too early is damaged


@dataclass(slots=True)
class Followed:
    """A file that is followed. `grown` is when its last byte came, by our own clock.

    gone     it has no name any more; its descriptor is still read
    seen     as the last look at all names found it
    more     there is more to read than the last poll was allowed to
    turn     the last poll that read something of it
    cut_off  an archive that ends too early, so far
    stuck    where it stands since when, while lines wait for a quote to be closed
    left     how far it was read when it was set aside with a line that had no end yet; else -1
    """

    state: FileState
    text: TextFile | None = None
    grown: float = 0.0
    gone: bool = False
    seen: Identity | None = None
    more: bool = False
    turn: int = 0
    cut_off: bool = False
    stuck: tuple[int, float] = (-1, 0.0)
    left: int = -1

    def set_aside(self, now: float, rest_s: float) -> None:
        """Closes it, as others need their descriptors more. A last line is asked for when it has been at rest."""
        waits = self.text is not None and self.text.waiting and now - self.grown <= rest_s
        self.left = self.text.read_to if self.text is not None and waits else -1
        self.let_go()

    def let_go(self) -> None:
        """Closes it."""
        if self.text is not None:
            self.text.close()
            self.text = None

    def open(self, folder: Path, known: Mapping[str, bool]) -> TextFile:
        """Opens it where it stands. Raises Moved, UnreadableLog, OSError.

        known  fields of its stream: see `cutter_of`
        """
        state = self.state
        self.text = TextFile(folder / state.plan.path, state.plan, state.mark if state.mark.offset else None,
                             state.identity.node, known)
        return self.text

    def is_same(self, file: OnDisk | None) -> bool:
        """Whether it still holds what was read of it; `file` is what has its inode now, under whatever name."""
        if self.text is None:
            return file is not None and file.identity == self.state.identity
        try:
            return self.text.continues()
        except OSError:
            return False

    def is_due(self, now: float, rest_s: float) -> bool:
        """Whether it may have something new: asking each file that is at rest would cost a call a file."""
        if self.more or self.gone:
            return True
        if self.cut_off:
            return now - self.grown > CUT_OFF_S
        text = self.text
        if text is None:
            return self.left >= 0 and now - self.grown > rest_s
        return text.size > text.read_to or (text.waiting > 0 and now - self.grown > rest_s)

    def read(self, folder: Path, limit: int, now: float, rest_s: float, known: Mapping[str, bool]) -> list[Item]:
        """New records, from about so many bytes; `known` as in `open`. Raises Moved, UnreadableLog, OSError."""
        self.more = False
        if self.state.plan.format is FileFormat.PARQUET:
            return self._read_parquet(folder / self.state.plan.path, limit)
        text = self.text or self.open(folder, known)
        text.know(known)
        if self.state.plan.compression is Compression.NONE:
            return self._read_plain(text, limit, now, rest_s)
        return self._read_packed(text, limit)

    def _read_plain(self, text: TextFile, limit: int, now: float, rest_s: float) -> list[Item]:
        state = self.state
        before = text.read_to
        size = max(text.size, (self.seen or state.identity).size)
        # What comes while this is read is left to the next poll: who writes fast would never let go of this one.
        there = max(1, min(limit, size - before))
        items: list[Item] = [(state, piece) for piece in text.pieces(final=False, limit=there)]
        if text.read_to > max(before, self.left):
            self.grown = now
            self.more = text.read_to - before >= limit
        self.left = -1
        # Of a file whose name is gone nobody reads more: what stands behind its last whole line is set aside, or a row.
        given_up = self.gone and text.mark.records > 0
        if text.waiting and now - self.grown > rest_s and (given_up or text.ends_whole()):
            items += [(state, piece) for piece in text.pieces(final=True)]
        if self.stuck[0] != text.mark.offset or not text.waits_for_quote:
            self.stuck = text.mark.offset, now
        elif now - self.stuck[1] > rest_s:
            items += [(state, piece) for piece in text.without_quote()]
        if not self.gone:
            state.identity = self.seen or state.identity
        state.state = "waiting" if text.waiting else "following"
        return items

    def _read_packed(self, text: TextFile, limit: int) -> list[Item]:
        """Of an archive; one that ends too early is perhaps still being copied, and its last line waits."""
        state = self.state
        before = text.read_to
        items: list[Item] = [(state, piece) for piece in text.pieces(final=False, limit=limit)]
        if not text.damage and text.read_to - before >= limit:
            self.more = True
            state.state = "loading"
            return items
        if text.damage and not self.cut_off:
            self.cut_off = True
            state.state = "waiting"
        else:
            items += [(state, piece) for piece in text.pieces(final=True)]
            self.cut_off = False
            state.state, state.reason = "loaded", text.damage or state.reason
            items.append((state, Ended(text.damage)))
        state.identity = self.seen or state.identity
        self.let_go()
        return items

    def _read_parquet(self, path: Path, limit: int) -> list[Item]:
        state = self.state
        items: list[Item] = []
        if is_parquet(state):
            shape = parquet.shape_of(path, state.plan.path)
            part = next(parquet.parts(shape, state.mark.offset), None)
            if part is not None:
                items.append((state, Range(shape, part)))
                self.more = part.end < shape.rows
        else:
            rows = ParquetLines(path, state.plan, state.mark if state.mark.offset else None)
            try:
                for piece in rows.pieces():
                    items.append((state, piece))
                    limit -= len(piece.raw)
                    if limit <= 0:
                        self.more = True
                        break
            finally:
                rows.close()
        state.state = "loading" if self.more else "loaded"
        return items if self.more else [*items, (state, Ended())]


def is_plain(state: FileState) -> bool:
    """Whether its bytes are its records."""
    return state.plan.compression is Compression.NONE and state.plan.format is not FileFormat.PARQUET

"""Files that repeat what is being followed: copies under way, and copies of a log that was cut short since.

The ledger knows a copy by the bytes before its offset, so one that holds less than what was read is not known there:
lines that came after the copy was made were read, and then cut away with the original. What was read last of each file
is therefore kept for a while.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from console.errors import UnreadableLog
from console.logs.identity import FileState, OnDisk, look
from console.logs.opened import HEAD_BYTES, open_bytes, read_exactly
from console.logs.pieces import Piece
from console.logs.plan import Compression
from console.logs.reading import TextFile

TAIL_BYTES = 64 << 10           # kept of each file that was read lately
MOST_TAILS = 300
MOST_CUT = 100                  # files that were cut short are remembered
REWRITE_S = 30.0                # so long a file may take to be written anew from its beginning on


@dataclass(frozen=True, slots=True)
class _Cut:
    """A file as it was before it was cut short: its first bytes, and the last ones before `end`."""

    state: FileState
    head: bytes
    tail: bytes
    end: int
    at: float


class Copies:
    """What a follower remembers of bytes. Times are of the clock given."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tails: dict[tuple[int, int], tuple[int, bytes]] = {}      # node -> (offset of its end, bytes)
        self._cut: deque[_Cut] = deque(maxlen=MOST_CUT)
        self._heads: dict[bytes, list[bytes]] = {}
        self._put_off: set[str] = set()

    def read(self, state: FileState, piece: Piece) -> None:
        """Records of a plain file were read."""
        node = state.identity.node
        end, tail = self._tails.pop(node, (0, b""))
        tail = tail + piece.raw if end == piece.offset else piece.raw
        self._tails[node] = (piece.offset + len(piece.raw), tail[-TAIL_BYTES:])
        while len(self._tails) > MOST_TAILS:
            del self._tails[next(iter(self._tails))]

    def cut_short(self, state: FileState, text: TextFile) -> None:
        """What is open under `text` no longer holds what was read of it, or is let go of."""
        end, tail = self._tails.pop(state.identity.node, (0, b""))
        if text.mark.records:
            tail = tail if end == text.mark.offset else b""
            self._cut.append(_Cut(state, text.head, tail, text.mark.offset, self._clock()))

    def original_of(self, file: OnDisk, read: Sequence[tuple[FileState, TextFile]]) -> FileState | None:
        """The file, among those that are read or were cut short, whose first bytes are all that this one has."""
        size = file.identity.size
        compression, head, _ = look(file.path)
        if compression is not Compression.NONE or not head:
            return None
        for state, text in read:
            if text.shares_head(head) and text.begins_as(file.path, file.identity.node, size):
                return state
        return next((cut.state for cut in reversed(self._cut) if _repeats(file, size, head, cut)), None)

    def may_be_rewritten(self, file: OnDisk) -> bool:
        """Whether a file begins as one that was cut short just now: it may be on its way to its old length."""
        now = self._clock()
        recent = [cut for cut in self._cut if now - cut.at < REWRITE_S and file.identity.size < cut.end]
        if not recent:
            return False
        compression, head, _ = look(file.path)
        return compression is Compression.NONE and len(head) == HEAD_BYTES and any(cut.head == head for cut in recent)

    def new_poll(self) -> None:
        """Files that are met together are compared with one another."""
        self._heads = {}

    def is_twin(self, file: OnDisk) -> bool:
        """Whether another new file of this poll begins alike: then this one waits for the next, once."""
        head = look(file.path)[1]
        alike = self._heads.setdefault(head[:32], [])
        if file.name not in self._put_off and any(head.startswith(each) or each.startswith(head) for each in alike):
            self._put_off.add(file.name)
            return True
        self._put_off.discard(file.name)
        alike.append(head)
        return False


def _repeats(file: OnDisk, size: int, head: bytes, cut: _Cut) -> bool:
    if size > cut.end or not cut.head.startswith(head):
        return False
    if size <= HEAD_BYTES:
        return True
    first = max(cut.end - len(cut.tail), size - HEAD_BYTES)
    if first >= size:
        return False
    try:
        with open_bytes(file.path, Compression.NONE) as stream:
            stream.seek(first)
            at = first - (cut.end - len(cut.tail))
            return read_exactly(stream, size - first) == cut.tail[at : at + size - first]
    except (UnreadableLog, OSError):
        return False

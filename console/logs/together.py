"""Small files of one form, cut in one go: to plan a query takes longer than all else that is done for such a file.

A form that writes a file for each minute and worker leaves thousands of them. Their text is read ahead, cut together,
and handed out when each file is read in its turn: offsets, lines and what is set aside are of the file, as when it is
cut alone. A file that has changed in between is cut alone.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from console.errors import UnreadableLog
from console.logs import formats
from console.logs.formats.cutting import SqlCutter
from console.logs.identity import FileState
from console.logs.jsonlines import MAX_KEYS
from console.logs.opened import UNREADABLE, open_bytes, read_exactly
from console.logs.pieces import in_utf8
from console.logs.plan import FileFormat, FilePlan
from console.logs.records import Cut
from console.roles import ColumnType

SMALL_BYTES = 256 << 10         # a larger file is cut alone; packed or not
TEXT_BYTES = 1 << 20            # so much may be in a packed one
TOGETHER_BYTES = 4 << 20        # of text, cut in one go
TOGETHER_FILES = 500            # looked at ahead


class Together:
    """Cutters for files that are read in this order."""

    def __init__(self, folder: Path, files: Sequence[FileState]) -> None:
        self._folder, self._files = folder, files
        self._looked = 0                                # so many of them
        self._prepared: dict[int, formats.Cutter] = {}  # by the place of the file

    def cutter(self, at: int) -> formats.Cutter | None:
        """For the file at that place; None when it is cut as any other. To be asked once, in order."""
        if at >= self._looked:
            self._look_ahead(at)
        return self._prepared.pop(at, None)

    def _look_ahead(self, at: int) -> None:
        alike: dict[tuple[object, ...], list[tuple[int, list[bytes]]]] = {}
        self._looked, size = at, 0
        while self._looked < min(len(self._files), at + TOGETHER_FILES) and size < TOGETHER_BYTES:
            state = self._files[self._looked]
            blocks = _blocks_of(self._folder, state) if _may_be_small(state) else []
            query = _query(state.plan, blocks) if blocks else None
            if query is not None:
                size += sum(len(block) for block in blocks)
                alike.setdefault(query, []).append((self._looked, blocks))
            self._looked += 1
        for members in alike.values():
            if len(members) > 1:
                self._cut(members)

    def _cut(self, members: Sequence[tuple[int, list[bytes]]]) -> None:
        plans = [self._files[at].plan for at, _ in members]
        columns = tuple(dict.fromkeys(name for plan in plans for name in plan.columns))
        cutter = formats.named(plans[0].dialect).cutter(replace(plans[0], columns=columns))
        assert isinstance(cutter, SqlCutter)
        try:
            blocks = [block for _, own in members for block in own]
            cuts = iter(cutter.cut_together([block if block.endswith(b"\n") else block + b"\n" for block in blocks]))
            if len(cutter.keys) >= MAX_KEYS:
                return              # alone each of them may have so many
            keys, met = tuple(cutter.keys), dict(cutter.met())
        finally:
            cutter.close()
        for (at, own), plan in zip(members, plans, strict=True):
            found = {block: next(cuts) for block in own}
            for block, cut in found.items():
                cut.consumed = len(block)
            self._prepared[at] = _Prepared(plan, keys, met, found)


class _Prepared:
    """A cutter that was given its blocks before. What it does not know it cuts."""

    def __init__(self, plan: FilePlan, keys: tuple[str, ...], met: Mapping[str, ColumnType],
                 found: dict[bytes, Cut]) -> None:
        self._plan, self._keys, self._met, self._found = plan, keys, met, found
        self._alone: formats.Cutter | None = None

    @property
    def keys(self) -> Sequence[str]:
        """See Cutter."""
        return self._keys if self._alone is None else self._alone.keys

    def met(self) -> Mapping[str, ColumnType]:
        """See Cutter."""
        return self._met if self._alone is None else self._alone.met()

    def close(self) -> None:
        """See Cutter."""
        if self._alone is not None:
            self._alone.close()

    def cut(self, block: bytes, *, final: bool) -> Cut:
        """See Cutter."""
        cut = self._found.pop(block, None) if final or block.endswith(b"\n") else None
        if cut is not None and self._alone is None:
            return cut
        if self._alone is None:
            self._alone = formats.named(self._plan.dialect).cutter(self._plan)
        return self._alone.cut(block, final=final)


def _may_be_small(state: FileState) -> bool:
    plan = state.plan
    return bool(plan.dialect) and plan.format is not FileFormat.PARQUET and not state.mark.offset and (
        plan.encoding in ("utf-8", "utf-8-sig") and 0 < state.identity.size <= SMALL_BYTES)


def _blocks_of(folder: Path, state: FileState) -> list[bytes]:
    """The text of a file as its reader hands it to a cutter: its whole lines, and the last one without an end."""
    try:
        with open_bytes(folder / state.plan.path, state.plan.compression, state.identity.node) as stream:
            raw = read_exactly(stream, TEXT_BYTES + 1)
    except (UnreadableLog, *UNREADABLE):
        return []
    raw = raw.removeprefix(codecs.BOM_UTF8)
    if len(raw) > TEXT_BYTES or raw.startswith(b"\0"):
        return []
    end = raw.rfind(b"\n") + 1
    return [in_utf8(block, "utf-8") for block in (raw[:end], raw[end:]) if block]


def _query(plan: FilePlan, blocks: Sequence[bytes]) -> tuple[object, ...] | None:
    """What files that are cut together have in common; None for a form that is not cut by a query alone."""
    cutter = formats.named(plan.dialect).cutter(plan)
    try:
        return (plan.dialect, plan.format, *(cutter.select_for(block) for block in blocks)
                ) if type(cutter) is SqlCutter else None
    finally:
        cutter.close()

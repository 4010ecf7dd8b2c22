"""What a format of a serving tool is: how it is recognised, how it is cut, and what it says of its columns."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Protocol

from console.logs.plan import FileFormat, FilePlan
from console.logs.records import LINE_BYTES, Cut
from console.roles import ColumnType, Role, StreamKind, TimeFormat

LOOKED_AT = 60
"""Lines of a head that tell its format."""

LINE_CHARS = 4000
"""Of each, unless it is JSON: patterns may take as long as the square of a line to find that it has not their form."""


class Cutter(Protocol):
    """Cuts the blocks of one file. It may remember what came before in the file, and must do without (a restart)."""

    @property
    def keys(self) -> Sequence[str]:
        """Field n of a row holds the value of keys[n]; they may grow."""

    def cut(self, block: bytes, *, final: bool) -> Cut:
        """The records of a block of UTF-8; `final` when nothing follows."""

    def met(self) -> Mapping[str, ColumnType]:
        """Keys that were not expected and had a value, with the type that all their values so far allow."""

    def close(self) -> None:
        """Gives its memory back."""


@dataclass(frozen=True, slots=True)
class Look:
    """The head of one file, for recognising it.

    lines    of the first LOOKED_AT that are not blank; each cut at LINE_CHARS, but for JSON
    records  the objects among them (of arrays, their members); for Parquet its first rows
    keys     of all records; for Parquet the columns
    whole    the head is all that the file has
    """

    path: str
    lines: tuple[str, ...]
    records: tuple[Mapping[str, Any], ...]
    keys: frozenset[str]
    whole: bool
    format: FileFormat

    @property
    def name(self) -> str:
        """Of the file, without its folders."""
        return self.path.rsplit("/", 1)[-1]

    def share(self, holds: Callable[[str], object]) -> float:
        """Of the lines, those that do; 0 without lines."""
        return sum(bool(holds(line)) for line in self.lines) / len(self.lines) if self.lines else 0.0

    def share_of_records(self, holds: Callable[[Mapping[str, Any]], object]) -> float:
        """Of the records, those that do, as a share of the lines: broken lines count against it."""
        if not self.records:
            return 0.0
        return sum(bool(holds(record)) for record in self.records) / max(len(self.records), len(self.lines))


def look_at_text(path: str, text: str, *, whole: bool) -> Look:
    """A head of text. JSON is told by its lines, whatever the file is called."""
    lines = tuple(islice((line.strip("\x00\r") for line in text.split("\n") if line.strip("\x00 \t\r")), LOOKED_AT))
    records: list[Mapping[str, Any]] = []
    for line in lines:
        if line.lstrip().startswith(("{", "[")):
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                continue
            records += [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]
    lines = tuple(line if line.lstrip().startswith(("{", "[")) else line[:LINE_CHARS] for line in lines)
    is_json = 2 * sum(line.lstrip().startswith(("{", "[")) for line in lines) > len(lines)
    return Look(path, lines, tuple(records), frozenset(key for record in records for key in record), whole,
                FileFormat.JSON_LINES if is_json else FileFormat.LINES)


@dataclass(frozen=True, slots=True)
class Known:
    """A format that a head was recognised as.

    confidence  the share of what was looked at that has the form, 0 to 1; below one half it is not believed
    why         one sentence, for the user: by what it was recognised
    """

    confidence: float
    why: str


@dataclass(frozen=True, slots=True)
class Hint:
    """What a format says of one of its columns, which no look at values could tell better.

    ignored  neither role nor feature: an id, a note, something of the transport
    if_seen  the role only when some value was seen: an optional field of the form must not promise what is not logged
    unless   roles that are believed instead, when the column's name and values say so
    """

    role: Role | None = None
    type: ColumnType | None = None
    unit: str = ""
    time_format: TimeFormat | None = None
    why: str = ""
    ignored: bool = False
    if_seen: bool = False
    unless: frozenset[Role] = frozenset()


class LogFormat(ABC):
    """One form of a serving tool's log. Its instances hold nothing: `FORMATS` has one of each.

    name      kept in the workspace, never changed; also the name of its stream
    title     for people: "SageMaker Data Capture"
    kind      of its stream; None: guessed from roles as for any table
    formats   how its records may lie in a file
    half_of   the format whose requests its rows complete, by request id; its own name when both halves stand in the
              same files (the cutter then gives `_half`); "" when a row is an event
    answers   the second half is the response (see StreamPlan)
    fields    of every record, where they are always the same: then a first look at a file needs no rows, of
              which a folder of thousands of scrapes would have to be cut
    repeats   files of the same content are records of their own: what tells them apart is their name or time
    own_path  it reads what stands in the path itself: no columns are made from folders
    line_bytes  a longer line is set aside
    opening   what each of its lines begins with, blanks left out: a first line longer than any head is told by it
    """

    name: ClassVar[str]
    title: ClassVar[str]
    kind: ClassVar[StreamKind | None] = None
    formats: ClassVar[tuple[FileFormat, ...]] = (FileFormat.JSON_LINES,)
    half_of: ClassVar[str] = ""
    answers: ClassVar[bool] = False
    fields: ClassVar[tuple[str, ...]] = ()
    repeats: ClassVar[bool] = False
    own_path: ClassVar[bool] = False
    line_bytes: ClassVar[int] = LINE_BYTES
    opening: ClassVar[str] = ""

    @abstractmethod
    def recognise(self, look: Look) -> Known | None:
        """Whether the head is of this form, and how sure that is. Only of one of `formats` it is asked."""

    @abstractmethod
    def cutter(self, file: FilePlan) -> Cutter:
        """Cuts this file. `file.columns` holds the keys known so far (none while the head is looked at)."""

    def fields_of(self, look: Look) -> tuple[str, ...]:
        """The fields of a file's records where its head tells them without cutting it; () where it has to be cut."""
        return self.fields

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """What it says of columns, by their names. `place` is where the newest file lies, for a schema beside it."""
        return {}

    def kind_of(self, file: FilePlan) -> StreamKind | None:
        """The kind of the stream that this file is in, when one format has several."""
        return self.kind

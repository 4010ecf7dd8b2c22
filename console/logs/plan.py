"""What a folder holds, before a row of it is read: the values that discovery hands to the loader."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from console.roles import RELATIVE, TIME_ROLES, ColumnType, Role, StreamKind
from console.roles import TimeFormat as TimeFormat

if TYPE_CHECKING:
    from console.logs.config import FolderSettings


class FileFormat(StrEnum):
    """How the records lie in a file, whatever its ending says."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    LINES = "lines"             # text of a form of its own: only with a dialect


class Compression(StrEnum):
    """What lies around the records."""

    NONE = "none"
    GZIP = "gz"
    ZSTD = "zst"


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """One column of a stream.

    name     as the log has it; may be empty or strange
    stored   its name in the raw table: unique without regard to case, never starting with `_`
    unit     of the values in the log: "ms", "s", "us", "ns", "min", "%", "MB", ...; "" when there is none
    why      one short sentence: where type and role come from
    samples  up to three values, as text
    """

    name: str
    stored: str
    type: ColumnType
    role: Role | None = None
    unit: str = ""
    time_format: TimeFormat | None = None
    why: str = ""
    samples: tuple[str, ...] = ()
    chosen: bool = False        # by the user, not guessed


@dataclass(frozen=True, slots=True)
class FilePlan:
    """One file of a stream.

    path       relative to the folder, with forward slashes
    columns    the names that this file has, in its order (CSV: its header; Parquet: its schema; JSON: keys seen)
    constants  stored name -> value, for columns taken from the path (a model version that is a folder name)
    dialect    the name of the serving tool's form (`console.logs.formats`) that these records have; "" for plain ones
    why        by what the form was recognised, in a sentence
    confidence share of what was looked at that has this form, 0 to 1
    """

    path: str
    format: FileFormat
    compression: Compression
    size: int
    mtime_ns: int
    columns: tuple[str, ...]
    delimiter: str = ","
    encoding: str = "utf-8"     # "utf-8", "utf-8-sig", "utf-16", "latin-1"
    has_header: bool = True
    constants: tuple[tuple[str, str], ...] = ()
    dialect: str = ""
    why: str = ""
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """Files of one shape and one kind. `name` is unique in the folder and stays the same when files are added.

    dialect  of all its files; "" for plain tables
    half_of  the stream whose rows these complete by request id, one event for both: its own name when the halves of a
             request stand in the same files (records say by `_half` which they are); "" when each row is an event
    answers  the second half is the response: without it the request failed, and latency is the time between both
    half_chosen  the user said what it completes, or that it completes nothing
    """

    name: str
    kind: StreamKind
    format: FileFormat
    why: str
    columns: tuple[ColumnPlan, ...]
    files: tuple[FilePlan, ...]
    zone: str = "UTC"
    zone_assumed: bool = False  # some time in it has no zone of its own, and nobody said which it is
    path_columns: tuple[str, ...] = ()   # stored names of the columns that come from the path, last among `columns`
    dialect: str = ""
    half_of: str = ""
    answers: bool = False
    half_chosen: bool = False

    def column(self, role: Role) -> ColumnPlan | None:
        """The first column with that role."""
        return next((column for column in self.columns if column.role is role), None)

    @property
    def relative(self) -> bool:
        """Whether its times count from a start that the log does not name."""
        return any(column.role in TIME_ROLES and column.time_format in RELATIVE for column in self.columns)

    def with_files(self, files: tuple[FilePlan, ...]) -> StreamPlan:
        """The same stream with other files."""
        return replace(self, files=files)


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is not loaded: rejected (should be a log, but cannot be read) or left alone (is no log)."""

    path: str
    reason: str                 # one sentence, with what to do
    rejected: bool = True


@dataclass(frozen=True, slots=True)
class FolderPlan:
    """All that discovery found. Files lie newest first within a stream, so that charts fill from the newest back."""

    folder: str
    streams: tuple[StreamPlan, ...]
    refused: tuple[Refused, ...] = ()
    notes: tuple[str, ...] = field(default=())   # said once: zone assumed, outcomes that cannot join, ...
    settings: FolderSettings | None = None       # what the user said, by which the plan was made
    left_out: tuple[tuple[str, str], ...] = ()   # path and pattern of files that the user does not want
    unplaced: tuple[StreamPlan, ...] = ()        # of files that were refused, for no column of them is known as a time

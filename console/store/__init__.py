"""The workspace of a log folder. (Page follows.)"""

from __future__ import annotations

from console.store.model import (
    Appended,
    ColumnInfo,
    ColumnMoments,
    FileEntry,
    Floats,
    Moments,
    PercentileSeries,
    StreamInfo,
    Totals,
)
from console.store.names import FAILED, quoted
from console.store.queries import sql
from console.store.shown import FileView, QuarantineView, RefusedView
from console.store.workspace import Workspace
from console.store.writer import Writer

__all__ = ["FAILED", "Appended", "ColumnInfo", "ColumnMoments", "FileEntry", "FileView", "Floats", "Moments",
           "PercentileSeries", "QuarantineView", "RefusedView", "StreamInfo", "Totals", "Workspace", "Writer", "quoted",
           "sql"]

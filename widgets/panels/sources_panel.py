"""The place Sources: what was found, what was read, and what could not be."""

from __future__ import annotations

import glob
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QSplitter, QTabWidget, QWidget

from console.metrics.format import format_count, format_since
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel, plain_tip
from widgets.panels.coverage_panel import CoveragePanel
from widgets.panels.parts import PathCell, button, column, holding, label, row, table, tool
from widgets.panels.quarantine_view import QuarantinePanel

if TYPE_CHECKING:
    from console.logs.view import FileView, SourcesView, StreamView

STATE_ICONS = {"loaded": ("check-circle-outline", "good"), "loading": ("progress-download", "accent"),
               "following": ("access-point", "good"), "rejected": ("alert-octagon", "firing"),
               "left alone": ("minus-circle-outline", "muted"), "left out": ("eye-off-outline", "muted"),
               "waiting": ("clock-outline", "muted")}


class SourcesPanel(QWidget):
    """Displays a SourcesView; asks for the columns of a stream."""

    columns_asked = Signal(str)      # stream
    reload_asked = Signal()
    undo_asked = Signal()
    redo_asked = Signal()
    leave_out_asked = Signal(object)     # all patterns from now on

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sources_panel")
        self._icons = icons
        self._view: SourcesView | None = None
        self._heading = label("Sources", name="sources_heading", large=True)
        self._sums = label(name="sources_sums", tone="muted", wrap=True)
        self._columns = button("Columns…", "open_columns", "Correct roles, units and the time zone (Ctrl+L)",
                               default=True)
        self._columns.setEnabled(False)      # until the streams are known
        self._reload = button("Look for new files", "reload_folder", "Look through the folder again (F5)")
        self._streams = RowsModel((
            Column("Stream", 160, lambda one: one.name),
            Column("Kind", 92, lambda one: one.kind.value),
            Column("Format", 64, lambda one: one.format),
            Column("Rows", 96, lambda one: format_count(one.rows + one.merged), right=True,
                   tip=lambda one: f"{format_count(one.rows)} events of their own; the others are half of one"
                   if one.merged else format_count(one.rows)),
            Column("First", 160, lambda one: _time(one.first, one.relative)),
            Column("Last", 160, lambda one: _time(one.last, one.relative)),
            Column("Zone", 112, zone_text, foreground=self._zone_tone,
                   tip=lambda one: "No time in it names its zone, and nobody said which it is: set it in Columns"
                   if one.zone_assumed else one.zone),
            Column("Sure", 56, lambda one: f"{one.confidence:.0%}" if one.placed else "-", right=True,
                   tip=lambda one: "Share of what was looked at that has the form which was recognised"),
            Column("Why", 400, lambda one: one.why, foreground=self._placed_tone),
        ))
        self._files = RowsModel((
            Column("File", 250, lambda one: one.path),
            Column("State", 104, lambda one: one.state, icon=self._state_icon),
            Column("Stream", 112, lambda one: one.stream),
            Column("Records", 84, lambda one: format_count(one.records), right=True),
            Column("Rows", 84, lambda one: format_count(one.rows_loaded), right=True),
            Column("Quarantined", 96, lambda one: format_count(one.rows_quarantined), right=True,
                   foreground=self._bad_tone),
            Column("Ignored", 68, lambda one: format_count(one.rows_ignored), right=True),
            Column("Size", 80, lambda one: _size(one.size) if one.size else "", right=True),
            Column("Read", 56, _read, right=True, tip=lambda one: f"{format_count(one.offset)} of the unpacked file"),
            Column("Rows/s", 64, lambda one: format_count(round(one.rows_per_second)) if one.rows_per_second else "",
                   right=True),
            Column("Note", 240, lambda one: one.note, foreground=self._note_tone),
        ))
        self._stream_table = table(self._streams, "stream_table", "Streams")
        self._file_table = table(self._files, "file_table", "Files")
        self._file_table.setItemDelegateForColumn(0, PathCell(self._file_table))
        self._quarantine = QuarantinePanel(icons)
        self._about_file = label(name="file_about", tone="muted", wrap=True)
        self._leave = button("Leave out", "file_leave_out",
                             "Take the rows of the chosen file away, and load it no more")
        self._patterns = QLineEdit(objectName="leave_out_patterns")
        self._patterns.setPlaceholderText("Patterns of files that are not loaded, with commas: old/*, *.bak")
        self._patterns.setAccessibleName("Patterns of files that are left out")
        self._apply = button("Apply", "leave_out_apply", "Leave out the files whose paths fit, and load the others")
        self._undo = tool(icons, "undo", "sources_undo", "Take back: nothing")
        self._redo = tool(icons, "redo", "sources_redo", "Make again: nothing")
        self._undo.setEnabled(False)
        self._redo.setEnabled(False)
        self._notes = QPlainTextEdit(objectName="source_notes")
        self._notes.setReadOnly(True)
        self._notes.setAccessibleName("Notes about the folder")
        self._tabs = QTabWidget()
        self._tabs.setObjectName("source_tabs")
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self._files_page(), "Files")
        self._tabs.addTab(self._quarantine, "Quarantine")
        self._tabs.addTab(self._notes, "Notes")
        self._coverage = CoveragePanel(icons)
        self._tabs.addTab(self._coverage, "Coverage")
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self._stream_table)
        split.addWidget(self._tabs)
        split.setSizes([160, 360])
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(False)
        head = row(column(self._heading, self._sums, gap=4), self._undo, self._redo, self._reload, self._columns)
        head.setStretch(0, 1)
        page = column(head, split, margins=(16, 16, 16, 8), gap=16)
        page.setStretch(1, 1)
        self.setLayout(page)
        self.setFocusProxy(self._stream_table)
        self._columns.clicked.connect(self._on_columns)
        self._reload.clicked.connect(self.reload_asked)
        self._stream_table.doubleClicked.connect(self._on_columns)
        self._file_table.selectionModel().currentRowChanged.connect(self._on_file)
        self._tabs.currentChanged.connect(self._on_tab)
        self._undo.clicked.connect(self.undo_asked)
        self._redo.clicked.connect(self.redo_asked)
        self._leave.clicked.connect(self._on_leave)
        self._apply.clicked.connect(self._on_patterns)
        self._patterns.returnPressed.connect(self._on_patterns)

    def display(self, view: SourcesView) -> None:
        """Show what there is."""
        self._view = view
        self._heading.setText(view.folder or view.workspace)
        self._sums.setText(sums(view.files))
        self._streams.show(view.streams)
        self._files.show(view.files)
        self._quarantine.display(view)
        count = sum(number for _reason, number in view.quarantine_reasons)
        self._tabs.setTabText(0, f"Files ({format_count(len(view.files))})")
        self._tabs.setTabText(1, f"Quarantine ({format_count(count)})")
        self._tabs.setTabText(2, f"Notes ({len(view.notes)})")
        self._notes.setPlainText("\n\n".join(view.notes) or "Nothing had to be assumed about this folder.")
        for one, words, verb in ((self._undo, view.undo, "Take back"), (self._redo, view.redo, "Make again")):
            one.setEnabled(bool(words))
            one.setToolTip(plain_tip(f"{verb}: {words}" if words else f"{verb}: nothing"))
        if not self._patterns.hasFocus():
            self._patterns.setText(", ".join(view.leave_out))
        self._show_file()
        self._columns.setEnabled(bool(view.streams))
        if view.streams and not self._stream_table.currentIndex().isValid():
            self._stream_table.selectRow(0)

    def show_quarantine(self) -> None:
        """Bring the quarantine to the front."""
        self._tabs.setCurrentIndex(1)

    def show_coverage(self) -> None:
        """Bring the coverage map to the front."""
        self._tabs.setCurrentWidget(self._coverage)

    @property
    def coverage(self) -> CoveragePanel:
        """What can go wrong, and what would show it."""
        return self._coverage

    @property
    def stream(self) -> str:
        """The chosen stream, or the first."""
        one: StreamView | None = self._streams.row(self._stream_table.currentIndex())
        if one is None and self._streams.rows:
            one = self._streams.rows[0]
        return one.name if one else ""

    @property
    def quarantine(self) -> QuarantinePanel:
        """What could not be read."""
        return self._quarantine

    def _files_page(self) -> QWidget:
        """The ledger; under it the chosen file's note whole, and what is left out."""
        about = row(self._about_file, self._leave)
        about.setStretch(0, 1)
        out = row(label("Left out", tone="muted"), self._patterns, self._apply)
        out.setStretch(1, 1)
        page = column(self._file_table, about, out, margins=(0, 8, 0, 0))
        page.setStretch(0, 1)
        return holding(page)

    def _on_tab(self) -> None:
        """The map is about all streams, and needs the room."""
        self._stream_table.setVisible(self._tabs.currentWidget() is not self._coverage)

    def _on_file(self, _index: QModelIndex, _before: QModelIndex) -> None:
        self._show_file()

    def _show_file(self) -> None:
        one: FileView | None = self._files.row(self._file_table.currentIndex())
        empty = "" if self._files.rows else "Files appear here as soon as the folder has been looked through."
        self._about_file.setText(f"{one.path}: {one.note or one.state}" if one else empty)
        out = one is not None and one.state == "left out"
        self._leave.setText("Take in again" if out else "Leave out")
        exact = one is not None and self._view is not None and glob.escape(one.path) in self._view.leave_out
        self._leave.setEnabled(one is not None and (not out or exact))

    def _on_leave(self) -> None:
        one: FileView | None = self._files.row(self._file_table.currentIndex())
        if one is not None and self._view is not None:
            pattern = glob.escape(one.path)
            rest = tuple(each for each in self._view.leave_out if each != pattern)
            self.leave_out_asked.emit(rest if one.state == "left out" else (*rest, pattern))

    def _on_patterns(self) -> None:
        found = tuple(dict.fromkeys(word.strip() for word in self._patterns.text().split(",") if word.strip()))
        if self._view is not None and found != self._view.leave_out:
            self.leave_out_asked.emit(found)

    def _on_columns(self) -> None:
        if self.stream:
            self.columns_asked.emit(self.stream)

    def _zone_tone(self, one: StreamView) -> object:
        return self._icons.theme.color("warning") if one.zone_assumed else None

    def _placed_tone(self, one: StreamView) -> object:
        return None if one.placed else self._icons.theme.color("warning")

    def _note_tone(self, one: FileView) -> object:
        return self._icons.theme.color("firing") if one.state == "rejected" else None

    def _bad_tone(self, one: FileView) -> object:
        return self._icons.theme.color("warning") if one.rows_quarantined else None

    def _state_icon(self, one: FileView) -> object:
        return self._icons.icon(*STATE_ICONS.get(one.state, ("help-circle-outline", "muted")))


def sums(files: tuple[FileView, ...]) -> str:
    """`12 files: 1,204 records = 1,200 rows + 3 quarantined + 1 ignored`."""
    read = [one for one in files if one.state not in ("rejected", "left alone", "left out")]
    out = len(files) - len(read)
    records, loaded, bad, ignored = (sum(getattr(one, name) for one in read) for name in
                                     ("records", "rows_loaded", "rows_quarantined", "rows_ignored"))
    noun = "file" if len(read) == 1 else "files"
    text = (f"{len(read)} {noun}: {format_count(records)} records = {format_count(loaded)} rows + "
            f"{format_count(bad)} quarantined + {format_count(ignored)} ignored")
    return text + (f"; {out} not read" if out else "")


def zone_text(one: StreamView) -> str:
    """The zone, and whether it is a guess."""
    if one.relative:
        return "no dates"
    return f"{one.zone} (assumed)" if one.zone_assumed else one.zone


def _time(at: datetime | None, relative: bool) -> str:
    if at is None:
        return "-"
    return format_since(at, digits=3) if relative else f"{at.day} {at:%b %Y %H:%M:%S}"


def _read(one: FileView) -> str:
    return "" if one.share_read is None else f"{one.share_read:.0%}"


def _size(size: int) -> str:
    if size < 1000:
        return f"{size} B"
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"

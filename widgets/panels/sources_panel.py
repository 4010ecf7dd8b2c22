"""The place Sources: what was found, what was read, and what could not be."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QPlainTextEdit, QSplitter, QTabWidget, QWidget

from console.metrics.format import format_count
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel
from widgets.panels.parts import button, column, holding, label, row, set_widths, table

if TYPE_CHECKING:
    from console.logs.view import FileView, QuarantineView, SourcesView, StreamView

STATE_ICONS = {"loaded": ("check-circle-outline", "good"), "loading": ("progress-download", "accent"),
               "following": ("access-point", "good"), "rejected": ("alert-octagon", "firing"),
               "left alone": ("minus-circle-outline", "muted"), "waiting": ("clock-outline", "muted")}


class SourcesPanel(QWidget):
    """Displays a SourcesView; asks for the columns of a stream."""

    columns_asked = Signal(str)      # stream
    reload_asked = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sources_panel")
        self._icons = icons
        self._view: SourcesView | None = None
        mono = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
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
            Column("Rows", 96, lambda one: format_count(one.rows), right=True),
            Column("First", 160, lambda one: _time(one.first)),
            Column("Last", 160, lambda one: _time(one.last)),
            Column("Zone", 112, zone_text, foreground=self._zone_tone,
                   tip=lambda one: "No time in it names its zone, and nobody said which it is: set it in Columns"
                   if one.zone_assumed else one.zone),
            Column("Why", 400, lambda one: one.why),
        ))
        self._files = RowsModel((
            Column("File", 300, lambda one: one.path),
            Column("State", 108, lambda one: one.state, icon=self._state_icon),
            Column("Stream", 140, lambda one: one.stream),
            Column("Records", 96, lambda one: format_count(one.records), right=True),
            Column("Rows", 96, lambda one: format_count(one.rows_loaded), right=True),
            Column("Quarantined", 96, lambda one: format_count(one.rows_quarantined), right=True,
                   foreground=self._bad_tone),
            Column("Ignored", 80, lambda one: format_count(one.rows_ignored), right=True),
            Column("Size", 84, lambda one: _size(one.size), right=True),
            Column("Note", 320, lambda one: one.note),
        ))
        self._reasons = RowsModel((Column("Reason", 240, lambda one: one[0]),
                                   Column("Rows", 80, lambda one: format_count(one[1]), right=True)))
        self._rows = RowsModel((
            Column("File", 280, lambda one: one.path),
            Column("Line", 80, lambda one: format_count(one.line), right=True),
            Column("Reason", 260, lambda one: one.reason),
            Column("Raw text", 400, lambda one: one.raw.replace("\n", " "), font=mono),
        ))
        self._stream_table = table(self._streams, "stream_table", "Streams")
        self._file_table = table(self._files, "file_table", "Files")
        self._reason_table = table(self._reasons, "reason_table", "Reasons for quarantine")
        set_widths(self._reason_table, self._reasons.widths(), wide=0)
        self._row_table = table(self._rows, "quarantine_table", "Quarantined rows")
        self._raw = QPlainTextEdit(objectName="quarantine_raw")
        self._raw.setReadOnly(True)
        self._raw.setFont(mono)
        self._raw.setAccessibleName("Raw text of the chosen row")
        self._raw.setPlaceholderText("Choose a row to see its raw text")
        self._raw.setMaximumHeight(88)
        self._notes = QPlainTextEdit(objectName="source_notes")
        self._notes.setReadOnly(True)
        self._notes.setAccessibleName("Notes about the folder")
        self._all_well = label("Every record could be read.", name="quarantine_none", tone="muted")
        self._tabs = QTabWidget()
        self._tabs.setObjectName("source_tabs")
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self._file_table, "Files")
        self._tabs.addTab(self._quarantine_page(), "Quarantine")
        self._tabs.addTab(self._notes, "Notes")
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self._stream_table)
        split.addWidget(self._tabs)
        split.setSizes([160, 360])
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(False)
        head = row(column(self._heading, self._sums, gap=4), self._reload, self._columns)
        head.setStretch(0, 1)
        page = column(head, split, margins=(16, 16, 16, 8), gap=16)
        page.setStretch(1, 1)
        self.setLayout(page)
        self.setFocusProxy(self._stream_table)
        self._columns.clicked.connect(self._on_columns)
        self._reload.clicked.connect(self.reload_asked)
        self._stream_table.doubleClicked.connect(self._on_columns)
        self._row_table.selectionModel().currentRowChanged.connect(self._on_quarantined)

    def display(self, view: SourcesView) -> None:
        """Show what there is."""
        self._view = view
        self._heading.setText(view.folder or view.workspace)
        self._sums.setText(sums(view.files))
        self._streams.show(view.streams)
        self._files.show(view.files)
        self._reasons.show(view.quarantine_reasons)
        self._rows.show(view.quarantine)
        if view.quarantine and not self._row_table.currentIndex().isValid():
            self._row_table.selectRow(0)
        count = sum(number for _reason, number in view.quarantine_reasons)
        self._tabs.setTabText(0, f"Files ({format_count(len(view.files))})")
        self._tabs.setTabText(1, f"Quarantine ({format_count(count)})")
        self._tabs.setTabText(2, f"Notes ({len(view.notes)})")
        self._notes.setPlainText("\n\n".join(view.notes) or "Nothing had to be assumed about this folder.")
        self._all_well.setVisible(not count)
        self._quarantined.setVisible(bool(count))
        self._columns.setEnabled(bool(view.streams))
        if view.streams and not self._stream_table.currentIndex().isValid():
            self._stream_table.selectRow(0)

    def show_quarantine(self) -> None:
        """Bring the quarantine to the front."""
        self._tabs.setCurrentIndex(1)

    @property
    def stream(self) -> str:
        """The chosen stream, or the first."""
        one: StreamView | None = self._streams.row(self._stream_table.currentIndex())
        if one is None and self._streams.rows:
            one = self._streams.rows[0]
        return one.name if one else ""

    def _quarantine_page(self) -> QWidget:
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self._reason_table)
        split.addWidget(self._row_table)
        split.setSizes([340, 700])
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(False)
        self._quarantined = holding(column(split, self._raw))
        page = column(self._all_well, self._quarantined, margins=(0, 8, 0, 0))
        page.setStretch(1, 1)
        page.addStretch(0)
        return holding(page)

    def _on_columns(self) -> None:
        if self.stream:
            self.columns_asked.emit(self.stream)

    def _on_quarantined(self, index: QModelIndex, _before: QModelIndex) -> None:
        one: QuarantineView | None = self._rows.row(index)
        self._raw.setPlainText(one.raw if one else "")

    def _zone_tone(self, one: StreamView) -> object:
        return self._icons.theme.color("warning") if one.zone_assumed else None

    def _bad_tone(self, one: FileView) -> object:
        return self._icons.theme.color("warning") if one.rows_quarantined else None

    def _state_icon(self, one: FileView) -> object:
        return self._icons.icon(*STATE_ICONS.get(one.state, ("help-circle-outline", "muted")))


def sums(files: tuple[FileView, ...]) -> str:
    """`12 files: 1,204 records = 1,200 rows + 3 quarantined + 1 ignored`."""
    read = [one for one in files if one.state not in ("rejected", "left alone")]
    out = len(files) - len(read)
    records, loaded, bad, ignored = (sum(getattr(one, name) for one in read) for name in
                                     ("records", "rows_loaded", "rows_quarantined", "rows_ignored"))
    noun = "file" if len(read) == 1 else "files"
    text = (f"{len(read)} {noun}: {format_count(records)} records = {format_count(loaded)} rows + "
            f"{format_count(bad)} quarantined + {format_count(ignored)} ignored")
    return text + (f"; {out} not read" if out else "")


def zone_text(one: StreamView) -> str:
    """The zone, and whether it is a guess."""
    return f"{one.zone} (assumed)" if one.zone_assumed else one.zone


def _time(at: datetime | None) -> str:
    return f"{at.day} {at:%b %Y %H:%M:%S}" if at else "-"


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"

"""Records that could not be read: why, which, and how they stand in their file; and a way to read them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QPlainTextEdit, QProgressBar, QSplitter, QWidget

from console.metrics.format import format_count
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel, plain_tip
from widgets.panels.parts import Choice, button, column, holding, label, row, set_tone, set_widths, table, tool

if TYPE_CHECKING:
    from console.logs.replay import ReplayReport
    from console.logs.view import QuarantineView, SourcesView

PAGE = 200
ALL_REASONS, ALL_FILES = "All reasons", "All files"
AGAIN = "Read these records once more, after a correction of Columns: those that fit now become rows"
NOT_NOW = "Read again is not possible now: "


class QuarantinePanel(QWidget):
    """Displays pages of the quarantine; asks for other pages, whole records, and a replay."""

    page_asked = Signal(object, object, int)     # reason or None, file or None, first row
    raw_asked = Signal(object)                   # QuarantineView
    replay_asked = Signal()
    cancel_asked = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("quarantine_panel")
        mono = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self._first = 0
        self._counts: dict[str, int] = {}
        self._files: dict[str, int] = {}
        self._busy = False
        self._why_not = ""
        self._all_well = label("Every record could be read.", name="quarantine_none", tone="muted")
        self._reasons = RowsModel((Column("Reason", 200, lambda one: one[0]),
                                   Column("Records", 88, lambda one: format_count(one[1]), right=True)))
        self._rows = RowsModel((
            Column("File", 240, lambda one: one.path),
            Column("Line", 72, lambda one: format_count(one.line), right=True),
            Column("Reason", 210, lambda one: one.reason),
            Column("Raw text", 400, lambda one: one.raw.replace("\n", " "), font=mono),
        ))
        self._reason_table = table(self._reasons, "reason_table", "Reasons for quarantine")
        set_widths(self._reason_table, self._reasons.widths(), wide=0)
        self._row_table = table(self._rows, "quarantine_table", "Quarantined records")
        self._file = Choice(icons, "quarantine_file", "Only records of this file", [ALL_FILES])
        self._file.setMinimumWidth(200)
        self._back = tool(icons, "chevron-left", "quarantine_back", "The records before")
        self._on = tool(icons, "chevron-right", "quarantine_on", "The records after")
        self._where = label(name="quarantine_where", tone="muted")
        self._said = label(name="replay_state", tone="muted", wrap=True)
        self._bar = QProgressBar(objectName="replay_progress")
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(120, 8)
        self._cancel = button("Cancel", "replay_cancel", "Stop reading them again; what is read stays")
        self._replay = button("Read again", "replay", AGAIN)
        self._raw = QPlainTextEdit(objectName="quarantine_raw")
        self._raw.setReadOnly(True)
        self._raw.setFont(mono)
        self._raw.setAccessibleName("The whole record as it stands in the file")
        self._raw.setPlaceholderText("Choose a record to see it as it stands in its file")
        self._raw.setTabChangesFocus(True)
        self._page = self._put_together()
        self.setLayout(column(self._all_well, self._page, margins=(0, 8, 0, 0)))
        self._idle()
        self._reason_table.selectionModel().currentRowChanged.connect(self._on_reason)
        self._row_table.selectionModel().currentRowChanged.connect(self._on_row)
        self._file.activated.connect(self._on_file)
        self._back.clicked.connect(self._on_back)
        self._on.clicked.connect(self._on_on)
        self._replay.clicked.connect(self.replay_asked)
        self._cancel.clicked.connect(self.cancel_asked)

    # ---- shown ---------------------------------------------------------------------------------------------

    def display(self, view: SourcesView) -> None:
        """Reasons and files; and the first page, while no other is looked at."""
        total = sum(count for _, count in view.quarantine_reasons)
        self._counts = dict(view.quarantine_reasons)
        chosen = self.reason
        self._reasons.show(((ALL_REASONS, total), *view.quarantine_reasons) if total else ())
        names = [ALL_REASONS, *self._counts]
        if total and (chosen or ALL_REASONS) in names:
            self._choose_reason(names.index(chosen or ALL_REASONS))
        self._show_files({one.path: one.rows_quarantined for one in view.files if one.rows_quarantined})
        if not self.elsewhere:
            self.display_page(view.quarantine)
        self._all_well.setVisible(not total)
        self._page.setVisible(bool(total) or bool(self._said.text()))
        self._why_not = view.why_no_replay
        self._allow()

    def display_page(self, rows: tuple[QuarantineView, ...]) -> None:
        """The rows of the page that was asked for."""
        self._rows.show(rows)
        last = self._first + len(rows)
        total = self._total()
        self._where.setText(f"{format_count(self._first + 1)} to {format_count(last)} of {format_count(total)}"
                            if rows else "None")
        self._back.setEnabled(self._first > 0)
        self._on.setEnabled(last < total)
        if rows and not self._row_table.currentIndex().isValid():
            self._row_table.selectRow(0)

    def display_raw(self, row: QuarantineView, text: str) -> None:
        """The whole record, if that is still the one that is chosen."""
        if self._rows.row(self._row_table.currentIndex()) == row and self._raw.toPlainText() != text:
            self._raw.setPlainText(text)

    def display_progress(self, done: int, total: int, note: str) -> None:
        """While records are read again."""
        self._busy = True
        self._allow()
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._bar.show()
        self._cancel.show()
        self._say(note or "Reading records again", "muted")

    def display_replayed(self, report: ReplayReport) -> None:
        """What came of it."""
        rows = "1 record is a row now" if report.rows == 1 else f"{format_count(report.rows)} records are rows now"
        left = f"; {format_count(report.left)} still cannot be read" if report.left else ""
        self._say(f"{rows}{left}." if report.rows or report.left else
                  "None of them can become a row by a correction of Columns.", "good" if report.rows else "muted")
        self._first = 0

    def display_error(self, text: str) -> None:
        """It could not be done, and why."""
        self._say(text, "firing")

    def display_idle(self) -> None:
        """Nothing is being read again any more."""
        self._idle()

    def forget(self) -> None:
        """Another folder."""
        self._first = 0
        self._say("", "muted")
        self._raw.clear()
        self._file.setCurrentIndex(0)
        self._rows.show(())
        self._reasons.show(())

    # ---- asked ---------------------------------------------------------------------------------------------

    @property
    def reason(self) -> str | None:
        """The chosen one; None for all."""
        one = self._reasons.row(self._reason_table.currentIndex())
        return None if one is None or one[0] == ALL_REASONS else str(one[0])

    @property
    def file(self) -> str | None:
        """The chosen one; None for all."""
        return None if self._file.currentIndex() <= 0 else str(self._file.currentData())

    @property
    def first(self) -> int:
        """The number of the first row that is shown, from 0."""
        return self._first

    @property
    def elsewhere(self) -> bool:
        """Whether another page than the first of all is looked at."""
        return bool(self._first) or self.reason is not None or self.file is not None

    def _on_reason(self, _index: QModelIndex, _before: QModelIndex) -> None:
        self._ask(0)

    def _on_file(self) -> None:
        self._ask(0)

    def _on_back(self) -> None:
        self._ask(max(0, self._first - PAGE))

    def _on_on(self) -> None:
        self._ask(self._first + PAGE)

    def _ask(self, first: int) -> None:
        self._first = first
        self.page_asked.emit(self.reason, self.file, first)

    def _on_row(self, index: QModelIndex, _before: QModelIndex) -> None:
        one: QuarantineView | None = self._rows.row(index)
        self._raw.setPlainText(one.raw if one else "")
        if one is not None:
            self.raw_asked.emit(one)

    # ---- inside --------------------------------------------------------------------------------------------

    def _total(self) -> int:
        """Records of the chosen reason or file; with both chosen it is the smaller, for nobody has counted."""
        counts = [sum(self._counts.values())]
        if self.reason is not None:
            counts.append(self._counts.get(self.reason, 0))
        if self.file is not None:
            counts.append(self._files.get(self.file, 0))
        return min(counts)

    def _choose_reason(self, at: int) -> None:
        """Displaying is not asking."""
        selection = self._reason_table.selectionModel()
        selection.blockSignals(True)
        self._reason_table.selectRow(at)
        selection.blockSignals(False)

    def _show_files(self, files: dict[str, int]) -> None:
        if files.keys() != self._files.keys():
            chosen = self.file
            self._file.clear()
            self._file.addItem(ALL_FILES)
            for path in files:
                self._file.addItem(path, path)
            at = self._file.findData(chosen) if chosen is not None else 0
            self._file.setCurrentIndex(max(0, at))
        self._files = files

    def _say(self, text: str, tone: str) -> None:
        self._said.setText(text)
        set_tone(self._said, tone)

    def _idle(self) -> None:
        self._busy = False
        self._bar.hide()
        self._cancel.hide()
        self._allow()

    def _allow(self) -> None:
        """Whether records can be read again; if not, why: in the tip, and beside the button while there is room."""
        self._replay.setEnabled(bool(self._counts) and not self._why_not and not self._busy)
        tip = f"{NOT_NOW}{self._why_not}." if self._why_not else AGAIN
        self._replay.setToolTip(plain_tip(tip))
        self._replay.setAccessibleDescription(tip)
        if self._busy or not self._counts:
            return
        if self._why_not and not self._said.text():
            self._say(tip, "muted")
        elif not self._why_not and self._said.text().startswith(NOT_NOW):
            self._say("", "muted")

    def _put_together(self) -> QWidget:
        head = row(self._file, self._back, self._on, self._where, 8, self._said, self._bar, self._cancel, self._replay)
        head.setStretch(5, 1)
        across = QSplitter(Qt.Orientation.Horizontal)
        across.addWidget(self._reason_table)
        across.addWidget(self._row_table)
        across.setSizes([300, 740])
        across.setStretchFactor(1, 1)
        across.setChildrenCollapsible(False)
        down = QSplitter(Qt.Orientation.Vertical)
        down.addWidget(across)
        down.addWidget(self._raw)
        down.setSizes([240, 96])
        down.setStretchFactor(0, 1)
        down.setChildrenCollapsible(False)
        page = column(head, down)
        page.setStretch(1, 1)
        return holding(page)

"""The place Incidents: what was kept, what people say about it, and the reports written from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QSplitter,
    QStackedWidget,
    QWidget,
)

from console.metrics.format import format_time, format_window
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel
from widgets.panels.parts import Choice, button, centred, column, holding, label, row, set_widths, table, tool

if TYPE_CHECKING:
    from console.reports.view import Incident, IncidentRow

SEVERITIES = ("unset", "low", "medium", "high", "critical")
MOST_NOTES = 480
"""Pixels: on a tall screen the buttons stay near the words."""
STATUSES = ("draft", "open", "resolved")


class IncidentsPanel(QWidget):
    """Displays the list and one incident; asks to create, keep, delete and export."""

    create_asked = Signal()
    chosen = Signal(str)             # incident_id
    changed = Signal(object)         # Incident, with the words people gave it
    delete_asked = Signal(str)
    export_asked = Signal(str, str)  # incident_id, html | pdf
    cancel_asked = Signal()
    show_asked = Signal(str)         # incident_id: its windows on the board
    open_asked = Signal(str)         # path of a written report

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("incidents_panel")
        self._incident: Incident | None = None
        self._written = ""
        self._model = RowsModel((
            Column("Incident", 236, lambda one: one.title, icon=lambda one: icons.icon(
                "file-document-alert-outline", "muted")),
            Column("Window", 256, lambda one: format_window(one.window, relative=one.relative)),
            Column("State", 72, lambda one: one.status),
        ))
        self._table = table(self._model, "incident_table", "Incidents, newest first")
        self._create = button("Create incident", "create_incident",
                              "Keep the current window, or what is shown, as an incident (Ctrl+N)", default=True)
        self._first = button("Create incident", "create_first", "Keep the current window, or what is shown",
                             default=True)
        set_widths(self._table, self._model.widths(), wide=0)
        left = holding(column(row(label("Incidents", large=True), None, self._create), self._table))
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(left)
        split.addWidget(self._editor(icons))
        split.setSizes([480, 520])
        split.setChildrenCollapsible(False)
        empty = centred(column(
            label("No incidents yet", large=True),
            label("An incident keeps a window of time with what you say about it. From it a report is written: what "
                  "moved, who was hit, the charts, the drift table, and the commands that give the same numbers.",
                  tone="muted", wrap=True),
            8, row(self._first, None)), 560)
        self._pages = QStackedWidget()
        self._pages.addWidget(empty)
        self._pages.addWidget(split)
        self.setLayout(column(self._pages, margins=(16, 16, 16, 8)))
        self.setFocusProxy(self._table)
        self._create.clicked.connect(self.create_asked)
        self._first.clicked.connect(self.create_asked)
        self._table.selectionModel().currentRowChanged.connect(self._on_row)

    @property
    def incident(self) -> Incident | None:
        """The one in the editor."""
        return self._incident

    def display(self, rows: tuple[IncidentRow, ...]) -> None:
        """Show the list; an incident that is gone leaves the editor."""
        self._model.show(rows)
        self._table.viewport().update()
        self._pages.setCurrentIndex(1 if rows else 0)
        wanted = self._incident.incident_id if self._incident else ""
        at = next((number for number, one in enumerate(rows) if one.incident_id == wanted), -1)
        if at >= 0:
            self._table.selectRow(at)
        elif rows:
            self._show(None)
            self._table.selectRow(0)
            self.chosen.emit(rows[0].incident_id)
        else:
            self._show(None)

    def display_incident(self, incident: Incident) -> None:
        """Show one in the editor, and light it in the list."""
        self._show(incident)
        at = next((number for number, one in enumerate(self._model.rows)
                   if one.incident_id == incident.incident_id), -1)
        if at >= 0:
            self._table.selectRow(at)

    def display_progress(self, done: int, total: int, note: str) -> None:
        """While a report is written."""
        self._foot.setCurrentIndex(1)
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._note.setText(note or "Gathering")
        self._lock(True)

    def display_written(self, path: str) -> None:
        """The report is there."""
        self._written = path
        self._written_to.setText(f"Written: {path}")
        self._foot.setCurrentIndex(2)
        self._lock(False)

    def display_idle(self) -> None:
        """No report is being written."""
        self._foot.setCurrentIndex(0)
        self._lock(False)

    # ---- inside --------------------------------------------------------------------------------------------

    def _editor(self, icons: Icons) -> QWidget:
        self._title = QLineEdit(objectName="incident_title")
        self._title.setAccessibleName("Title")
        self._title.setMaxLength(200)
        self._when = label(name="incident_when", tone="muted", wrap=True)
        self._severity = Choice(icons, "incident_severity", "Severity", SEVERITIES)
        self._status = Choice(icons, "incident_status", "State", STATUSES)
        self._notes = QPlainTextEdit(objectName="incident_notes")
        self._notes.setAccessibleName("Notes")
        self._notes.setPlaceholderText("What was seen, what was done, what is still open")
        self._notes.setTabChangesFocus(True)
        self._save = button("Save", "incident_save", "Keep title, severity, state and notes")
        self._html = button("Export HTML", "export_html", "Write the report as one HTML file", default=True)
        self._pdf = button("Export PDF", "export_pdf", "Write the report as PDF")
        icons.dress(self._html, "language-html5", "on_accent")
        icons.dress(self._pdf, "file-pdf-box")
        self._look = tool(icons, "chart-line", "incident_show", "Show its time on the charts, its windows as brushes",
                          text="Show on charts")
        self._delete = tool(icons, "trash-can-outline", "incident_delete", "Delete this incident; can be undone",
                            text="Delete")
        self._bar = QProgressBar(objectName="export_progress")
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(160, 8)
        self._note = label(tone="muted")
        cancel = button("Cancel", "export_cancel", "Stop writing the report")
        self._written_to = label(name="export_written", tone="good", wrap=True)
        open_it = button("Open", "export_open", "Open the report in its program")
        self._foot = QStackedWidget()
        self._foot.addWidget(QWidget())
        self._foot.addWidget(holding(row(self._bar, self._note, None, cancel)))
        written = row(self._written_to, open_it)
        written.setStretch(0, 1)
        self._foot.addWidget(holding(written))
        self._foot.setFixedHeight(48)
        fields = column(
            label("Title", tone="muted"), self._title, self._when, 8,
            row(label("Severity", tone="muted"), self._severity, 16, label("State", tone="muted"), self._status, None,
                self._look),
            8, label("Notes", tone="muted"), self._notes,
            row(self._save, None, self._html, self._pdf, self._delete), self._foot, None, margins=(16, 0, 0, 0),
            gap=8)
        self._notes.setMaximumHeight(MOST_NOTES)
        fields.setStretch(fields.indexOf(self._notes), 1000)
        self._parts = (self._title, self._severity, self._status, self._notes, self._save, self._html, self._pdf,
                       self._look, self._delete)
        self._title.editingFinished.connect(self._keep)
        self._severity.activated.connect(self._keep)
        self._status.activated.connect(self._keep)
        self._save.clicked.connect(self._keep)
        self._html.clicked.connect(self._on_html)
        self._pdf.clicked.connect(self._on_pdf)
        self._look.clicked.connect(self._on_look)
        self._delete.clicked.connect(self._on_delete)
        cancel.clicked.connect(self.cancel_asked)
        open_it.clicked.connect(self._on_open)
        return holding(fields)

    def _show(self, incident: Incident | None) -> None:
        same = incident is not None and self._incident is not None \
            and incident.incident_id == self._incident.incident_id
        self._incident = incident
        for part in self._parts:
            part.setEnabled(incident is not None)
        if incident is None:
            self._title.clear()
            self._notes.clear()
            self._when.clear()
            return
        if not (same and self._title.hasFocus()):
            self._title.setText(incident.title)
        if not (same and self._notes.hasFocus()):
            self._notes.setPlainText(incident.notes)
        self._severity.setCurrentText(incident.severity)
        self._status.setCurrentText(incident.status)
        window, reference = (format_window(each, relative=incident.relative)
                             for each in (incident.window, incident.reference))
        self._when.setText(f"{window}, compared with {reference}. "
                           f"Created {format_time(incident.created)}. {incident.incident_id}")
        if not same:
            self._foot.setCurrentIndex(0)

    def with_words(self) -> Incident | None:
        """The incident with what stands in the editor now."""
        if self._incident is None:
            return None
        return replace(self._incident, title=self._title.text().strip() or self._incident.title,
                       notes=self._notes.toPlainText(), severity=self._severity.currentText(),
                       status=self._status.currentText())

    def _keep(self) -> None:
        words = self.with_words()
        if words is not None and words != self._incident:
            self._incident = words
            self.changed.emit(words)

    def _lock(self, busy: bool) -> None:
        for part in (self._html, self._pdf, self._delete):
            part.setEnabled(not busy and self._incident is not None)

    def _on_row(self, index: QModelIndex, _before: QModelIndex) -> None:
        one = self._model.row(index)
        if one is not None and (self._incident is None or self._incident.incident_id != one.incident_id):
            self._keep()
            self.chosen.emit(one.incident_id)

    def _on_html(self) -> None:
        self._export("html")

    def _on_pdf(self) -> None:
        self._export("pdf")

    def _export(self, form: str) -> None:
        self._keep()
        if self._incident is not None:
            self.export_asked.emit(self._incident.incident_id, form)

    def _on_look(self) -> None:
        if self._incident is not None:
            self.show_asked.emit(self._incident.incident_id)

    def _on_delete(self) -> None:
        if self._incident is not None:
            self.delete_asked.emit(self._incident.incident_id)

    def _on_open(self) -> None:
        self.open_asked.emit(self._written)

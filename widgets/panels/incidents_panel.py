"""The place Incidents: what was kept, what people say about it, and the reports written from it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit, QMenu, QProgressBar, QSplitter, QStackedWidget, QToolButton, QWidget

from console.metrics.format import format_since, format_window
from console.reports.view import SEVERITIES, STATUSES, Incident, IncidentRow
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel
from widgets.panels.incident_form import WIDEST, IncidentForm
from widgets.panels.parts import Choice, button, centred, column, holding, label, row, set_widths, table, tool

OTHER_FORMS = (("md", "Markdown, for an issue"), ("json", "JSON"), ("zip", "All formats with the evidence (zip)"))
ANY_STATUS, ANY_SEVERITY = "any state", "any severity"


class IncidentsPanel(QWidget):
    """Displays the list and one incident; asks to create, keep, undo, delete and export."""

    create_asked = Signal()
    worst_asked = Signal()           # one about the worst time of the log
    chosen = Signal(str)             # incident_id
    changed = Signal(object)         # Incident, with the words people gave it
    undo_asked = Signal(str)
    redo_asked = Signal(str)
    look_asked = Signal(str)         # search the log again
    delete_asked = Signal(str)
    export_asked = Signal(str, str)  # incident_id, html | pdf | md | json | zip
    cancel_asked = Signal()
    show_asked = Signal(str)         # incident_id: its windows on the board
    advice_asked = Signal()          # what to do about the one in the editor
    retime_asked = Signal(str)       # the brushed windows become its own
    open_asked = Signal(str)         # path of a written report

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("incidents_panel")
        self._every: tuple[IncidentRow, ...] = ()
        self._written = ""
        self._model = RowsModel((
            Column("Incident", 160, lambda one: one.title, icon=lambda one: icons.icon(
                "file-document-alert-outline", "muted")),
            Column("Began", 112, _began, tip=lambda one: format_window(one.window, relative=one.relative)),
            Column("Severity", 72, lambda one: "" if one.severity == SEVERITIES[0] else one.severity),
            Column("State", 72, lambda one: one.status),
        ))
        self._table = table(self._model, "incident_table", "Incidents, newest first")
        set_widths(self._table, self._model.widths(), wide=0)
        self._create = button("Create incident", "create_incident",
                              "Keep the current window, or what is shown, as an incident (Ctrl+N)", default=True)
        self._first = button("Create incident", "create_first", "Keep the current window, or what is shown",
                             default=True)
        self._worst = button("Find the worst time", "create_worst",
                             "Look through the whole log for the time in which most got worse, and make an incident of "
                             "it (Ctrl+Shift+N)")
        self._form = IncidentForm(icons)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self._list(icons))
        split.addWidget(self._editor(icons))
        split.setSizes([440, 720])
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 2)
        split.setChildrenCollapsible(False)
        empty = centred(column(
            label("No incidents yet", large=True),
            label("An incident keeps a window of time with what was found in it and what you say about it: when it "
                  "began, who was hit, what moved. Make one from an alarm, from what changed, or from a window that "
                  "you brush on a chart. From it a report is written.", tone="muted", wrap=True),
            8, row(self._first, self._worst, None)), 560)
        self._pages = QStackedWidget()
        self._pages.addWidget(empty)
        self._pages.addWidget(split)
        self.setLayout(column(self._pages, margins=(16, 16, 16, 8)))
        self.setFocusProxy(self._table)
        self._create.clicked.connect(self.create_asked)
        self._first.clicked.connect(self.create_asked)
        self._worst.clicked.connect(self.worst_asked)
        self._table.selectionModel().currentRowChanged.connect(self._on_row)
        self._search.textChanged.connect(self._filter)
        self._of_status.activated.connect(self._filter)
        self._of_severity.activated.connect(self._filter)
        self._form.edited.connect(self.keep)
        self._form.show_asked.connect(self._on_look)
        self._form.retime_asked.connect(self._on_retime)
        self._form.look_asked.connect(self._on_search_again)
        self.display_steps(undo=False, redo=False)
        self._show(None)

    @property
    def incident(self) -> Incident | None:
        """The one in the editor."""
        return self._form.incident

    def display(self, rows: tuple[IncidentRow, ...]) -> None:
        """Show the list; an incident that is gone leaves the editor."""
        self._every = rows
        self._pages.setCurrentIndex(1 if rows else 0)
        here = self.incident
        if here is not None and all(one.incident_id != here.incident_id for one in rows):
            self._show(None)
        self._filter()

    def display_incident(self, incident: Incident) -> None:
        """Show one in the editor, and light it in the list."""
        self._show(incident)
        if all(one.incident_id != incident.incident_id for one in self._model.rows):
            self._search.clear()        # a new one may not fit what was searched for
            self._of_status.setCurrentIndex(0)
            self._of_severity.setCurrentIndex(0)
        self._light(incident.incident_id)

    def display_kept(self, incident: Incident) -> None:
        """What was kept, or found in the log: what is being typed stays."""
        here = self.incident
        if here is not None and here.incident_id == incident.incident_id:
            self._form.display_facts(incident)

    def display_looking(self, incident_id: str, note: str) -> None:
        """While the log is searched for one."""
        here = self.incident
        if here is not None and here.incident_id == incident_id:
            self._form.display_looking(note)

    def display_steps(self, *, undo: bool, redo: bool) -> None:
        """Whether an edit can be taken back, and made again."""
        self._undo.setEnabled(undo)
        self._redo.setEnabled(redo)

    def display_progress(self, done: int, total: int, note: str) -> None:
        """While a report is written."""
        self._foot.setCurrentIndex(0)
        self._foot.show()
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._note.setText(note or "Gathering")
        self._lock(True)

    def display_written(self, path: str) -> None:
        """The report is there."""
        self._written = path
        self._written_to.setText(f"Written: {path}")
        self._foot.setCurrentIndex(1)
        self._foot.show()
        self._lock(False)

    def display_idle(self) -> None:
        """No report is being written."""
        self._foot.hide()
        self._lock(False)

    def with_words(self) -> Incident | None:
        """The incident with what stands in the editor now."""
        return self._form.words()

    def unkept(self) -> Incident | None:
        """With what was typed and not yet asked to be kept; None where nothing was."""
        words = self._form.words()
        return words if words != self._form.incident else None

    def keep(self) -> None:
        """Ask for it to be kept, if something was typed."""
        words = self.unkept()
        if words is not None:
            self._form.display_facts(words)
            self.changed.emit(words)

    def find(self) -> None:
        """The cursor into the search field."""
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def event(self, event: QEvent) -> bool:
        """Ctrl+Z takes back what was done here, and not the last correction of columns; a field that is being typed in
        keeps it for itself."""
        if event.type() is QEvent.Type.ShortcutOverride and _step(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """See `event`."""
        match _step(event):
            case "undo":
                self._on_undo()
            case "redo":
                self._on_redo()
            case _:
                super().keyPressEvent(event)

    # ---- inside --------------------------------------------------------------------------------------------

    def _list(self, icons: Icons) -> QWidget:
        self._search = QLineEdit(objectName="incident_search")
        self._search.setPlaceholderText("Find words")
        self._search.setAccessibleName("Find incidents by their words")
        self._search.setClearButtonEnabled(True)
        self._of_status = Choice(icons, "incident_of_status", "Only those in a state", (ANY_STATUS, *STATUSES))
        self._of_severity = Choice(icons, "incident_of_severity", "Only those of a severity",
                                   (ANY_SEVERITY, *SEVERITIES))
        self._none = label("None fits.", name="incident_none", tone="muted")
        filters = row(self._search, self._of_status, self._of_severity)
        filters.setStretch(0, 1)
        return holding(column(row(label("Incidents", large=True), None, self._create), filters, self._none,
                              self._table, margins=(0, 0, 16, 0)))

    def _editor(self, icons: Icons) -> QWidget:
        self._undo = tool(icons, "undo", "incident_undo", "Take the last edit of this incident back (Alt+Z)")
        self._redo = tool(icons, "redo", "incident_redo", "Make the edit again that was taken back (Alt+Shift+Z)")
        self._html = button("Export HTML", "export_html", "Write the report as one HTML file", default=True)
        self._pdf = button("Export PDF", "export_pdf", "Write the report as PDF")
        icons.dress(self._html, "language-html5", "on_accent")
        icons.dress(self._pdf, "file-pdf-box")
        self._other = tool(icons, "export-variant", "export_other", "Write the report in another form",
                           text="Export as")
        self._other.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._forms = QMenu(self)
        self._forms.setObjectName("export_forms")
        for form, text in OTHER_FORMS:
            action = self._forms.addAction(text)
            action.setData(form)
        self._forms.triggered.connect(self._on_form)
        self._other.setMenu(self._forms)
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
        self._foot.addWidget(holding(row(self._bar, self._note, None, cancel)))
        written = row(self._written_to, open_it)
        written.setStretch(0, 1)
        self._foot.addWidget(holding(written))
        self._foot.setFixedHeight(40)
        self._foot.hide()
        self._advice = tool(icons, "compass-outline", "incident_advice", "What to do about it: whether it was a "
                            "shock, what could answer instead, how to train again (Ctrl+Shift+J)")
        self._advice.clicked.connect(self.advice_asked)
        self._undo.clicked.connect(self._on_undo)
        self._redo.clicked.connect(self._on_redo)
        self._html.clicked.connect(self._on_html)
        self._pdf.clicked.connect(self._on_pdf)
        self._delete.clicked.connect(self._on_delete)
        cancel.clicked.connect(self.cancel_asked)
        open_it.clicked.connect(self._on_open)
        buttons = holding(row(self._undo, self._redo, self._advice, None, self._delete, self._other, self._pdf,
                              self._html))
        for under in (buttons, self._foot):
            under.setMaximumWidth(WIDEST)
        made = column(self._form, buttons, self._foot, margins=(16, 0, 0, 0))
        made.setStretch(0, 1)
        return holding(made)

    def _filter(self) -> None:
        words = self._search.text().lower().split()
        status, severity = self._of_status.currentText(), self._of_severity.currentText()
        rows = tuple(one for one in self._every
                     if (self._of_status.currentIndex() == 0 or one.status == status)
                     and (self._of_severity.currentIndex() == 0 or one.severity == severity)
                     and all(word in one.words for word in words))
        self._model.show(rows)
        self._table.viewport().update()
        self._none.setVisible(bool(self._every) and not rows)
        here = self.incident
        if here is not None and self._light(here.incident_id):
            return
        if rows and here is None:
            self._table.selectRow(0)
            self.chosen.emit(rows[0].incident_id)
        elif here is not None:
            self._table.clearSelection()

    def _light(self, incident_id: str) -> bool:
        at = next((number for number, one in enumerate(self._model.rows) if one.incident_id == incident_id), -1)
        if at >= 0:
            self._table.selectRow(at)
        return at >= 0

    def _show(self, incident: Incident | None) -> None:
        before = self.incident
        same = incident is not None and before is not None and incident.incident_id == before.incident_id
        self._form.display(incident)
        for part in (self._html, self._pdf, self._other, self._delete):
            part.setEnabled(incident is not None)
        if not same:
            self.display_steps(undo=False, redo=False)
            self._foot.hide()

    def _lock(self, busy: bool) -> None:
        for part in (self._html, self._pdf, self._other, self._delete):
            part.setEnabled(not busy and self.incident is not None)

    def _on_row(self, index: QModelIndex, _before: QModelIndex) -> None:
        one, here = self._model.row(index), self.incident
        if one is not None and (here is None or here.incident_id != one.incident_id):
            self.keep()
            self.chosen.emit(one.incident_id)

    def _on_form(self, action: QAction) -> None:
        self._export(action.data())

    def _on_html(self) -> None:
        self._export("html")

    def _on_pdf(self) -> None:
        self._export("pdf")

    def _export(self, form: str) -> None:
        self.keep()
        if self.incident is not None:
            self.export_asked.emit(self.incident.incident_id, form)

    def _on_look(self) -> None:
        if self.incident is not None:
            self.show_asked.emit(self.incident.incident_id)

    def _on_retime(self) -> None:
        if self.incident is not None:
            self.keep()
            self.retime_asked.emit(self.incident.incident_id)

    def _on_search_again(self) -> None:
        if self.incident is not None:
            self.keep()
            self.look_asked.emit(self.incident.incident_id)

    def _on_undo(self) -> None:
        if self.incident is not None:
            self.undo_asked.emit(self.incident.incident_id)

    def _on_redo(self) -> None:
        if self.incident is not None:
            self.redo_asked.emit(self.incident.incident_id)

    def _on_delete(self) -> None:
        if self.incident is not None:
            self.delete_asked.emit(self.incident.incident_id)

    def _on_open(self) -> None:
        self.open_asked.emit(self._written)


def _began(one: IncidentRow) -> str:
    at = one.window.start
    return format_since(at) if one.relative else f"{at.day} {at:%b %H:%M}"


def _step(event: QEvent) -> str:
    """undo, redo, or "" for another key."""
    if not isinstance(event, QKeyEvent):
        return ""
    return ("undo" if event.matches(QKeySequence.StandardKey.Undo)
            else "redo" if event.matches(QKeySequence.StandardKey.Redo) else "")

"""What is known of one incident and what people say about it: moments, what was found, notes, lessons, actions."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLineEdit, QPlainTextEdit, QScrollArea, QSizePolicy, QWidget

from console.metrics.format import format_span, format_time, format_window
from console.reports.view import NO_LESSONS, SEVERITIES, STATUSES, Incident, Lessons
from widgets.icons import Icons
from widgets.panels.action_rows import action_rows
from widgets.panels.moment_rows import MomentRows
from widgets.panels.note_rows import NoteRows
from widgets.panels.parts import Choice, column, holding, label, row, tool

LESSONS = (("trigger", "Trigger", "What set it off"),
           ("factors", "Contributing factors", "What made it possible, what made it worse: one a line"),
           ("detection", "Detection", "Who or what noticed, and how it could have been sooner"),
           ("resolution", "Resolution", "What ended it"),
           ("well", "What went well", "What to keep"),
           ("badly", "What went badly", "What to change"),
           ("lucky", "Where we were lucky", "What could have made it worse"))
NOTES_PX, LESSON_PX = 96, 56
MOST_FOUND = 6
"""Lines of what was found; the report has all."""
WIDEST = 880
"""Pixels: longer lines are hard to read."""


class IncidentForm(QScrollArea):
    """Shows an incident and gives it back with what was typed. Kept when a field is left."""

    edited = Signal()
    show_asked = Signal()
    retime_asked = Signal()
    look_asked = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("incident_form")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._incident: Incident | None = None
        self._title = _line("incident_title", "Title", 200)
        self._service = _line("incident_service", "Service", 120, "What was hit")
        self._authors = _line("incident_authors", "Authors", 200, "Ana, Ben")
        self._severity = Choice(icons, "incident_severity", "Severity", SEVERITIES)
        self._status = Choice(icons, "incident_status", "State", STATUSES)
        self._when = label(name="incident_when", tone="muted", wrap=True)
        self._look = tool(icons, "chart-line", "incident_show", "Show its time on the charts, its windows as brushes",
                          text="Show on charts")
        self._retime = tool(icons, "select-drag", "incident_retime",
                            "Take the brushed windows for its own, and search the log again", text="Take brushes")
        self._again = tool(icons, "magnify-scan", "incident_look",
                           "Search the log again for alarms, changes, drift and moments", text="Search again")
        self._moments = MomentRows()
        self._found = label(name="incident_found", wrap=True)
        self._found_note = label(name="incident_found_note", tone="muted", wrap=True)
        self._notes = _text("incident_notes", "Notes", "What was seen, what was done, what is still open", NOTES_PX)
        self._lessons = {name: _text(f"incident_{name}", title, hint, LESSON_PX) for name, title, hint in LESSONS}
        self._timed = NoteRows(icons)
        self._actions = action_rows(icons)
        self.setWidget(self._page())
        for line in (self._title, self._service, self._authors):
            line.editingFinished.connect(self._on_edited)
        for choice in (self._severity, self._status):
            choice.activated.connect(self._on_edited)
        for text in (self._notes, *self._lessons.values()):
            text.installEventFilter(self)
        self._moments.edited.connect(self._on_edited)
        self._timed.edited.connect(self._on_edited)
        self._actions.edited.connect(self._on_edited)
        self._look.clicked.connect(self.show_asked)
        self._retime.clicked.connect(self.retime_asked)
        self._again.clicked.connect(self.look_asked)
        self.setFocusProxy(self._title)

    @property
    def incident(self) -> Incident | None:
        """As it was shown last."""
        return self._incident

    def display(self, incident: Incident | None) -> None:
        """Show all of it: another one, or this one after something was taken back."""
        self._incident = incident
        self.widget().setEnabled(incident is not None)
        self._show_words(incident)
        self._show_facts(incident)

    def display_facts(self, incident: Incident) -> None:
        """The same one with what was found or kept since: what is being typed stays."""
        self._incident = incident
        self._show_facts(incident)

    def display_looking(self, note: str) -> None:
        """While the log is searched."""
        self._found_note.setText(note)
        self._found_note.setVisible(bool(note))

    def words(self) -> Incident | None:
        """The incident with what stands in the form now."""
        if self._incident is None:
            return None
        return replace(
            self._incident, title=self._title.text().strip() or self._incident.title,
            notes=self._notes.toPlainText(), severity=self._severity.currentText(),
            status=self._status.currentText(), service=self._service.text().strip(),
            authors=tuple(part.strip() for part in self._authors.text().split(",") if part.strip()),
            milestones=self._moments.milestones(), lessons=self._said(), log=self._timed.items(),
            actions=self._actions.items())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A text box is left: what stands in it is kept."""
        if event.type() is QEvent.Type.FocusOut and isinstance(watched, QPlainTextEdit):
            self._on_edited()
        return super().eventFilter(watched, event)

    # ---- inside --------------------------------------------------------------------------------------------

    def _page(self) -> QWidget:
        lessons = QGridLayout()
        lessons.setContentsMargins(0, 0, 0, 0)
        lessons.setHorizontalSpacing(16)
        lessons.setVerticalSpacing(8)
        for number, (name, title, _hint) in enumerate(LESSONS):
            under = column(label(title, tone="muted"), self._lessons[name], gap=4)
            lessons.addLayout(under, number // 2, number % 2)
        for number in (0, 1):
            lessons.setColumnStretch(number, 1)
        who = QGridLayout()
        who.setContentsMargins(0, 0, 0, 0)
        who.setHorizontalSpacing(16)
        who.setVerticalSpacing(4)
        for number, (title, part) in enumerate((("Severity", self._severity), ("State", self._status),
                                                ("Service", self._service), ("Authors", self._authors))):
            who.addWidget(label(title, tone="muted"), 0, number)
            who.addWidget(part, 1, number)
        who.setColumnStretch(2, 2)
        who.setColumnStretch(3, 3)
        place = row(self._look, self._retime, None)
        found = row(label("Found in the log", large=True), None, self._again)
        inner = holding(column(
            label("Title", tone="muted"), self._title, who, self._when, place, 8,
            label("Moments", large=True), self._moments, 8,
            found, self._found, self._found_note, 8,
            label("Notes", large=True), self._notes, self._timed, 8,
            label("Lessons", large=True), lessons, 8,
            label("Actions", large=True), self._actions, None, margins=(0, 0, 16, 16)))
        inner.setMaximumWidth(WIDEST)
        inner.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        across = row(inner, None)
        across.setStretch(0, 1000)
        return holding(across)

    def _show_words(self, incident: Incident | None) -> None:
        lessons = incident.lessons if incident is not None else NO_LESSONS
        for line, text in ((self._title, incident.title if incident else ""),
                           (self._service, incident.service if incident else ""),
                           (self._authors, ", ".join(incident.authors) if incident else "")):
            if line.text() != text:
                line.setText(text)
        for box, text in ((self._notes, incident.notes if incident else ""),
                          *((self._lessons[name], _lesson_text(lessons, name)) for name in self._lessons)):
            if box.toPlainText() != text:
                box.setPlainText(text)
        self._severity.setCurrentText(incident.severity if incident else SEVERITIES[0])
        self._status.setCurrentText(incident.status if incident else STATUSES[0])
        self._actions.display(incident.actions if incident else ())
        if incident is not None:
            self._timed.display_for(incident.log, incident.window.end, relative=incident.relative)
        else:
            self._timed.display(())
        self._moments.display(incident)

    def _show_facts(self, incident: Incident | None) -> None:
        self._moments.display(incident)
        if incident is None:
            self._when.clear()
            self._found.clear()
            self.display_looking("")
            return
        window, reference = (format_window(each, relative=incident.relative)
                             for each in (incident.window, incident.reference))
        self._when.setText(f"{window} ({format_span(incident.window.seconds)}), compared with {reference}. "
                           f"{incident.incident_id}, created {format_time(incident.created)}.")
        lines = found_lines(incident)
        more = [f"and {len(lines) - MOST_FOUND} more; the report has all of it"] if len(lines) > MOST_FOUND else []
        self._found.setText("\n".join([*lines[:MOST_FOUND], *more]))
        self._found.setVisible(bool(lines))
        self.display_looking("" if lines else "The log has not been searched yet." if incident.looked is None
                             else "Nothing was found in this time: no alarm, no change, no drift.")

    def _said(self) -> Lessons:
        texts = {name: box.toPlainText().strip() for name, box in self._lessons.items()}
        factors = tuple(line.strip() for line in texts.pop("factors").splitlines() if line.strip())
        return Lessons(factors=factors, **texts)

    def _on_edited(self) -> None:
        if self._incident is not None and self.words() != self._incident:
            self.edited.emit()


def found_lines(incident: Incident) -> list[str]:
    """What is attached, alarms, changes and drift in a sentence each; a column told as a change is not told again."""
    told = {change.column for change in incident.changes if change.column}
    return [*(f"Attached: {result.title}. {result.sentence}" for result in incident.results),
            *(f"Alarm{f' of {alarm.labels}' if alarm.labels else ''}: {alarm.sentence.rstrip('.')}."
              for alarm in incident.alarms),
            *(change.sentence for change in incident.changes),
            *(f"Drift: {moved.sentence}" for moved in incident.drift if moved.column not in told)]


def _lesson_text(lessons: Lessons, name: str) -> str:
    return "\n".join(lessons.factors) if name == "factors" else str(getattr(lessons, name))


def _line(name: str, spoken: str, most: int, hint: str = "") -> QLineEdit:
    made = QLineEdit(objectName=name)
    made.setAccessibleName(spoken)
    made.setMaxLength(most)
    made.setPlaceholderText(hint)
    return made


def _text(name: str, spoken: str, hint: str, height: int) -> QPlainTextEdit:
    made = QPlainTextEdit(objectName=name)
    made.setAccessibleName(spoken)
    made.setPlaceholderText(hint)
    made.setTabChangesFocus(True)
    made.setFixedHeight(height)
    return made

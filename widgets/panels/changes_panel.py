"""What changed since a moment: what moved, in the order in which it began; each line leads to its chart."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QObject, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QStackedWidget,
    QTableView,
    QWidget,
)

from console.changes.view import ChangeKind, ChangeRow, ChangesView, Trace
from console.metrics.format import format_number, format_span, format_time, format_value
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel
from widgets.panels.parts import button, column, holding, label, row, set_tone, set_widths, table, tool
from widgets.panels.spark import SparkCell

EMPTY = ("Ask what changed since a moment: type it above, press Ctrl+J with the cross-hair on it, or choose “What "
         "changed since” of an alarm, a mark or a chart.")
COURSE_TIP = "From before it began, at the thin line, to after it ended; coloured where it was so"
LINE_PX = 44
"""Two lines of text a row: most sentences fit."""
SPARE_PX = 16
KINDS = {ChangeKind.SCHEMA: ("table-cog", "Schema"), ChangeKind.VERSION: ("tag-outline", "Version"),
         ChangeKind.TRAFFIC: ("swap-horizontal", "Traffic"), ChangeKind.COLUMN: ("table-column", "Column"),
         ChangeKind.METRIC: ("chart-line", "Metric"), ChangeKind.SEGMENT: ("call-split", "Segment")}


@dataclass(frozen=True, slots=True)
class Fold:
    """The line above the weak ones."""

    count: int
    open: bool

    @property
    def said(self) -> str:
        signs = "1 weak sign" if self.count == 1 else f"{self.count} weak signs"
        return f"{signs}: may be chance, too small to matter, or the time of week"


Line = ChangeRow | Fold | str
"""A string is a note."""


class ChangesPanel(QWidget):
    """Displays a ChangesView; asks for moments, charts, columns, incidents. What moved is decided elsewhere."""

    typed = Signal(str)              # a moment, as people write it
    cancel_asked = Signal()
    show_asked = Signal(object)      # ChangeRow: its chart, or its column
    drift_asked = Signal(object)     # ChangeRow: before and after as test windows
    incident_asked = Signal(object)  # ChangeRow
    pick_asked = Signal(object, bool)    # ChangeRow of a segment, whether all but that: the board is about it then
    copy_asked = Signal()
    command_asked = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("changes_panel")
        self._icons = icons
        self._view: ChangesView | None = None
        self._open = False
        self._since = QLineEdit(objectName="changes_since")
        self._since.setPlaceholderText("2 Mar 2026 12:00, now-6h")
        self._since.setAccessibleName("Since when")
        self._since.setFixedWidth(208)
        self._ask = button("Ask", "changes_ask", "Look for what changed since that time (Return)")
        self._bar = QProgressBar(objectName="changes_progress")
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(96, 8)
        self._doing = label(name="changes_doing", tone="muted")
        self._cancel = button("Cancel", "changes_cancel", "Stop looking")
        self._show = button("Show", "changes_show", "Its chart at that time; a column without one in Drift (Return)")
        self._drift = button("Test drift", "changes_drift", "Compare the time before with the time in which it was so, "
                             "column by column")
        self._incident = button("Create incident", "changes_incident", "Keep the time in which it was so, with the "
                                "time before as its reference")
        self._only = button("Only this", "changes_only", "The board about the requests of this segment only")
        self._not = button("Not this", "changes_not", "The board about all requests but those of this segment")
        self._copy = tool(icons, "content-copy", "changes_copy", "Copy all of it as text (Ctrl+C)")
        self._command = tool(icons, "console", "changes_command", "Copy the command that gives this answer")
        self._sentence = label(name="changes_sentence", wrap=True)
        self._model: RowsModel = RowsModel((
            Column("Kind", 96, self._word, icon=self._icon, foreground=self._tone),
            Column("Began", 160, self._began, foreground=self._tone, tip=self._began_tip),
            Column("Course", 112, lambda _one: "", tip=lambda one: COURSE_TIP if self._trace(one) is not None else ""),
            Column("Before → after", 176, before_after, foreground=self._tone),
            Column("What changed", 400, said, foreground=self._tone),
        ))
        self._table = self._make_table()
        self._table.viewport().installEventFilter(self)
        self._empty = label(EMPTY, name="changes_empty", tone="muted", wrap=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        self._pages.addWidget(holding(column(None, self._empty, None, margins=(64, 0, 64, 0))))
        found = column(self._sentence, self._table, gap=4)
        found.setStretch(1, 1)
        self._pages.addWidget(holding(found))
        page = column(row(label("Since"), self._since, self._ask, self._bar, self._doing, self._cancel, None,
                          self._only, self._not, self._show, self._drift, self._incident, self._copy, self._command),
                      self._pages, margins=(8, 4, 8, 8), gap=4)
        page.setStretch(1, 1)
        self.setLayout(page)
        self._since.returnPressed.connect(self._on_typed)
        self._ask.clicked.connect(self._on_typed)
        self._cancel.clicked.connect(self.cancel_asked)
        self._show.clicked.connect(self._on_show)
        self._drift.clicked.connect(self._on_drift)
        self._incident.clicked.connect(self._on_incident)
        self._only.clicked.connect(self._on_only)
        self._not.clicked.connect(self._on_not)
        self._copy.clicked.connect(self.copy_asked)
        self._command.clicked.connect(self.command_asked)
        icons.holder.changed.connect(self._table.viewport().update)
        self.forget()

    # ---- shown ---------------------------------------------------------------------------------------------

    @property
    def view(self) -> ChangesView | None:
        """The answer that is shown."""
        return self._view

    @property
    def chosen(self) -> ChangeRow | None:
        """The line that is chosen, if it is about a change."""
        found = self._model.row(self._table.currentIndex())
        return found if isinstance(found, ChangeRow) else None

    def forget(self) -> None:
        """Another folder."""
        self._since.clear()
        self._clear(EMPTY)
        self.display_idle()

    def begin(self, moment: str) -> None:
        """It is being looked for since then; what was found since another moment goes."""
        self._since.setText(moment)
        self._clear("")
        self.display_progress(0, 0, "Reading")

    def display_progress(self, done: int, total: int, note: str) -> None:
        """How far it is."""
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._doing.setText(note)
        for part in (self._bar, self._doing, self._cancel):
            part.show()

    def display_idle(self) -> None:
        """Nothing is being looked for any more."""
        for part in (self._bar, self._doing, self._cancel):
            part.hide()
        if self._view is None and not self._empty.text():
            self._clear(EMPTY)

    def display(self, view: ChangesView) -> None:
        """The answer. The first line is chosen and keys go to it, so that Return shows it; unless somebody types."""
        self._view, self._open = view, not any(not one.weak for one in view.rows)
        self._sentence.setText(view.sentence)
        self._command.setToolTip(f"Copy the command that gives this answer: {view.command}")
        self._fill()
        self._pages.setCurrentIndex(1)
        self._table.selectRow(0)
        self._on_row(self._table.currentIndex(), QModelIndex())
        focused = QApplication.focusWidget()
        if focused is self._since or not isinstance(focused, QLineEdit | QPlainTextEdit):
            self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def display_error(self, text: str) -> None:
        """It cannot be asked so, and why."""
        self._clear(text)
        set_tone(self._empty, "")

    def start_typing(self, proposed: str = "") -> None:
        """The time is to be typed; what is proposed is taken by Return. A time that stands there already stays."""
        if not self._since.text().strip():
            self._since.setText(proposed)
        self._since.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._since.selectAll()

    # ---- inside --------------------------------------------------------------------------------------------

    def _clear(self, text: str) -> None:
        self._view = None
        self._model.show(())
        self._empty.setText(text)
        set_tone(self._empty, "muted")
        self._pages.setCurrentIndex(0)
        self._on_row(QModelIndex(), QModelIndex())

    def _fill(self) -> None:
        if self._view is None:
            return
        strong = tuple(one for one in self._view.rows if not one.weak)
        weak = tuple(one for one in self._view.rows if one.weak)
        lines: list[Line] = list(strong)
        if weak:
            lines += [Fold(len(weak), self._open), *(weak if self._open else ())]
        lines += [*self._view.notes, *([f"Compared with {self._view.reference_name}."]
                                       if self._view.reference is not None else [])]
        self._table.clearSpans()
        self._model.show(tuple(lines))
        for number, one in enumerate(lines):
            if not isinstance(one, ChangeRow):
                self._table.setSpan(number, 0, 1, len(self._model.widths()))
        self._set_heights()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Sentences are wrapped anew when the table becomes wider or narrower. Of a column that takes what is left Qt
        does not tell how wide it has become."""
        if event.type() is QEvent.Type.Resize:
            self._set_heights()
        return super().eventFilter(watched, event)

    def _set_heights(self) -> None:
        """So that a sentence of three lines is not cut."""
        others = sum(self._table.columnWidth(at) for at in range(len(self._model.widths()) - 1))
        metrics, wide = self._table.fontMetrics(), self._table.viewport().width() - others - SPARE_PX
        for number, one in enumerate(self._model.rows):
            high = metrics.boundingRect(QRect(0, 0, max(wide, 1), 1000), Qt.TextFlag.TextWordWrap, said(one)).height()
            self._table.setRowHeight(number, max(LINE_PX, high + 8) if isinstance(one, ChangeRow) else 28)

    def _make_table(self) -> QTableView:
        made = table(self._model, "changes_table", "What changed, in the order in which it began")
        set_widths(made, self._model.widths())
        made.setWordWrap(True)
        made.setItemDelegateForColumn(2, SparkCell(
            self._icons.holder, lambda at: self._trace(self._model.row(at)), made))
        made.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        made.clicked.connect(self._on_clicked)
        made.activated.connect(self._on_activated)
        made.selectionModel().currentRowChanged.connect(self._on_row)
        return made

    @staticmethod
    def _trace(one: Line | None) -> Trace | None:
        return one.trace if isinstance(one, ChangeRow) else None

    def _word(self, one: Line) -> str:
        match one:
            case ChangeRow():
                return KINDS[one.kind][1]
            case Fold():
                return f"{one.said}. {'Hide them' if one.open else 'Show them'}"
            case _:
                return one

    def _icon(self, one: Line) -> object:
        match one:
            case ChangeRow():
                return self._icons.icon(KINDS[one.kind][0], "muted" if one.weak else "text")
            case Fold():
                return self._icons.icon("chevron-down" if one.open else "chevron-right", "muted")
            case _:
                return self._icons.icon("information-outline", "muted")

    def _tone(self, one: Line) -> object:
        return None if isinstance(one, ChangeRow) and not one.weak else self._icons.theme.color("muted")

    def _began(self, one: Line) -> str:
        if not isinstance(one, ChangeRow) or self._view is None:
            return ""
        unsure = self._unsure_s(one)
        at = format_time(one.onset, seconds=self._view.bucket_s < 60, relative=self._view.relative)
        if one.onset <= self._view.since.start:
            return f"{at}\nor before"
        return f"{at}\n± {format_span(unsure)}" if unsure else at

    def _unsure_s(self, one: ChangeRow) -> float:
        return max((one.onset_to - one.onset).total_seconds(), (one.onset - one.onset_from).total_seconds())

    def _began_tip(self, one: Line) -> str:
        if not isinstance(one, ChangeRow) or self._view is None:
            return ""
        first, last, end = (format_time(at, seconds=True, relative=self._view.relative) if at is not None else ""
                            for at in (one.onset_from, one.onset_to, one.ended))
        return f"Between {first} and {last}\n{f'Back as before at {end}' if end else 'It lasts to the end'}"

    def _toggle(self) -> None:
        at = self._table.currentIndex().row()
        self._open = not self._open
        self._fill()
        self._table.selectRow(at)

    def _on_clicked(self, index: QModelIndex) -> None:
        self._on_activated(index)

    def _on_activated(self, index: QModelIndex) -> None:
        one = self._model.row(index)
        if isinstance(one, Fold):
            self._toggle()
        elif isinstance(one, ChangeRow):
            self.show_asked.emit(one)

    def _on_typed(self) -> None:
        if self._since.text().strip():
            self.typed.emit(self._since.text())

    def _on_row(self, _index: QModelIndex, _before: QModelIndex) -> None:
        one = self.chosen
        self._show.setEnabled(one is not None)
        self._incident.setEnabled(one is not None)
        for pick in (self._only, self._not):
            pick.setVisible(one is not None and bool(one.part))
            pick.setToolTip(f"The board about {'only' if pick is self._only else 'all but'} the requests of "
                            f"{one.part.replace('=', ' ')}" if one is not None else "")
        self._drift.setEnabled(one is not None and self._view is not None and self._view.reference is not None)
        for part in (self._copy, self._command):
            part.setEnabled(self._view is not None)

    def _on_show(self) -> None:
        if self.chosen is not None:
            self.show_asked.emit(self.chosen)

    def _on_drift(self) -> None:
        if self.chosen is not None:
            self.drift_asked.emit(self.chosen)

    def _on_only(self) -> None:
        if self.chosen is not None:
            self.pick_asked.emit(self.chosen, False)

    def _on_not(self) -> None:
        if self.chosen is not None:
            self.pick_asked.emit(self.chosen, True)

    def _on_incident(self) -> None:
        if self.chosen is not None:
            self.incident_asked.emit(self.chosen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: the weak ones are opened and closed as a tree is."""
        one = self._model.row(self._table.currentIndex())
        wanted = {Qt.Key.Key_Right: True, Qt.Key.Key_Left: False}.get(Qt.Key(event.key()))
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_asked.emit()
        elif isinstance(one, Fold) and wanted is not None and self._table.hasFocus():
            if one.open != wanted:
                self._toggle()
        else:
            super().keyPressEvent(event)


def before_after(one: Line) -> str:
    """`16.4 ms → 70.2 ms`, and how far that is."""
    if not isinstance(one, ChangeRow) or (one.before != one.before and one.after != one.after):
        return ""
    text = f"{format_value(one.before, one.unit)} → {format_value(one.after, one.unit)}"
    if one.unit != "share" and one.before * one.after > 0:
        ratio = one.after / one.before
        text += f"\n{f'×{format_number(ratio)}' if not 0.5 < ratio < 2 else f'{(ratio - 1) * 100:+.0f} %'}"
    return text


def said(one: Line) -> str:
    """Its sentence."""
    if not isinstance(one, ChangeRow):
        return ""
    return f"{one.sentence} Too small to matter." if one.why_weak == "small" else one.sentence

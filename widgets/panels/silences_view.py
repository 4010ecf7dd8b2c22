"""All silences of the log: those that hold, those to come, and those that have ended."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QTableView, QWidget

from console.alarms.view import Silenced
from widgets.icons import Icons
from widgets.models.alarm_words import labels_said, short_time, silence_left, state_of_silence
from widgets.models.rows import Column, RowsModel
from widgets.panels.parts import button, column, holding, label, row, set_widths, table

NONE = ("Nothing was silenced. An alarm is silenced under Now (Shift+S), a rule before it fires under Rules; both ask "
        "until when, and why.")


class SilencesView(QWidget):
    """Displays silences, the newest first; says which is to end, or to be made again."""

    expire_asked = Signal(object)            # Silenced
    again_asked = Signal(object)             # Silenced

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("silences")
        self._icons = icons
        self._newest: datetime | None = None
        self._relative = False
        self._model = RowsModel((
            Column("State", 108, lambda one: self._state(one)[1], icon=lambda one: icons.icon(
                self._state(one)[0], "muted"), foreground=self._tone),
            Column("Rule", 228, lambda one: one.rule or "all rules", foreground=self._tone),
            Column("Of", 168, lambda one: labels_said(one.labels) or "all its alarms", foreground=self._tone),
            Column("From", 112, lambda one: self._time(one.window.start), foreground=self._tone),
            Column("Until", 112, lambda one: self._time(one.window.end), foreground=self._tone),
            Column("Left", 88, lambda one: silence_left(one, self._newest), foreground=self._tone),
            Column("Why", 240, lambda one: one.reason, foreground=self._tone),
        ))
        self.table: QTableView = table(self._model, "silences_table", "Silences")
        set_widths(self.table, self._model.widths())
        self._none = label(NONE, name="silences_none", tone="muted", wrap=True)
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._expire = button("End now", "silence_expire", "People are called for it again from now on (Delete)")
        self._again = button("Silence again", "silence_again", "The same once more, or longer: until when, and why "
                             "(Return)")
        self.buttons = holding(row(None, self._expire, self._again))
        self.setLayout(column(self.table, self._none, gap=0))
        self._expire.clicked.connect(self._on_expire)
        self._again.clicked.connect(self._on_again)
        self.table.activated.connect(self._on_again)
        self.table.selectionModel().currentRowChanged.connect(self._on_chosen)
        self.table.installEventFilter(self)

    @property
    def chosen(self) -> Silenced | None:
        """The one that is lit."""
        found: Silenced | None = self._model.row(self.table.currentIndex())
        return found

    def display(self, silences: tuple[Silenced, ...], newest: datetime | None, *, relative: bool) -> None:
        """As they stand at the newest row. What was chosen stays chosen."""
        before = self.chosen
        self._newest, self._relative = newest, relative
        order = ("active", "to come", "ended")
        rows = tuple(sorted(silences, key=lambda one: (order.index(state_of_silence(one, newest)[1]),
                                                        -one.silence_id)))
        self._model.show(rows)
        number = next((at for at, one in enumerate(rows) if before is not None
                       and one.silence_id == before.silence_id), 0 if rows else -1)
        if number >= 0:
            self.table.selectRow(number)
        self.table.setVisible(bool(rows))
        self._none.setVisible(not rows)
        self._on_chosen()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Delete ends the chosen one."""
        if watched is self.table and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress \
                and event.key() == Qt.Key.Key_Delete and self._expire.isEnabled():
            self._on_expire()
            return True
        return False

    def _state(self, one: Silenced) -> tuple[str, str]:
        return state_of_silence(one, self._newest)

    def _tone(self, one: Silenced) -> object:
        return self._icons.theme.color("muted") if self._state(one)[1] == "ended" else None

    def _time(self, at: datetime) -> str:
        return short_time(at, self._newest, relative=self._relative)

    def _on_chosen(self, _index: QModelIndex | None = None, _before: QModelIndex | None = None) -> None:
        one = self.chosen
        self._expire.setEnabled(one is not None and self._state(one)[1] != "ended")
        self._again.setEnabled(one is not None)

    def _on_expire(self) -> None:
        if self.chosen is not None:
            self.expire_asked.emit(self.chosen)

    def _on_again(self) -> None:
        if self.chosen is not None:
            self.again_asked.emit(self.chosen)

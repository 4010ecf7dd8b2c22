"""Rules to choose from before any of them is active: proposed from a healthy stretch, or read from a file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QProgressBar, QPushButton, QWidget

from console.metrics.format import format_window
from console.session.rule_making import Offer, Offered
from console.window import Window
from widgets.icons import Icons
from widgets.models.rows import Column, Index, RowsModel
from widgets.models.typed_time import NotATime, read_since, read_window
from widgets.panels.parts import PathCell, button, column, label, row, set_tone, set_widths, table

STEPS = 1000
CHECK = Qt.ItemDataRole.CheckStateRole
NOTHING = "That stretch says too little for a rule. Choose a longer one."


class CheckedRows(RowsModel):
    """Rows of which some are chosen, by a box in the first column."""

    checked_changed = Signal()

    def __init__(self, columns: tuple[Column, ...], parent: Any = None) -> None:
        super().__init__(columns, parent)
        self._checked: set[int] = set()

    def offer(self, rows: tuple[Offered, ...]) -> None:
        """Chosen at first: what can be judged, and takes no other rule's place."""
        self.show(())
        self._checked = {at for at, one in enumerate(rows) if not one.replaces and not one.wrong}
        self.show(rows)
        self.checked_changed.emit()

    @property
    def chosen(self) -> tuple[Any, ...]:
        """In their order."""
        return tuple(one for at, one in enumerate(self.rows) if at in self._checked)

    def check_all(self, yes: bool) -> None:
        """Or none."""
        self._checked = {at for at, one in enumerate(self.rows) if not one.wrong} if yes else set()
        self.show(self.rows)
        self.checked_changed.emit()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """As Qt wants it."""
        if role == CHECK and index.isValid() and index.column() == 0:
            return Qt.CheckState.Checked if index.row() in self._checked else Qt.CheckState.Unchecked
        return super().data(index, role)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """As Qt wants it."""
        found = super().flags(index)
        return found | Qt.ItemFlag.ItemIsUserCheckable if index.isValid() and index.column() == 0 else found

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """As Qt wants it."""
        if role != CHECK or not index.isValid():
            return False
        (self._checked.add if Qt.CheckState(value) is Qt.CheckState.Checked else self._checked.discard)(index.row())
        self.dataChanged.emit(index, index)
        self.checked_changed.emit()
        return True


class OfferDialog(QDialog):
    """Displays an Offer; asks to learn from another stretch, and to keep what is chosen."""

    learn_asked = Signal(object)         # Window
    cancel_asked = Signal()
    accept_asked = Signal(object)        # tuple[Rule, ...]

    def __init__(self, icons: Icons, title: str, *, newest: datetime | None, relative: bool, learns: bool,
                 parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("offer_dialog")
        self.setWindowTitle(title)
        self._newest, self._relative, self._learns = newest, relative, learns
        self._window = QLineEdit(objectName="offer_window")
        self._window.setAccessibleName("Healthy stretch")
        self._window.setMinimumWidth(344)
        self._learn = button("Learn", "offer_learn", "Learn rules from that stretch")
        self._note = label(name="offer_note", tone="muted", wrap=True)
        self._bar = QProgressBar(objectName="offer_progress")
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(160, 8)
        self._bar.setAccessibleName("Learning")
        self._stop = button("Stop", "offer_stop", "Stop learning")
        self._model = CheckedRows((
            Column("Rule", 248, lambda one: one.rule.name),
            Column("Metric", 176, lambda one: one.metric),
            Column("Fires when", 288, lambda one: one.threshold),
            Column("Severity", 72, lambda one: str(one.rule.severity)),
            Column("Would have fired in this log", 320, lambda one: one.wrong or one.often),
        ))
        self._table = table(self._model, "offer_table", "Rules to choose from")
        set_widths(self._table, self._model.widths())
        self._table.setItemDelegateForColumn(0, PathCell(self._table))
        self._table.setItemDelegateForColumn(1, PathCell(self._table))
        self._about = label(name="offer_about", wrap=True)
        self._about.setMinimumHeight(40)
        self._refused = label(name="offer_refused", tone="warning", wrap=True)
        self._refused.hide()
        self._all = button("All", "offer_all", "Choose all rules")
        self._none = button("None", "offer_none", "Choose no rule")
        buttons = QDialogButtonBox()
        self._accept: QPushButton = buttons.addButton("Accept", QDialogButtonBox.ButtonRole.AcceptRole)
        self._accept.setObjectName("offer_accept")
        buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole).setObjectName("offer_close")
        self._learning = (label("Healthy stretch", tone="muted"), self._window, self._learn)
        head = row(*self._learning, 8, self._note, self._bar, self._stop)
        head.setStretch(len(self._learning) + 1, 1)
        page = column(head, self._table, self._about, self._refused, row(self._all, self._none, None, buttons),
                      margins=(16, 16, 16, 16))
        page.setStretch(1, 1)
        self.setLayout(page)
        self.resize(1160, 600)
        for one in self._learning:
            one.setVisible(learns)
        self._learn.clicked.connect(self._on_learn)
        self._window.returnPressed.connect(self._on_learn)
        self._stop.clicked.connect(self.cancel_asked)
        self._all.clicked.connect(lambda: self._model.check_all(True))
        self._none.clicked.connect(lambda: self._model.check_all(False))
        self._model.checked_changed.connect(self._on_checked)
        self._table.selectionModel().currentRowChanged.connect(self._on_row)
        buttons.accepted.connect(self._on_accept)
        buttons.rejected.connect(self.reject)
        self.display_idle()
        self._on_checked()

    # ---- what is shown -------------------------------------------------------------------------------------

    def display_window(self, window: Window) -> None:
        """What it is learned from."""
        self._window.setText(format_window(window, relative=self._relative))
        self._window.setCursorPosition(0)

    def display(self, offer: Offer) -> None:
        """What there is to choose from."""
        self.display_idle()
        self._model.offer(offer.rules)
        there = sum(one.replaces for one in offer.rules)
        words = f"{len(offer.rules):,} rules" if len(offer.rules) != 1 else "1 rule"
        if there:
            words += f"; {there:,} would take the place of a rule of the same name"
        self._note.setText(words if offer.rules else NOTHING if self._learns else "No rule of the file is understood")
        set_tone(self._note, "muted")
        shown = [f"Not understood: {one}" for one in offer.refused[:4]]
        more = [f"And {len(offer.refused) - 4:,} more."] if len(offer.refused) > 4 else []
        self._refused.setText("\n".join([*shown, *more]))
        self._refused.setVisible(bool(offer.refused))
        if offer.rules:
            self._table.selectRow(0)
            self._table.setFocus()
        self._on_row()

    def display_progress(self, done: int, total: int, note: str) -> None:
        """While it is learned."""
        self._bar.setRange(0, STEPS if total else 0)
        self._bar.setValue(round(STEPS * done / total) if total else 0)
        self._bar.show()
        self._stop.show()
        self._learn.setEnabled(False)
        self._note.setText(note)
        set_tone(self._note, "muted")

    def display_idle(self) -> None:
        """Nothing is under way."""
        self._bar.hide()
        self._stop.hide()
        self._learn.setEnabled(True)

    def display_stopped(self) -> None:
        """Somebody stopped it."""
        self.display_idle()
        self._note.setText("Stopped.")

    def display_broken(self, _bug: object) -> None:
        """Ours; the window says so."""
        self.display_trouble("It could not be learned.")

    def display_trouble(self, words: str) -> None:
        """It could not be done."""
        self.display_idle()
        self._note.setText(words)
        set_tone(self._note, "warning")

    # ---- inside --------------------------------------------------------------------------------------------

    def _on_learn(self) -> None:
        if self._newest is None or not self._learn.isEnabled():
            return
        try:
            window = (read_since if self._relative else read_window)(self._window.text(), self._newest)
        except NotATime as error:
            self.display_trouble(str(error))
            return
        self.learn_asked.emit(window)

    def _on_checked(self) -> None:
        count = len(self._model.chosen)
        self._accept.setText(f"Accept {count:,} rules" if count != 1 else "Accept 1 rule")
        self._accept.setEnabled(count > 0)
        for one in (self._all, self._none):
            one.setEnabled(bool(self._model.rows))

    def _on_row(self, _index: QModelIndex | None = None, _before: QModelIndex | None = None) -> None:
        one: Offered | None = self._model.row(self._table.currentIndex())
        if one is None:
            self._about.setText("")
            return
        said = [f"{one.metric} {one.threshold}.", one.about]
        if one.replaces:
            said.append("A rule of this name is there already: it would be replaced.")
        self._about.setText(" ".join(part for part in said if part))

    def _on_accept(self) -> None:
        self.accept_asked.emit(tuple(one.rule for one in self._model.chosen))

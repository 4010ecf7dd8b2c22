"""Everything that can be on the board, found by its words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QTableView, QWidget

from widgets.icons import Icons
from widgets.models.rows import Column, Index, RowsModel
from widgets.panels.parts import button, column, label, row, table
from widgets.theme import system_font

if TYPE_CHECKING:
    from console.session.offers import Offer

MOVES = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}
WIDE, TALL = 960, 608
LOOKING = "Looking for what this log can show …"
NOTHING = "Nothing with these words. Fewer words find more."
HINT = "Enter puts a chart on the board or takes it off. Escape closes."
ORIGINS = {"own": "own metric", "column": "column", "series": "series"}


@dataclass(frozen=True, slots=True)
class Heading:
    """A line over the charts of a group."""

    text: str


class OffersModel(RowsModel):
    """Offers under headings, which cannot be chosen."""

    def flags(self, index: Index) -> Qt.ItemFlag:
        """As Qt wants it."""
        if isinstance(self.row(index), Heading):
            return Qt.ItemFlag.ItemIsEnabled
        return super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """As Qt wants it."""
        if role == Qt.ItemDataRole.FontRole and isinstance(self.row(index), Heading):
            return system_font(bold=True)
        return super().data(index, role)


class AddChartDialog(QDialog):
    """Type some words, Enter adds or removes. Stays open: the board changes behind it."""

    chart_asked = Signal(str, bool)      # chart, whether it is to be on the board
    trust_asked = Signal()               # look at the folder's own metrics

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("add_chart_dialog")
        self.setWindowTitle("Add chart")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._icons = icons
        self._offers: tuple[Offer, ...] = ()
        self._words = QLineEdit(objectName="add_chart_words")
        self._words.setPlaceholderText("Words of a metric, column or series")
        self._words.setAccessibleName("Chart to add")
        self._words.setClearButtonEnabled(True)
        self._model = OffersModel((
            Column("Chart", 240, _title, icon=self._icon, tip=_title),
            Column("What it shows", 400, _sentence, tip=_sentence, foreground=self._muted),
            Column("Kind", 168, _kind, foreground=self._muted),
            Column("On the board", 104, _state, foreground=self._state_color),
        ), self)
        self._table = table(self._model, "add_chart_offers", "Charts that this log can show")
        self._table.horizontalHeader().hide()
        self._table.horizontalHeader().setStretchLastSection(False)
        self._table.horizontalHeader().setSectionResizeMode(1, self._table.horizontalHeader().ResizeMode.Stretch)
        for number, width in ((0, 240), (2, 168), (3, 104)):
            self._table.setColumnWidth(number, width)
        self._table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._table.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self._empty = label(LOOKING, name="add_chart_empty", tone="muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._about = label(name="add_chart_about", wrap=True)
        self._about.setMinimumHeight(40)
        self._about.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._hint = label(HINT, name="add_chart_hint", tone="muted")
        self._trust = button("Own metrics…", "add_chart_trust", "Look at the folder's own metrics, trust it or not")
        self._do = button("Add", "add_chart_do", "Put the chart on the board, or take it off (Enter)", default=True)
        self._close = button("Close", "add_chart_close", "Back to the board (Escape)")
        page = column(self._words, self._table, self._empty, self._about,
                      row(self._hint, None, self._trust, self._close, self._do), margins=(16, 16, 16, 16))
        page.setStretch(1, 1)
        page.setStretch(2, 1)
        self.setLayout(page)
        self.resize(WIDE, TALL)
        self._trust.hide()
        self._words.textChanged.connect(self._narrow)
        self._words.installEventFilter(self)
        self._table.clicked.connect(self._on_clicked)
        self._table.doubleClicked.connect(self.do)
        self._do.clicked.connect(self.do)
        self._close.clicked.connect(self.close)
        self._trust.clicked.connect(self.trust_asked)
        self._narrow()

    # ---- what is shown -------------------------------------------------------------------------------------

    def display(self, offers: tuple[Offer, ...]) -> None:
        """Everything there is; what was chosen stays chosen."""
        self._offers = offers
        self._empty.setText(NOTHING)
        self._trust.setVisible(any(one.origin == "own" for one in offers))
        self._narrow()

    @property
    def chosen(self) -> Offer | None:
        """The chart that Enter means."""
        found = self._model.row(self._table.currentIndex())
        return None if isinstance(found, Heading) else found

    @property
    def listed(self) -> tuple[Offer, ...]:
        """Those with the words, in the order of the list."""
        return tuple(one for one in self._model.rows if not isinstance(one, Heading))

    def do(self) -> None:
        """Add the chosen chart, take it off, or ask about trust first."""
        one = self.chosen
        if one is None:
            return
        if not one.runs and not one.shown:
            self.trust_asked.emit()
            return
        changed = replace(one, shown=not one.shown)
        self._offers = tuple(changed if each.metric == one.metric else each for each in self._offers)
        self._narrow()
        self.chart_asked.emit(one.metric, changed.shown)

    # ---- inside --------------------------------------------------------------------------------------------

    def _narrow(self) -> None:
        before = self.chosen
        rows: list[object] = []
        for group, offers in groupby(found(self._offers, self._words.text()), key=lambda one: one.group):
            rows += [Heading(group.capitalize()), *offers]
        self._table.clearSpans()
        self._model.show(tuple(rows))
        for number, one in enumerate(rows):
            if isinstance(one, Heading):
                self._table.setSpan(number, 0, 1, self._model.columnCount())
        self._table.setVisible(bool(rows))
        self._empty.setVisible(not rows)
        names = [getattr(one, "metric", "") for one in rows]
        self._choose(names.index(before.metric) if before is not None and before.metric in names else 1)

    def _choose(self, number: int, step: int = 1) -> None:
        """That row, or the next that is no heading."""
        last = self._model.rowCount() - 1
        number = min(max(number, 1), last)
        if number >= 0 and isinstance(self._model.rows[number], Heading):
            number += 1 if step > 0 else -1
        if 0 < number <= last:
            self._table.selectRow(number)
            if number == 1:
                self._table.scrollToTop()
        self._tell()

    def _tell(self) -> None:
        one = self.chosen
        self._do.setEnabled(one is not None)
        if one is None:
            self._about.setText("")
            self._do.setText("Add")
            return
        self._do.setText("Take off" if one.shown else "Add" if one.runs else "Trust…")
        more = "It reads the rows of the shown time, beside the board." if one.cost else ""
        more = more if one.runs else "It is not run until you trust this folder."
        self._about.setText(f"{one.title}: {one.sentence} {more}".strip())

    def _on_clicked(self, index: QModelIndex) -> None:
        if not isinstance(self._model.row(index), Heading):
            self._choose(index.row())
        self._words.setFocus()

    def _icon(self, one: Any) -> Any:
        if isinstance(one, Heading):
            return None
        return self._icons.icon("check" if one.shown else "grid" if one.form == "map" else "chart-line",
                                "accent" if one.shown else "muted")

    def _muted(self, _one: Any) -> Any:
        return self._icons.theme.color("muted")

    def _state_color(self, one: Any) -> Any:
        return self._icons.theme.color("accent" if getattr(one, "shown", False) else "muted")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down move in the list while the words keep the cursor."""
        if watched is self._words and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            step = MOVES.get(Qt.Key(event.key()))
            if step is not None:
                self._choose(self._table.currentIndex().row() + step, step)
                return True
        return super().eventFilter(watched, event)


def found(offers: tuple[Offer, ...], words: str) -> tuple[Offer, ...]:
    """Those with all the words, in title, name, sentence, group or kind."""
    wanted = words.lower().split()
    return tuple(one for one in offers if all(word in " ".join(
        (one.title, one.metric, one.sentence, one.group, _kind(one))).lower() for word in wanted))


def _title(one: Any) -> str:
    return one.text if isinstance(one, Heading) else str(one.title)


def _sentence(one: Any) -> str:
    return "" if isinstance(one, Heading) else str(one.sentence)


def _kind(one: Any) -> str:
    if isinstance(one, Heading):
        return ""
    words = ("map" if one.form == "map" else "", ORIGINS.get(one.origin, ""), one.cost)
    return ", ".join(filter(None, words))


def _state(one: Any) -> str:
    if isinstance(one, Heading):
        return ""
    return "on the board" if one.shown else "" if one.runs else "not trusted"

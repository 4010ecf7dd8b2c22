"""The columns of a stream as a table that can be edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QWidget

from console.logs.config import ColumnAnswer
from console.metrics.format import format_count, format_value
from console.roles import MANY_COLUMNS, ColumnType, Role, TimeFormat
from widgets.icons import Icons
from widgets.models.rows import ROOT, Index, plain_tip

if TYPE_CHECKING:
    from console.logs.view import ColumnView

HEADS = ("Column", "Values", "Type", "Role", "Unit", "Written as", "Missing", "Why")
WIDTHS = (150, 210, 72, 150, 68, 92, 72, 280)
TYPE, ROLE, UNIT, FORM = 2, 3, 4, 5
CHANGEABLE = (TYPE, ROLE, UNIT, FORM)
NO_ROLE = "no role"
NO_FORM = "-"
TIMES = (Role.TIMESTAMP, Role.OUTCOME_TIME, Role.ARRIVAL_TIME)


class ColumnsModel(QAbstractTableModel):
    """The columns of one stream; role, unit, type and time format can be changed, and what was changed is known."""

    def __init__(self, icons: Icons, parent: QWidget) -> None:
        super().__init__(parent)
        self._icons = icons
        self._all: tuple[ColumnView, ...] = ()
        self._shown: tuple[ColumnView, ...] = ()
        self._answers: dict[str, ColumnAnswer] = {}
        self._filter = ""

    def load(self, columns: tuple[ColumnView, ...]) -> None:
        """Another stream: forgets the answers."""
        self._all = columns
        self._answers = {}
        self.narrow(self._filter)

    def narrow(self, words: str) -> None:
        """Only columns whose name, role or reason has these words."""
        self._filter = words
        wanted = words.lower().split()
        self.beginResetModel()
        self._shown = tuple(one for one in self._all if all(
            word in f"{one.name} {one.role or ''} {one.why} {one.type}".lower() for word in wanted))
        self.endResetModel()

    @property
    def changes(self) -> dict[str, ColumnAnswer]:
        """stored name -> answer; only what differs from what was there."""
        return dict(self._answers)

    def answer(self, one: ColumnView) -> ColumnAnswer:
        """As it stands now; type and time format None: as they were."""
        return self._answers.get(one.stored, ColumnAnswer(one.role, one.unit))

    def rowCount(self, parent: Index = ROOT) -> int:
        """As Qt wants it."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = ROOT) -> int:
        """As Qt wants it."""
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """As Qt wants it."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """What can be edited: the way a time is written only where there is a time."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if not index.isValid():
            return flags
        return flags | Qt.ItemFlag.ItemIsEditable if self._can(index.column(), self._shown[index.row()]) else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """As Qt wants it; changed answers in bold."""
        if not index.isValid():
            return None
        one = self._shown[index.row()]
        if role == Qt.ItemDataRole.FontRole and index.column() in CHANGEABLE and one.stored in self._answers:
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ForegroundRole:
            if index.column() == len(HEADS) - 1 and one.n_misfit and one.stored not in self._answers:
                return self._icons.theme.color("warning")
            # what can be changed looks like it
            return self._icons.theme.color("accent") if self._can(index.column(), one) else None
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole, Qt.ItemDataRole.ToolTipRole):
            return None
        text = self._texts(one)[index.column()]
        return plain_tip(text) if role == Qt.ItemDataRole.ToolTipRole else text

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """An answer; one equal to what was there is no change."""
        if role != Qt.ItemDataRole.EditRole or index.column() not in CHANGEABLE:
            return False
        one = self._shown[index.row()]
        answer = self.answer(one)
        if index.column() == ROLE:
            answer = answer._replace(role=None if value == NO_ROLE else Role(value))
            self._release(answer.role, one)
        elif index.column() == TYPE:
            answer = answer._replace(type=None if value == one.type.value else ColumnType(value))
        elif index.column() == FORM:
            same = value in (NO_FORM, one.time_format.value if one.time_format else NO_FORM)
            answer = answer._replace(time_format=None if same else TimeFormat(value))
        else:
            answer = answer._replace(unit=str(value).strip())
        self._keep(one, answer)
        self.dataChanged.emit(self.index(index.row(), 0), self.index(index.row(), len(HEADS) - 1))
        return True

    def _keep(self, one: ColumnView, answer: ColumnAnswer) -> None:
        if answer == ColumnAnswer(one.role, one.unit):
            self._answers.pop(one.stored, None)
        else:
            self._answers[one.stored] = answer

    def _release(self, role: Role | None, chosen: ColumnView) -> None:
        """A role that belongs to one column is taken from the one that had it, which may be out of sight."""
        if role is None or role in MANY_COLUMNS:
            return
        for other in self._all:
            if other.stored != chosen.stored and self.answer(other).role is role:
                self._keep(other, self.answer(other)._replace(role=None))
                if other in self._shown:
                    row = self._shown.index(other)
                    self.dataChanged.emit(self.index(row, 0), self.index(row, len(HEADS) - 1))

    def _can(self, column: int, one: ColumnView) -> bool:
        if column == FORM:
            answer = self.answer(one)
            return (answer.type or one.type) is ColumnType.TIME or answer.role in TIMES
        return column in CHANGEABLE

    def _texts(self, one: ColumnView) -> tuple[str, ...]:
        answer = self.answer(one)
        form = answer.time_format or one.time_format
        missing = format_value(one.n_missing / one.n, "share") if one.n else "-"
        why = "chosen by you" if one.chosen or one.stored in self._answers else one.why
        if one.n_misfit and (answer.type or one.type) is not ColumnType.TEXT:
            cells = "1 cell is" if one.n_misfit == 1 else f"{format_count(one.n_misfit)} cells are"
            why = f"{cells} no {one.type.value}: choose the type text to keep them. {why}"
        return (one.name or "(no name)", ", ".join(one.samples), (answer.type or one.type).value,
                answer.role.value if answer.role else NO_ROLE, answer.unit, form.value if form else NO_FORM, missing,
                why)

"""What each column of a stream means: guessed by console.logs, corrected here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QProgressBar,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from console.metrics.format import format_value
from console.roles import Role
from widgets.icons import Icons
from widgets.models.rows import ROOT, Index, plain_tip
from widgets.panels.parts import CELLS, Choice, QuietChoice, column, label, row, set_tone

if TYPE_CHECKING:
    from console.logs.view import ColumnView, SourcesView, StreamView

HEADS = ("Column", "Values", "Type", "Role", "Unit", "Missing", "Why")
WIDTHS = (150, 250, 68, 156, 72, 80, 280)
ROLE, UNIT = 3, 4
NO_ROLE = "no role"
UNITS = ("", "ms", "s", "us", "ns", "min", "%", "share", "MB", "kB", "GB", "bytes")
ZONES = ("UTC", "Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Kolkata",
         "Asia/Tokyo", "Australia/Sydney")


class ColumnsModel(QAbstractTableModel):
    """The columns of one stream; role and unit can be changed, and what was changed is known."""

    def __init__(self, icons: Icons, parent: QWidget) -> None:
        super().__init__(parent)
        self._icons = icons
        self._all: tuple[ColumnView, ...] = ()
        self._shown: tuple[ColumnView, ...] = ()
        self._answers: dict[str, tuple[Role | None, str]] = {}
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
    def changes(self) -> dict[str, tuple[Role | None, str]]:
        """stored name -> role, unit; only what differs from what was there."""
        return dict(self._answers)

    def answer(self, one: ColumnView) -> tuple[Role | None, str]:
        """As it stands now."""
        return self._answers.get(one.stored, (one.role, one.unit))

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
        """Role and unit can be edited."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() in (ROLE, UNIT) else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """As Qt wants it; changed answers in bold."""
        if not index.isValid():
            return None
        one = self._shown[index.row()]
        if role == Qt.ItemDataRole.FontRole and index.column() in (ROLE, UNIT) and one.stored in self._answers:
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ForegroundRole and index.column() in (ROLE, UNIT):
            return self._icons.theme.color("accent")     # what can be changed looks like it
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole, Qt.ItemDataRole.ToolTipRole):
            return None
        chosen, unit = self.answer(one)
        missing = format_value(one.n_missing / one.n, "share") if one.n else "-"
        text = (one.name or "(no name)", ", ".join(one.samples), one.type.value,
                chosen.value if chosen else NO_ROLE, unit, missing,
                "chosen by you" if one.chosen or one.stored in self._answers else one.why)[index.column()]
        return plain_tip(text) if role == Qt.ItemDataRole.ToolTipRole else text

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """An answer; one equal to what was there is no change."""
        if role != Qt.ItemDataRole.EditRole or index.column() not in (ROLE, UNIT):
            return False
        one = self._shown[index.row()]
        chosen, unit = self.answer(one)
        if index.column() == ROLE:
            chosen = None if value == NO_ROLE else Role(value)
        else:
            unit = str(value).strip()
        if (chosen, unit) == (one.role, one.unit):
            self._answers.pop(one.stored, None)
        else:
            self._answers[one.stored] = (chosen, unit)
        self.dataChanged.emit(self.index(index.row(), 0), self.index(index.row(), len(HEADS) - 1))
        return True


class _Choice(QuietChoice):
    """A list to choose from, in the cell."""

    def __init__(self, words: tuple[str, ...], parent: QWidget, *, free: bool = False) -> None:
        super().__init__(parent)
        self._words = words
        self._free = free

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, _index: Index) -> QWidget:
        """A combo box that gives its answer at once."""
        box = QComboBox(parent)
        box.setEditable(self._free)
        box.addItems(self._words)
        box.setObjectName("cell_choice")
        box.setFrame(False)
        box.activated.connect(self._chosen)
        return box

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """What stands there now."""
        assert isinstance(editor, QComboBox)
        editor.setCurrentText(index.data(Qt.ItemDataRole.EditRole))

    def setModelData(self, editor: QWidget, model: Any, index: Index) -> None:
        """The answer."""
        assert isinstance(editor, QComboBox)
        model.setData(index, editor.currentText())

    def _chosen(self) -> None:
        editor = self.sender()
        if isinstance(editor, QComboBox):
            self.commitData.emit(editor)
            self.closeEditor.emit(editor)


class ColumnsDialog(QDialog):
    """Displays the streams; asks to keep what was changed. Stays open while the rollups are rebuilt."""

    save_asked = Signal(str, object, object)     # stream, {stored: (role, unit)}, zone or None when it stays

    def __init__(self, icons: Icons, view: SourcesView, stream: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("columns_dialog")
        self.setWindowTitle("Columns")
        self._streams: dict[str, StreamView] = {one.name: one for one in view.streams}
        self._choice = Choice(icons, "columns_stream", "Stream", self._streams)
        self._choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._zone = Choice(icons, "columns_zone", "Time zone of times that name none", ZONES, free=True)
        self._zone.setMinimumWidth(176)
        self._filter = QLineEdit(objectName="columns_filter")
        self._filter.setPlaceholderText("Filter columns")
        self._filter.setAccessibleName("Filter columns")
        self._filter.setMinimumWidth(200)
        self._about = label(name="columns_about", tone="muted", wrap=True)
        self._model = ColumnsModel(icons, self)
        self._table = QTableView(objectName="columns_table")
        self._table.setAccessibleName("Columns of the stream")
        self._table.setModel(self._model)
        self._table.setShowGrid(False)
        self._table.setStyleSheet(CELLS)
        self._table.setItemDelegate(QuietChoice(self))
        self._table.setWordWrap(False)
        self._table.verticalHeader().hide()
        self._table.verticalHeader().setDefaultSectionSize(32)
        self._table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._table.horizontalHeader().setHighlightSections(False)
        self._table.setEditTriggers(QTableView.EditTrigger.AllEditTriggers)
        self._table.setItemDelegateForColumn(
            ROLE, _Choice((NO_ROLE, *(one.value for one in Role)), self))
        self._table.setItemDelegateForColumn(UNIT, _Choice(UNITS, self, free=True))
        for number, width in enumerate(WIDTHS):
            self._table.setColumnWidth(number, width)
        self._table.horizontalHeader().setStretchLastSection(True)
        self._state = label(name="columns_state", tone="muted", wrap=True)
        self._bar = QProgressBar(objectName="columns_progress")
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(160, 8)
        self._bar.hide()
        buttons = QDialogButtonBox()
        self._save = buttons.addButton("Save", QDialogButtonBox.ButtonRole.AcceptRole)
        self._save.setObjectName("columns_save")
        self._close = buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole)
        self._close.setObjectName("columns_close")
        head = row(label("Stream", tone="muted"), self._choice, 16, label("Time zone", tone="muted"), self._zone, None,
                   self._filter)
        foot = row(self._state, self._bar, buttons)
        foot.setStretch(0, 1)
        page = column(head, self._about, self._table, foot, margins=(16, 16, 16, 16))
        page.setStretch(2, 1)
        self.setLayout(page)
        self.resize(1100, 620)
        self._choice.activated.connect(self._on_stream)
        self._filter.textEdited.connect(self._model.narrow)
        self._model.dataChanged.connect(self._on_changed)
        self._zone.currentTextChanged.connect(self._on_changed)
        buttons.accepted.connect(self._on_save)
        buttons.rejected.connect(self.reject)
        self._choice.setCurrentText(stream)
        self._on_stream()

    @property
    def stream(self) -> str:
        """The one that is shown."""
        return self._choice.currentText()

    def display(self, view: SourcesView) -> None:
        """After a rebuild: what is known now."""
        said, tone = self._state.text(), str(self._state.property("tone") or "")
        self._streams = {one.name: one for one in view.streams}
        self._on_stream()
        self._say(said, tone)        # that it was saved is still true

    def display_progress(self, done: int, total: int, note: str) -> None:
        """While rollups are rebuilt."""
        self._lock(True)
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._say(note or "Rebuilding the charts' numbers", "muted")

    def display_saved(self) -> None:
        """Kept."""
        self._lock(False)
        self._save.setEnabled(False)
        self._say("Saved. Charts and sums follow the new roles.", "good")

    def display_error(self, text: str) -> None:
        """Not kept, and why."""
        self._lock(False)
        self._say(text, "firing")

    def _say(self, text: str, tone: str) -> None:
        self._state.setText(text)
        set_tone(self._state, tone)

    def _lock(self, busy: bool) -> None:
        self._bar.setVisible(busy)
        self._table.setEnabled(not busy)
        self._choice.setEnabled(not busy)
        if busy:
            self._save.setEnabled(False)
        else:
            self._on_changed()

    def _on_stream(self) -> None:
        one = self._streams.get(self.stream)
        if one is None:
            return
        self._zone.setCurrentText(one.zone)
        assumed = " Its times name no zone: the zone is assumed." if one.zone_assumed else ""
        self._about.setText(f"{one.kind.value}, {one.format}: {one.why}.{assumed}".replace("..", "."))
        self._model.load(one.columns)
        self._on_changed()

    def _on_changed(self, *_what: object) -> None:
        count = len(self._model.changes)
        zone_changed = self._new_zone() is not None
        self._save.setEnabled(bool(count) or zone_changed)
        noun = "column" if count == 1 else "columns"
        words = ([f"{count} {noun} changed"] if count else []) + (["zone changed"] if zone_changed else [])
        self._say(", ".join(words) + ("; not saved yet" if words else ""), "muted")

    def _new_zone(self) -> str | None:
        one = self._streams.get(self.stream)
        zone = self._zone.currentText().strip()
        return zone if one is not None and zone and zone != one.zone else None

    def _on_save(self) -> None:
        self.save_asked.emit(self.stream, self._model.changes, self._new_zone())



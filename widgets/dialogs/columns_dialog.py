"""What each column of a stream means: guessed by console.logs, corrected here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
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

from console.logs.config import PATH_ROLES
from console.roles import ColumnType, Role, StreamKind, TimeFormat
from widgets.icons import Icons
from widgets.models.columns import FORM, NO_FORM, NO_ROLE, ROLE, TYPE, UNIT, WIDTHS, ColumnsModel
from widgets.models.rows import Index, plain_tip
from widgets.panels.parts import Choice, QuietChoice, button, column, holding, label, row, set_tone, tool

if TYPE_CHECKING:
    from console.logs.view import SourcesView, StreamView

UNITS = ("", "ms", "s", "us", "ns", "min", "%", "share", "MB", "kB", "GB", "bytes")
ZONES = ("UTC", "Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Kolkata",
         "Asia/Tokyo", "Australia/Sydney")


class _Choice(QuietChoice):
    """A list to choose from, in the cell."""

    def __init__(self, words: tuple[str, ...], parent: QWidget, *, free: bool = False) -> None:
        super().__init__(parent)
        self._words = words
        self._free = free

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, _index: Index) -> QWidget:
        """A combo box that gives its answer at once."""
        box = QComboBox(parent) if self._free else _OpenAtOnce(parent)
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


class _OpenAtOnce(QComboBox):
    """A combo box whose list is open as soon as it shows: a letter typed into a closed one is an answer at once, and
    the letters that follow it would go to the table."""

    def showEvent(self, event: QShowEvent) -> None:
        """Qt's."""
        super().showEvent(event)
        QTimer.singleShot(0, self, self.showPopup)


class ColumnsDialog(QDialog):
    """Displays the streams; asks to keep what was changed. Stays open while the rollups are rebuilt."""

    save_asked = Signal(str, object, object, object)     # stream, {stored: ColumnAnswer}, zone, kind; None: as it is
    names_asked = Signal(str, object)                    # stream, names of its columns without a header
    path_asked = Signal(str, object, str)                # stream, role, where in the path; "" ends it
    undo_asked = Signal()
    redo_asked = Signal()

    def __init__(self, icons: Icons, view: SourcesView, stream: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("columns_dialog")
        self.setWindowTitle("Columns")
        self._view = view
        self._streams: dict[str, StreamView] = {one.name: one for one in view.streams}
        self._busy = False
        self._choice = Choice(icons, "columns_stream", "Stream", self._streams)
        self._choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._kind = Choice(icons, "columns_kind", "What a row of the stream is", [one.value for one in StreamKind])
        self._zone = Choice(icons, "columns_zone", "Time zone of times that name none", ZONES, free=True)
        self._zone.setMinimumWidth(160)
        self._filter = QLineEdit(objectName="columns_filter")
        self._filter.setPlaceholderText("Filter columns")
        self._filter.setAccessibleName("Filter columns")
        self._filter.setMinimumWidth(160)
        self._about = label(name="columns_about", tone="muted", wrap=True)
        self._model = ColumnsModel(icons, self)
        self._table = self._columns_table()
        self._state = label(name="columns_state", tone="muted", wrap=True)
        self._bar = QProgressBar(objectName="columns_progress")
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(160, 8)
        self._bar.hide()
        self._undo = tool(icons, "undo", "columns_undo", "Take the last correction back (Ctrl+Z)")
        self._redo = tool(icons, "redo", "columns_redo", "Make it again (Ctrl+Shift+Z)")
        self._undo.setShortcut("Ctrl+Z")
        self._redo.setShortcut("Ctrl+Shift+Z")
        buttons = QDialogButtonBox()
        self._save = buttons.addButton("Save", QDialogButtonBox.ButtonRole.AcceptRole)
        self._save.setObjectName("columns_save")
        self._close = buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole)
        self._close.setObjectName("columns_close")
        head = row(label("Stream", tone="muted"), self._choice, 8, label("Kind", tone="muted"), self._kind, 8,
                   label("Time zone", tone="muted"), self._zone, None, self._filter)
        foot = row(self._undo, self._redo, self._state, self._bar, buttons)
        foot.setStretch(2, 1)
        self._names_row = self._make_names()
        page = column(head, self._about, self._table, self._names_row, self._make_path(icons), foot,
                      margins=(16, 16, 16, 16))
        page.setStretch(2, 1)
        self.setLayout(page)
        self.resize(1160, 660)
        self._choice.activated.connect(self._on_stream)
        self._filter.textEdited.connect(self._model.narrow)
        self._model.dataChanged.connect(self._on_changed)
        self._zone.currentTextChanged.connect(self._on_changed)
        self._kind.currentTextChanged.connect(self._on_changed)
        self._undo.clicked.connect(self.undo_asked)
        self._redo.clicked.connect(self.redo_asked)
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
        self._view = view
        self._streams = {one.name: one for one in view.streams}
        self._on_stream()
        self._say(said, tone)        # that it was saved is still true

    def display_progress(self, done: int, total: int, note: str) -> None:
        """While rollups are rebuilt."""
        self._lock(True)
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._say(note or "Rebuilding the charts' numbers", "muted")

    def display_saved(self, text: str = "Saved. Charts and sums follow the new roles.") -> None:
        """Kept."""
        self._lock(False)
        self._save.setEnabled(False)
        self._say(text, "good")

    def display_error(self, text: str) -> None:
        """Not kept, and why."""
        self._lock(False)
        self._say(text, "firing")

    # ---- inside --------------------------------------------------------------------------------------------

    def _columns_table(self) -> QTableView:
        made = QTableView(objectName="columns_table")
        made.setAccessibleName("Columns of the stream")
        made.setModel(self._model)
        made.setShowGrid(False)
        made.setItemDelegate(QuietChoice(self))
        made.setWordWrap(False)
        made.verticalHeader().hide()
        made.verticalHeader().setDefaultSectionSize(32)
        made.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        made.horizontalHeader().setHighlightSections(False)
        made.setEditTriggers(QTableView.EditTrigger.AllEditTriggers)
        made.setItemDelegateForColumn(TYPE, _Choice(tuple(ColumnType), self))
        made.setItemDelegateForColumn(ROLE, _Choice((NO_ROLE, *(one.value for one in Role)), self))
        made.setItemDelegateForColumn(UNIT, _Choice(UNITS, self, free=True))
        made.setItemDelegateForColumn(FORM, _Choice((NO_FORM, *TimeFormat), self))
        for number, width in enumerate(WIDTHS):
            made.setColumnWidth(number, width)
        made.horizontalHeader().setStretchLastSection(True)
        return made

    def _make_names(self) -> QWidget:
        """For files without a header."""
        self._names = QLineEdit(objectName="columns_names")
        self._names.setPlaceholderText("age, price, clicked: a name for each column, in the order of the file")
        self._names.setAccessibleName("Names of the columns, with commas between them")
        apply = button("Name columns", "columns_name", "Give these names to the columns of files without a header")
        apply.clicked.connect(self._on_names)
        self._names.returnPressed.connect(self._on_names)
        made = row(label("No header", tone="muted"), self._names, apply)
        made.setStretch(1, 1)
        return holding(made)

    def _make_path(self, icons: Icons) -> QWidget:
        """For roles that stand in the path of a file."""
        self._path_role = Choice(icons, "columns_path_role", "Role that stands in the path", PATH_ROLES)
        self._path = QLineEdit(objectName="columns_path")
        self._path.setPlaceholderText("level:1 for the first folder, or regex: and an expression with a group")
        self._path.setAccessibleName("Where in the path the role stands")
        apply = button("Take from path", "columns_take_path",
                       "Take this role from the path of each file; empty ends it")
        apply.clicked.connect(self._on_path)
        self._path.returnPressed.connect(self._on_path)
        self._path_role.currentTextChanged.connect(self._show_path)
        made = row(label("From the path", tone="muted"), self._path_role, self._path, apply)
        made.setStretch(2, 1)
        return holding(made)

    def _say(self, text: str, tone: str) -> None:
        self._state.setText(text)
        set_tone(self._state, tone)

    def _lock(self, busy: bool) -> None:
        self._busy = busy
        self._bar.setVisible(busy)
        for part in (self._table, self._choice, self._names, self._path, self._kind):
            part.setEnabled(not busy)
        if busy:
            self._save.setEnabled(False)
            self._undo.setEnabled(False)
            self._redo.setEnabled(False)
        else:
            self._on_changed()

    def _on_stream(self) -> None:
        one = self._streams.get(self.stream)
        if one is None:
            return
        self._zone.setCurrentText(one.zone)
        self._kind.setCurrentText(one.kind.value)
        assumed = " Its times name no zone: the zone is assumed." if one.zone_assumed else ""
        sure = f" {one.confidence:.0%} of what was looked at has this form." if one.confidence < 1 else ""
        self._about.setText(f"{one.kind.value}, {one.format}: {one.why}.{sure}{assumed}".replace("..", "."))
        self._names_row.setVisible(bool(one.unnamed))
        names = {each.stored: each.name for each in one.columns}
        self._names.setText(", ".join(names[stored] for stored in one.unnamed))
        self._show_path()
        self._model.load(one.columns)
        self._on_changed()

    def _show_path(self) -> None:
        one = self._streams.get(self.stream)
        self._path.setText(one.path.get(self._path_role.currentText(), "") if one else "")

    def _on_changed(self, *_what: object) -> None:
        if self._busy:
            return
        count = len(self._model.changes)
        others = [word for word, changed in (("zone", self._new_zone()), ("kind", self._new_kind())) if changed]
        self._save.setEnabled(bool(count or others))
        self._undo.setEnabled(bool(self._view.undo))
        self._redo.setEnabled(bool(self._view.redo))
        if self._view.undo:
            self._undo.setToolTip(plain_tip(f"Take back: {self._view.undo} (Ctrl+Z)"))
        noun = "column" if count == 1 else "columns"
        words = ([f"{count} {noun} changed"] if count else []) + [f"{word} changed" for word in others]
        self._say(", ".join(words) + ("; not saved yet" if words else ""), "muted")

    def _new_zone(self) -> str | None:
        one = self._streams.get(self.stream)
        zone = self._zone.currentText().strip()
        return zone if one is not None and zone and zone != one.zone else None

    def _new_kind(self) -> StreamKind | None:
        one = self._streams.get(self.stream)
        kind = self._kind.currentText()
        return StreamKind(kind) if one is not None and kind and kind != one.kind.value else None

    def _on_save(self) -> None:
        self.save_asked.emit(self.stream, self._model.changes, self._new_zone(), self._new_kind())

    def _on_names(self) -> None:
        text = self._names.text().strip()
        if text and not self._busy:
            self.names_asked.emit(self.stream, tuple(name.strip().strip('"') for name in text.split(",")))

    def _on_path(self) -> None:
        if not self._busy:
            self.path_asked.emit(self.stream, Role(self._path_role.currentText()), self._path.text().strip())

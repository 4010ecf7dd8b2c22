"""All that was noted about moments of this log: to jump to, and one's own to change."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QWidget

from console.session.marks import Mark
from widgets.icons import Icons
from widgets.models.paged_rows import time_text
from widgets.models.rows import Column, RowsModel
from widgets.panels.parts import button, column, label, row, set_widths, table

EMPTY = "Nothing is noted yet. M notes something at the cross-hair."


class MarksPanel(QWidget):
    """Displays marks in the order of time; asks for jumps, other words, and deletion."""

    jump_asked = Signal(object)      # Mark
    add_asked = Signal()
    edit_asked = Signal(object)      # Mark
    changes_asked = Signal(object)   # datetime: what changed since then
    delete_asked = Signal(object)    # Mark

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("marks_panel")
        self._relative = False
        self._model = RowsModel((
            Column("Time", 190, lambda one: time_text(one.at, relative=self._relative)),
            Column("By", 96, lambda one: "you" if one.own else one.origin),
            Column("Note", 400, lambda one: one.text),
        ))
        self._table = table(self._model, "marks_table", "Marks")
        set_widths(self._table, self._model.widths())
        self._empty = label(EMPTY, name="marks_empty", tone="muted")
        self._add = button("Add mark", "mark_add", "Note something at the cross-hair (M)")
        self._jump = button("Show", "mark_jump", "Bring that moment into the middle of the charts (Return)")
        self._changes = button("What changed since", "mark_changes",
                               "Metrics, columns and segments that moved since that moment")
        self._edit = button("Edit", "mark_edit", "Give your mark other words")
        self._delete = button("Delete", "mark_delete", "Take your mark away; this can be undone")
        head = row(self._add, self._jump, self._changes, self._edit, self._delete, self._empty, None)
        page = column(head, self._table, margins=(8, 4, 8, 8), gap=4)
        page.setStretch(1, 1)
        self.setLayout(page)
        self._add.clicked.connect(self.add_asked)
        self._jump.clicked.connect(self._on_jump)
        self._changes.clicked.connect(self._on_changes)
        self._edit.clicked.connect(self._on_edit)
        self._delete.clicked.connect(self._on_delete)
        self._table.activated.connect(self._on_jump)
        self._table.selectionModel().currentRowChanged.connect(self._on_row)
        self._on_row(QModelIndex(), QModelIndex())

    def display(self, marks: tuple[Mark, ...], *, relative: bool) -> None:
        """All of them."""
        self._relative = relative
        self._model.show(marks)
        self._empty.setVisible(not marks)
        self._on_row(self._table.currentIndex(), QModelIndex())

    @property
    def chosen(self) -> Mark | None:
        """The row that is chosen."""
        found: Mark | None = self._model.row(self._table.currentIndex())
        return found

    def _on_row(self, _index: QModelIndex, _before: QModelIndex) -> None:
        one = self.chosen
        self._jump.setEnabled(one is not None)
        self._changes.setEnabled(one is not None)
        self._edit.setEnabled(one is not None and one.own)
        self._delete.setEnabled(one is not None and one.own)

    def _on_jump(self) -> None:
        if self.chosen is not None:
            self.jump_asked.emit(self.chosen)

    def _on_changes(self) -> None:
        if self.chosen is not None:
            self.changes_asked.emit(self.chosen.at)

    def _on_edit(self) -> None:
        if self.chosen is not None:
            self.edit_asked.emit(self.chosen)

    def _on_delete(self) -> None:
        if self.chosen is not None:
            self.delete_asked.emit(self.chosen)

"""The rows behind a chart: a page at a time, sorted and filtered by the database, each with its line in the file."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QFontDatabase, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QSplitter,
    QTableView,
    QToolButton,
    QWidget,
)

from console.metrics.format import format_count, format_window
from console.session.rows_view import RawLine, defused_text
from console.store.rows import OPERATORS, WITHOUT_VALUE, Row, RowFilter, RowsCount, RowsPage, RowsQuery
from widgets.icons import Icons
from widgets.models.paged_rows import PagedRows, as_lines
from widgets.panels.parts import Choice, QuietChoice, button, column, holding, label, row, set_tone, tool

LONGEST_CHIP = 40
NOTHING = "No rows here with these filters."


class RowsPanel(QWidget):
    """Displays pages of rows. Asks for other ones by a RowsQuery, for the line of a row, and for a file of all."""

    query_asked = Signal(object)     # RowsQuery
    more_asked = Signal()
    raw_asked = Signal(object)       # Row
    pick_asked = Signal(str, str, object, bool)      # stream, stored name, value or None, not that: for charts too
    export_asked = Signal()
    cancel_asked = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rows_panel")
        self._icons = icons
        self._query: RowsQuery | None = None
        self._choices: tuple[RowsQuery, ...] = ()
        self._relative = False
        self._names: dict[str, str] = {}
        self._model = PagedRows(icons.holder, self)
        self._table = self._make_table()
        self._stream = Choice(icons, "rows_stream", "Stream that the rows are from", [])
        self._stream.setMinimumWidth(128)
        self._when = label(name="rows_when", tone="muted")
        self._chips = QHBoxLayout()
        self._chips.setSpacing(4)
        self._add = tool(icons, "filter-plus-outline", "rows_add_filter", "Show only some of the rows", text="Filter")
        self._count = label(name="rows_count", tone="muted")
        self._copy = tool(icons, "content-copy", "rows_copy", "Copy the chosen rows (Ctrl+C)")
        self._export = tool(icons, "export-variant", "rows_export", "All these rows into a file: CSV or Parquet")
        self._bar = QProgressBar(objectName="rows_progress")
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(96, 8)
        self._cancel = button("Cancel", "rows_cancel", "Stop; nothing is left half written")
        self._form = self._make_form()
        self._place = label(name="rows_place", tone="muted", wrap=True)
        self._raw = QPlainTextEdit(objectName="rows_raw")
        self._raw.setReadOnly(True)
        self._raw.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._raw.setAccessibleName("The chosen row as it stands in its file")
        self._raw.setPlaceholderText("Choose a row to see it as it stands in its file")
        self._raw.setTabChangesFocus(True)
        self._put_together()
        self._bar.hide()
        self._cancel.hide()
        self._form.hide()
        self._stream.activated.connect(self._on_stream)
        self._add.clicked.connect(self._toggle_form)
        self._copy.clicked.connect(self.copy)
        self._export.clicked.connect(self.export_asked)
        self._cancel.clicked.connect(self.cancel_asked)
        self._model.more_asked.connect(self.more_asked)

    # ---- shown ---------------------------------------------------------------------------------------------

    @property
    def query(self) -> RowsQuery | None:
        """What is shown, or was asked for last."""
        return self._query

    @property
    def last(self) -> Row | None:
        """The row behind which the next page begins."""
        rows = self._model.rows
        return rows[-1] if rows else None

    def begin(self, choices: tuple[RowsQuery, ...], query: RowsQuery, *, relative: bool) -> None:
        """Rows of another chart or window were asked for; they are on their way."""
        self._choices, self._relative = choices, relative
        self._stream.clear()
        self._stream.addItems([one.stream for one in choices])
        self._show_query(query)

    def display(self, query: RowsQuery, page: RowsPage) -> None:
        """The first page of what was asked."""
        if query != self._query:
            return
        same = tuple(self._names) == tuple(column.stored for column in page.columns) and self._model.rowCount() > 0
        self._names = {column.stored: column.name or column.stored for column in page.columns}
        self._model.begin(page, relative=self._relative)
        if not same:
            for section, width in enumerate(self._model.widths()):
                self._table.setColumnWidth(section, width)
        header = self._table.horizontalHeader()
        header.setSortIndicator(self._model.section_of(query.sort) if query.sort else 0,
                                Qt.SortOrder.DescendingOrder if query.descending else Qt.SortOrder.AscendingOrder)
        self._show_query(query)
        self._export.setEnabled(bool(page.rows))
        self._copy.setEnabled(bool(page.rows))
        self._show_form_columns()
        self._raw.clear()
        self._place.setText("" if page.rows else NOTHING)
        if page.rows:
            self._table.setCurrentIndex(self._model.index(0, 0))

    def display_more(self, query: RowsQuery, page: RowsPage) -> None:
        """The page behind the last row."""
        if query == self._query:
            self._model.go_on(page)

    def display_count(self, query: RowsQuery, count: RowsCount) -> None:
        """How many there are."""
        if query == self._query:
            rows = "1 row" if count.count == 1 and count.exact else f"{format_count(count.count)} rows"
            self._count.setText(rows if count.exact else f"at least {rows}")

    def display_raw(self, chosen: Row, line: RawLine) -> None:
        """The line of a row, if that is still the one that is chosen."""
        if self._model.row(self._table.currentIndex()) == chosen:
            self._place.setText(line.place if not line.note else f"{line.place}: {line.note}")
            self._raw.setPlainText(line.text)

    def display_progress(self, done: int, total: int, note: str) -> None:
        """While they are written into a file."""
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._bar.setToolTip(note)
        self._bar.show()
        self._cancel.show()
        self._export.setEnabled(False)

    def display_idle(self) -> None:
        """Nothing is being written any more."""
        self._bar.hide()
        self._cancel.hide()
        self._export.setEnabled(self._model.rowCount() > 0)

    def display_error(self, text: str) -> None:
        """It cannot be asked so, and why."""
        self._count.setText("")
        self._place.setText(text)
        set_tone(self._place, "firing")

    def forget(self) -> None:
        """Another folder."""
        self._query, self._choices = None, ()
        self._model.clear()
        self._raw.clear()
        self._count.setText("")
        self._place.setText("")

    def focus_rows(self) -> None:
        """To the table."""
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---- asked ---------------------------------------------------------------------------------------------

    def copy(self) -> None:
        """The chosen rows with a heading, or the one cell when one row is chosen by a menu."""
        chosen = sorted({index.row() for index in self._table.selectionModel().selectedRows()})
        if not chosen:
            return
        sections = range(self._model.columnCount())
        heads = [self._model.headerData(at, Qt.Orientation.Horizontal) for at in sections]
        lines = [heads, *([self._model.value(self._model.index(at, section)) for section in sections] for at in chosen)]
        QGuiApplication.clipboard().setText(as_lines(lines, defused_text))

    def ask(self, query: RowsQuery) -> None:
        """Other rows, as if they had been chosen here."""
        self._show_query(query)
        self.query_asked.emit(query)

    def _with_filter(self, asked: RowFilter) -> None:
        if self._query is not None and asked not in self._query.filters:
            self.ask(replace(self._query, filters=(*self._query.filters, asked)))

    def _on_stream(self, at: int) -> None:
        if self._query is not None and 0 <= at < len(self._choices):
            chosen = self._choices[at]
            self.ask(RowsQuery(chosen.stream, self._query.window, chosen.filters))

    def _on_header(self, section: int) -> None:
        stored = self._model.stored(section)
        if self._query is None or stored is None:
            return
        descending = not self._query.descending if stored == self._query.sort else False
        self.ask(replace(self._query, sort=stored, descending=descending))

    def _on_row(self, index: QModelIndex, before: QModelIndex) -> None:
        one = self._model.row(index)
        if one is not None and (index.row() != before.row() or not self._raw.toPlainText()):
            set_tone(self._place, "muted")
            self._place.setText(f"{one.path}, record {format_count(one.record + 1)}" if one.path else "")
            self._raw.clear()
            self.raw_asked.emit(one)

    def _on_menu(self, place: QPoint) -> None:
        index = self._table.indexAt(place)
        if not index.isValid():
            index = self._table.currentIndex()
        stored = self._model.stored(index.column()) if index.isValid() else None
        menu = QMenu(self)
        menu.setObjectName("rows_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        value = self._model.value(index)
        if stored:
            name, said = self._names.get(stored, stored), _short("missing" if value is None else value)
            for text, only in (("Only", True), ("Not", False)):
                action = menu.addAction(f"{text} {name} {said}".replace("&", "&&"))
                operator = ("is" if only else "is not") if value is not None else (
                    "is missing" if only else "is there")
                action.setData(RowFilter(stored, operator, value or ""))
                action.triggered.connect(self._on_only)
            menu.addSeparator()
            for text, out in (("Only", False), ("Not", True)):
                action = menu.addAction(f"Board: {text.lower()} {name} {said}".replace("&", "&&"))
                action.setData((stored, value, out))
                action.triggered.connect(self._on_pick)
            menu.addSeparator()
        copy_cell = menu.addAction("Copy cell")
        copy_cell.setData(value or "")
        copy_cell.triggered.connect(self._on_copy_cell)
        menu.addAction("Copy rows").triggered.connect(self.copy)
        menu.popup(self._table.viewport().mapToGlobal(place))

    def _on_only(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._with_filter(action.data())

    def _on_pick(self) -> None:
        action = self.sender()
        if isinstance(action, QAction) and self._query is not None:
            self.pick_asked.emit(self._query.stream, *action.data())

    def _on_copy_cell(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            QGuiApplication.clipboard().setText(str(action.data()))

    def _toggle_form(self) -> None:
        self._form.setVisible(not self._form.isVisible())
        if self._form.isVisible():
            current = self._model.stored(self._table.currentIndex().column())
            at = self._column.findData(current) if current else -1
            self._column.setCurrentIndex(max(0, at))
            self._value.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_operator(self) -> None:
        self._value.setEnabled(self._operator.currentText() not in WITHOUT_VALUE)

    def _on_add(self) -> None:
        operator = self._operator.currentText()
        value = "" if operator in WITHOUT_VALUE else self._value.text().strip()
        if self._column.currentData() is not None and (value or operator in WITHOUT_VALUE):
            self._form.hide()
            self._value.clear()
            self._with_filter(RowFilter(str(self._column.currentData()), operator, value))
            self.focus_rows()

    def _on_chip(self) -> None:
        chip = self.sender()
        if isinstance(chip, QToolButton) and self._query is not None:
            gone = chip.property("number")
            self.ask(replace(self._query, filters=tuple(one for number, one in enumerate(self._query.filters)
                                                         if number != gone)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: copying; Escape puts a form away before the window hears of it."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() == Qt.Key.Key_Escape and self._form.isVisible():
            self._form.hide()
            self.focus_rows()
        else:
            super().keyPressEvent(event)

    # ---- inside --------------------------------------------------------------------------------------------

    def _show_query(self, query: RowsQuery) -> None:
        if query != self._query:
            self._count.setText("…")
        self._query = query
        self._stream.setCurrentIndex(max(0, self._stream.findText(query.stream)))
        self._when.setText(format_window(query.window, relative=self._relative) if query.window else "whole log")
        while self._chips.count():
            old = self._chips.takeAt(0).widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        for number, one in enumerate(query.filters):
            text = f"{self._names.get(one.column, one.column)} {one.operator} {_short(one.value)}".strip()
            chip = tool(self._icons, "close", f"rows_chip_{number}", f"Take this filter away: {text}",
                        text=text.replace("&", "&&"), flat=False)
            chip.setLayoutDirection(Qt.LayoutDirection.RightToLeft)      # the cross stands behind the words
            chip.setProperty("number", number)
            chip.clicked.connect(self._on_chip)
            self._chips.addWidget(chip)

    def _show_form_columns(self) -> None:
        chosen = self._column.currentData()
        self._column.clear()
        for stored, name in self._names.items():
            self._column.addItem(name, stored)
        self._column.setCurrentIndex(max(0, self._column.findData(chosen)))

    def _make_table(self) -> QTableView:
        made = QTableView()
        made.setObjectName("rows_table")
        made.setAccessibleName("Rows behind the chart")
        made.setModel(self._model)
        made.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        made.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
        made.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        made.setShowGrid(False)
        made.setWordWrap(False)
        made.setTabKeyNavigation(False)
        made.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        made.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        made.customContextMenuRequested.connect(self._on_menu)
        made.verticalHeader().hide()
        made.verticalHeader().setDefaultSectionSize(24)
        header = made.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setMinimumSectionSize(40)
        header.sectionClicked.connect(self._on_header)
        made.setItemDelegate(QuietChoice(made))
        made.selectionModel().currentChanged.connect(self._on_row)
        return made

    def _make_form(self) -> QWidget:
        self._column = Choice(self._icons, "filter_column", "Column to filter by", [])
        self._column.setMinimumWidth(160)
        self._operator = Choice(self._icons, "filter_operator", "Comparison", OPERATORS)
        self._value = QLineEdit(objectName="filter_value")
        self._value.setAccessibleName("Value to compare with")
        self._value.setPlaceholderText("Value")
        self._value.setMaximumWidth(240)
        add = button("Add filter", "filter_add", "Show only the rows for which this holds")
        self._operator.activated.connect(self._on_operator)
        self._value.returnPressed.connect(self._on_add)
        add.clicked.connect(self._on_add)
        return holding(row(self._column, self._operator, self._value, add, None))

    def _put_together(self) -> None:
        head = row(self._stream, self._when, self._chips, self._add, None, self._bar, self._cancel, self._count,
                   self._copy, self._export)
        beside = holding(column(self._place, self._raw, gap=4, margins=(8, 4, 0, 0)))
        across = QSplitter(Qt.Orientation.Horizontal)       # height is what the charts need
        across.addWidget(self._table)
        across.addWidget(beside)
        across.setSizes([720, 320])
        across.setStretchFactor(0, 3)
        across.setStretchFactor(1, 1)
        across.setChildrenCollapsible(False)
        self._place.setMinimumWidth(160)
        page = column(head, self._form, across, margins=(8, 4, 8, 8), gap=4)
        page.setStretch(2, 1)
        self.setLayout(page)
        self.setMinimumHeight(176)


def _short(text: str) -> str:
    tidy = " ".join(text.split())
    return tidy if len(tidy) <= LONGEST_CHIP else tidy[:LONGEST_CHIP] + "…"

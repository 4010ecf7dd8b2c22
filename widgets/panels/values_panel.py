"""The table behind a chart: what the curves show, for people who read or listen instead of looking."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QTableView, QWidget

from console.metrics.format import format_count, format_span, format_value
from console.metrics.view import ChartView
from console.session.chart_values import ValuesView, as_csv, time_of, values_of
from console.window import Window
from widgets.icons import Icons
from widgets.models.rows import LEFT, RIGHT, ROOT, Index
from widgets.panels.parts import QuietChoice, column, label, row, tool

TIME_PX, VALUE_PX, COUNT_PX = 176, 112, 96


class ValuesModel(QAbstractTableModel):
    """Answers from the arrays of the chart."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._view: ValuesView | None = None

    @property
    def view(self) -> ValuesView | None:
        """What is shown."""
        return self._view

    def show(self, view: ValuesView | None) -> None:
        """The same number of rows and columns keeps the place that is looked at."""
        before = (self.rowCount(), self.columnCount())
        if view is not None and before == (view.last - view.first, len(view.heads) + 1):
            self._view = view
            self.dataChanged.emit(self.index(0, 0), self.index(before[0] - 1, before[1] - 1))
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, before[1] - 1)
            return
        self.beginResetModel()
        self._view = view
        self.endResetModel()

    def rowCount(self, parent: Index = ROOT) -> int:
        """As Qt wants it."""
        return 0 if self._view is None or parent.isValid() else self._view.last - self._view.first

    def columnCount(self, parent: Index = ROOT) -> int:
        """As Qt wants it."""
        return 0 if self._view is None or parent.isValid() else len(self._view.heads) + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """As Qt wants it."""
        view = self._view
        if view is None or not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if index.column() else LEFT
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        number, at = view.first + index.row(), index.column() - 1
        if at < 0:
            text = time_of(view, number)
            return text if view.chart.relative else text.replace("T", " ").rstrip("Z")
        if view.chart.heat is not None and at >= len(view.chart.series):
            return format_count(round(float(view.curves[at].n[number])))
        if at < len(view.curves):
            return format_value(float(view.curves[at].values[number]), view.unit)
        return format_count(round(float(view.curves[at - len(view.curves)].n[number])))

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """As Qt wants it."""
        if self._view is None or orientation is not Qt.Orientation.Horizontal or section >= self.columnCount():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if section else LEFT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return ("Time" if self._view.chart.relative else "Time (UTC)") if not section else self._view.heads[section - 1]


class ValuesPanel(QWidget):
    """Displays the visible buckets of one chart."""

    export_asked = Signal(str)       # metric

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("values_panel")
        self._shown: tuple[ChartView, Window] | None = None
        self._model = ValuesModel(self)
        self._title = label("Choose a chart", name="values_title")
        self._about = label(name="values_about", tone="muted")
        self._copy = tool(icons, "content-copy", "values_copy", "Copy all values as a table (Ctrl+C: the chosen ones)")
        self._export = tool(icons, "export-variant", "values_export", "Export the chart: picture or values")
        self._table = QTableView()
        self._table.setObjectName("values_table")
        self._table.setModel(self._model)
        self._table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self._table.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self._table.setShowGrid(False)
        self._table.setWordWrap(False)
        self._table.setTabKeyNavigation(False)
        self._table.verticalHeader().hide()
        self._table.verticalHeader().setDefaultSectionSize(24)
        self._table.horizontalHeader().setHighlightSections(False)
        self._table.setItemDelegate(QuietChoice(self._table))
        page = column(row(self._title, self._about, None, self._copy, self._export), self._table,
                      margins=(8, 4, 8, 8), gap=4)
        page.setStretch(1, 1)
        self.setLayout(page)
        self._copy.clicked.connect(self.copy_all)
        self._export.clicked.connect(self._on_export)

    @property
    def metric(self) -> str:
        """Of the chart that is shown; "" for none."""
        return self._shown[0].metric if self._shown is not None else ""

    def display(self, chart: ChartView | None, window: Window | None) -> None:
        """The values of that chart in that window."""
        if chart is None or window is None:
            self._shown = None
            self._model.show(None)
            self._title.setText("Choose a chart")
            self._about.setText("")
            return
        fresh = self.metric != chart.metric
        self._shown = (chart, window)
        view = values_of(chart, window)
        columns = self._model.columnCount()
        self._model.show(view)
        self._title.setText(chart.title)
        self._about.setText(f"{format_count(view.last - view.first)} buckets of {format_span(chart.bucket_s)}")
        self._table.setAccessibleName(f"Values of {chart.title}")
        if fresh or columns != self._model.columnCount():
            for section in range(self._model.columnCount()):
                self._table.setColumnWidth(section, TIME_PX if not section else
                                           VALUE_PX if section <= len(view.curves) else COUNT_PX)
                wanted = self._table.horizontalHeader().sectionSizeHint(section) + 8
                self._table.setColumnWidth(section, max(wanted, self._table.columnWidth(section)))

    def choose(self, at_s: float | None) -> None:
        """The row of that instant, the first else."""
        view = self._model.view
        if view is None or not self._model.rowCount():
            return
        at = 0 if at_s is None else int((at_s - float(view.chart.times[view.first])) // view.chart.bucket_s)
        index = self._model.index(min(max(at, 0), self._model.rowCount() - 1), 0)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self._table.selectionModel().setCurrentIndex(index, flags)
        self._table.scrollTo(index, QTableView.ScrollHint.PositionAtCenter)
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def copy_all(self) -> None:
        """The whole table, with all digits."""
        if self._shown is not None:
            QGuiApplication.clipboard().setText(as_csv(*self._shown, delimiter="\t"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: copies the chosen rows."""
        if event.matches(QKeySequence.StandardKey.Copy):
            chosen = sorted({index.row() for index in self._table.selectionModel().selectedRows()})
            lines = [[str(self._model.data(self._model.index(at, section))) for section in
                      range(self._model.columnCount())] for at in chosen]
            QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in lines))
        else:
            super().keyPressEvent(event)

    def _on_export(self) -> None:
        if self.metric:
            self.export_asked.emit(self.metric)

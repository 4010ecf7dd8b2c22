"""The place Drift: two windows compared, column by column."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QApplication,
    QLayout,
    QMenu,
    QSizePolicy,
    QSplitter,
    QStyle,
    QStyleOptionToolButton,
    QStylePainter,
    QToolButton,
    QWidget,
)

from console.drift.view import DriftPreview, DriftView, NumericShape
from console.errors import ConsoleError
from console.metrics.format import format_count, format_number, format_window
from console.session.references import name_of
from console.window import Window
from widgets.icons import Icons
from widgets.models.rows import Column, RowsModel
from widgets.panels.asked_page import EMPTY, RESULT, AskedPage
from widgets.panels.drift_order import TableOrder
from widgets.panels.drift_preview import Place, in_places, places_of, small_text
from widgets.panels.drift_table import (
    EFFECT_COLUMN,
    ICONS,
    TONES,
    EffectDelegate,
    QuickCell,
    TableRow,
    drift_model,
    moved_tip,
)
from widgets.panels.moving_table import MovingTable
from widgets.panels.parts import button, centred, column, holding, label, make_table, row, set_tone, tool
from widgets.panels.shape_box import ShapeBox
from widgets.theme import REFERENCE_DASH

if TYPE_CHECKING:
    from console.session.view import SelectionView


LET_GO = "Every row is tested when you let go."
ARROW_PX, ARROW_ICON_PX = 20, 16
MOST_PX = 16777215
"""Qt's: no limit."""
WHEN = {"reference": "the time when all was well", "current": "the time in question"}


class WindowChip(QToolButton):
    """One of the two test windows: its line (dashed blue, solid orange), its time, its rows. Pressing it brushes; its
    arrow, or the down key, opens a list to pick from."""

    choices_asked = Signal(str)          # side: fill the menu now
    choice_made = Signal(str, object)    # side, the data of the line

    def __init__(self, icons: Icons, side: str) -> None:
        super().__init__()
        self._icons = icons
        self._side = side
        self.setObjectName(f"chip_{side}")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.choices = QMenu(self)
        self.choices.setObjectName(f"choices_{side}")
        self.setMenu(self.choices)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.choices.aboutToShow.connect(self._on_menu)
        self.choices.triggered.connect(self._on_choice)
        self.display(None)

    def _on_menu(self) -> None:
        self.choices_asked.emit(self._side)

    def _on_choice(self, action: QAction) -> None:
        self.choice_made.emit(self._side, action.data())

    def display(self, window: Window | None, *, relative: bool = False, name: str = "") -> None:
        """Show its time; its name where it is something else."""
        shown = format_window(window, relative=relative) if window else name or "not chosen"
        self.setText(f"{self._side.capitalize()}: {shown}")
        self.setAccessibleName(self.text())
        key = "R" if self._side == "reference" else "C"
        self.setToolTip(f"Choose the {self._side} window by dragging over a chart or the strip below ({key}), or "
                        f"from a list (Shift+{key})")

    def sizeHint(self) -> QSize:
        """Room for the line at the left."""
        hint = super().sizeHint()
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 64 + ARROW_PX, max(32, hint.height()))

    def minimumSizeHint(self) -> QSize:
        """It may give way; the whole is in its tip."""
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The line as it is drawn on the charts, and as much of the text as there is room for."""
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        option.text = ""
        option.features = QStyleOptionToolButton.ToolButtonFeature.None_
        option.subControls = QStyle.SubControl.SC_ToolButton
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)
        theme = self._icons.theme
        dashed = self._side == "reference"
        painter.setPen(theme.pen("reference", 2, REFERENCE_DASH[:1] + (3,)) if dashed
                       else QPen(theme.color("current"), 2))
        painter.setBrush(theme.color(self._side, 40))
        painter.drawRect(QRectF(12, self.height() / 2 - 6, 24, 12))
        painter.setPen(theme.color("text"))
        room = QRectF(48, 0, self.width() - 56 - ARROW_PX, self.height())
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
        arrow = QRect(self.width() - ARROW_PX - 2, (self.height() - ARROW_ICON_PX) // 2, ARROW_ICON_PX, ARROW_ICON_PX)
        self._icons.icon("chevron-down", "muted").paint(painter, arrow)


class DriftPanel(AskedPage):
    """Displays a DriftView; asks for tests, windows and columns. What counts as drift is decided in console.drift."""

    test_asked = Signal()
    suggest_asked = Signal()
    brush_asked = Signal(str)        # reference | current
    choices_asked = Signal(str)          # reference | current: fill the menu
    choice_made = Signal(str, object)    # side, what was picked
    column_asked = Signal(str)
    incident_asked = Signal()
    copy_asked = Signal()
    export_asked = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drift_panel")
        self._icons = icons
        self._view: DriftView | None = None
        self._preview: DriftPreview | None = None
        self._against = ""
        self._still = False
        self._testing = False            # all rows, behind a preview
        self._places: tuple[Place, ...] = ()
        self._last = ""
        self._selection: SelectionView | None = None
        self._displaying = False
        self._reference = WindowChip(icons, "reference")
        self._current = WindowChip(icons, "current")
        self._test = button("Test drift", "test_drift", "Compare the two windows, column by column (Ctrl+T)",
                            default=True)
        self._again = tool(icons, "auto-fix", "suggest_windows", "Compare the last quarter of the shown time with "
                           "its first quarter", text="Suggest")
        self._incident = tool(icons, "file-document-plus-outline", "drift_incident",
                              "Keep the current window as an incident", text="Create incident")
        self._header = row(self._reference, self._current, self._test, None, self._again, self._incident)
        self._add_pages("drift", self._empty_page(), self._result_page(), title="Testing for drift",
                        note="Reading the two windows", stop_tip="Stop the test", retry_tip="Run the test again",
                        retry=self.test_asked)
        self._sheet = column(self._header, self._pages, margins=(16, 16, 16, 8), gap=16)
        self.setLayout(self._sheet)
        self._reference.clicked.connect(self._on_reference)
        self._current.clicked.connect(self._on_current)
        for chip in (self._reference, self._current):
            chip.choices_asked.connect(self.choices_asked)
            chip.choice_made.connect(self.choice_made)
        self._test.clicked.connect(self.test_asked)
        self._again.clicked.connect(self.suggest_asked)
        self._incident.clicked.connect(self.incident_asked)
        icons.holder.changed.connect(self._theme_changed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def choices_menu(self, side: str) -> QMenu:
        """What is under the arrow of that side."""
        return (self._reference if side == "reference" else self._current).choices

    def open_choices(self, side: str) -> None:
        """Show it."""
        (self._reference if side == "reference" else self._current).showMenu()

    def lift_header(self) -> QLayout:
        """The two windows and what can be done with them, for who shows them above more than this page."""
        self._sheet.removeItem(self._header)
        self._header.setParent(None)
        self._sheet.setContentsMargins(0, 16, 0, 0)
        return self._header

    def offer_test(self, offered: bool) -> None:
        """Whether *Test drift* stands beside the windows: what is seen below may be another question."""
        self._test.setVisible(offered)

    @property
    def state(self) -> str:
        """empty | running | result | error; preview while the table shows what counts say"""
        return "preview" if self._preview is not None and self._has_table else super().state

    @property
    def _has_table(self) -> bool:
        return self._pages.currentIndex() == RESULT

    def display_selection(self, view: SelectionView) -> None:
        """The two windows; a result for other windows is put away."""
        self._selection = view
        shown = self._view
        fits = shown is not None and (shown.reference, shown.current) == (view.reference, view.current) \
            and self._against == view.against
        self._against = view.against
        self._reference.display(view.reference, relative=view.relative,
                                name=name_of(view.against) if view.against else "")
        self._current.display(view.current, relative=view.relative)
        both = view.comparable
        self._test.setEnabled(both)
        self._incident.setEnabled(view.current is not None)
        self._again.setEnabled(view.visible is not None)
        self._suggest.setEnabled(view.visible is not None)
        if shown is not None and not fits:
            self._view = None
        preview = self._preview
        if preview is not None and (preview.reference, preview.current) != (view.reference, view.current):
            self._end_preview()
        if self._has_table and self._view is None and self._preview is None:
            self._pages.setCurrentIndex(EMPTY)
        if self.state == "empty":
            self._explain(both)

    def display(self, view: DriftView) -> None:
        """Show the result."""
        self._end_preview()
        self._view = view
        self._verdict.setText(view.sentence)
        self._icons.dress(self._verdict_icon, ICONS[view.verdict], TONES[view.verdict], 24)
        tests = f"{view.n_tests} tests, p adjusted after Benjamini and Hochberg" if view.n_tests else "no tests"
        self._small.setText(f"{format_count(view.n_reference)} rows in the reference, {format_count(view.n_current)} "
                            f"in the current window; {tests}; {view.seconds:.2f} s")
        self._model.show(self._order.arranged(view.columns))
        self._bars.rescale()
        self._table.viewport().update()
        self._pages.setCurrentIndex(RESULT)
        wanted = self._selection.column if self._selection else ""
        chosen = next((at for at, one in enumerate(self._model.rows) if one.column == wanted), 0)
        self._displaying = True
        self._table.selectRow(chosen)
        self._displaying = False
        self._show_column()
        focused = QApplication.focusWidget()
        if self.isVisible() and (focused is None or self.isAncestorOf(focused) or focused is self):
            self._table.setFocus()      # so that up and down walk through the columns at once

    def display_preview(self, view: DriftPreview) -> None:
        """While a window is dragged: bars move, rows keep their places."""
        begins = self._preview is None
        if not begins and not self._still:      # the first frame has been laid out
            self._hold_still(True)
        if begins:
            self._places = places_of(self._model.rows if self._has_table else (), view)
        moved = begins or self._preview is None or self._preview.verdict is not view.verdict
        self._show_testing(False)
        self._verdict.setText(view.sentence)
        if moved:
            self._icons.dress(self._verdict_icon, ICONS[view.verdict], TONES[view.verdict], 24)
        self._small.setText(small_text(view, LET_GO))
        relative = self._selection is not None and self._selection.relative
        before = (None, None) if begins or self._preview is None else (self._preview.reference, self._preview.current)
        for chip, was, window in zip((self._reference, self._current), before, (view.reference, view.current),
                                     strict=True):
            if was != window:
                chip.display(window, relative=relative)
        self._preview = view
        rows = tuple(row for row in in_places(view, self._places) if self._order.finds(row))
        chosen = self.column
        self._table.move_rows(rows)
        if self._bars.rescale(grow_only=not begins):
            self._table.draw_column(EFFECT_COLUMN)
        if begins:
            self._displaying = True
            self._pages.setCurrentIndex(RESULT)
            self._table.selectRow(next((at for at, one in enumerate(rows) if one.column == chosen), 0))
            self._displaying = False
        self._show_column()

    @property
    def column(self) -> str:
        """The column whose distributions are drawn, or were drawn last; "" for none."""
        one: TableRow | None = self._model.row(self._table.currentIndex()) if self._has_table else None
        chosen = self._selection.column if self._selection is not None else ""
        return one.column if one is not None else chosen or self._last

    def _end_preview(self) -> None:
        if self._preview is not None:
            self._preview = None
            self._show_testing(False)
            self._hold_still(False)
            self._table.rest()
            self._quantile_table.rest()

    def _show_testing(self, yes: bool) -> None:
        if self._testing != yes:
            self._testing = yes
            self._stop.setVisible(yes)

    def _hold_still(self, yes: bool) -> None:
        """Words of other lengths must not move what stands beside and below them. With one size they also cost no
        layout of the whole window, sixty times a second."""
        self._still = yes
        for one in (self._reference, self._current, self._verdict, self._small, self._sentence):
            if yes:
                one.setFixedSize(one.size())
            else:
                one.setMinimumSize(0, 0)
                one.setMaximumSize(MOST_PX, MOST_PX)

    def display_progress(self, done: int, total: int, note: str) -> None:
        """While the test runs. A preview of the same windows stays where it is."""
        if self._preview is not None:
            share = f", {100 * done // total} % done" if total else ""
            self._small.setText(small_text(self._preview, f"Testing every row{share}."))
            self._show_testing(True)
            return
        super().display_progress(done, total, note)

    def display_stopped(self) -> None:
        """Cancelled: back to what was there."""
        if self._preview is not None:
            if self._testing:
                self._small.setText(small_text(self._preview, "The exact test was stopped."))
                self._show_testing(False)
            return
        super().display_stopped()

    def forget(self) -> None:
        """Another folder."""
        self._end_preview()
        self._view, self._last = None, ""
        self._pages.setCurrentIndex(EMPTY)

    def display_error(self, error: ConsoleError) -> None:
        """What, where, and what to do."""
        self._end_preview()
        super().display_error(error)

    # ---- pages ---------------------------------------------------------------------------------------------

    def _empty_page(self) -> QWidget:
        self._title = label("Compare two windows", large=True)
        self._how = label(name="drift_how", tone="muted", wrap=True)
        self._suggest = button("Suggest windows", "suggest_first", "The last quarter of the shown time against its "
                               "first quarter", default=True)
        self._suggest.clicked.connect(self.suggest_asked)
        self._explain(False)
        return centred(column(self._title, self._how, 8, row(self._suggest, None)), 560)

    def _explain(self, both: bool) -> None:
        selection = self._selection
        missing = "reference" if selection is None or not (selection.reference or selection.against) else "current"
        self._title.setText("Ready to test" if both else "Compare two windows")
        self._how.setText(
            "Both windows are chosen. Press Test drift to compare every column." if both else
            f"Drag over the strip below to choose the {missing} window, {WHEN[missing]}. Then every column is "
            "compared: distribution, categories, and missing values. Ctrl + drag draws the reference anew, "
            "Shift + drag the current window.")
        self._suggest.setVisible(not both)

    def _result_page(self) -> QWidget:
        self._verdict_icon = label()
        self._verdict = label(name="drift_sentence", large=True, wrap=True)
        self._small = label(name="drift_small", tone="muted", wrap=True)
        self._model = drift_model(self._icons)
        self._bars = EffectDelegate(self._icons, self._model)
        self._cells = QuickCell(self._icons, self._model)
        self._table = MovingTable(self._model, self._cells, {EFFECT_COLUMN: self._bars})
        make_table(self._table, self._model, "drift_table", "Columns, those that moved most first")
        self._table.setItemDelegate(self._cells)
        self._table.setItemDelegateForColumn(EFFECT_COLUMN, self._bars)
        self._table.selectionModel().currentRowChanged.connect(self._on_row)
        self._order = TableOrder(self._icons, self._table)
        self._order.changed.connect(self._on_order)
        self._order.copy_asked.connect(self.copy_asked)
        self._order.export_asked.connect(self.export_asked)
        self._shape = ShapeBox(self._icons)
        self._column_title = label(name="drift_column", large=True)
        self._sentence = label(name="drift_column_sentence", wrap=True)
        self._quantiles = RowsModel((
            Column("Share below", 120, lambda one: one[0]),
            Column("Reference", 88, lambda one: one[1], right=True),
            Column("Current", 88, lambda one: one[2], right=True),
            Column("Change", 88, lambda one: one[3], right=True),
        ))
        quick = QuickCell(self._icons, self._quantiles)
        self._quantile_table = MovingTable(self._quantiles, quick)
        make_table(self._quantile_table, self._quantiles, "quantile_table", "Quantiles of both windows")
        self._quantile_table.setItemDelegate(quick)
        self._quantile_table.setFixedHeight(32 + 5 * 28 + 4)
        self._quantile_table.setMaximumWidth(400)
        self._shape.setMaximumHeight(640)
        self._quantile_table.setSelectionMode(self._quantile_table.SelectionMode.NoSelection)
        self._quantile_table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = column(self._column_title, self._sentence, self._shape, self._quantile_table,
                        None, margins=(16, 0, 0, 0))
        inside.setStretchFactor(self._shape, 1000)
        detail = holding(inside)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("drift_split")
        left = column(self._order, self._table, gap=8)
        left.setStretch(1, 1)
        split.addWidget(holding(left))
        split.addWidget(detail)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setSizes([720, 400])
        split.setChildrenCollapsible(False)
        self._stop = tool(self._icons, "stop-circle-outline", "drift_stop", "Stop the exact test", text="Stop")
        self._stop.clicked.connect(self.cancel_asked)
        self._stop.hide()
        head = row(self._verdict_icon, column(self._verdict, self._small, gap=4), self._stop, gap=8)
        head.setStretch(1, 1)
        page = column(head, split)
        page.setStretch(1, 1)
        return holding(page)

    # ---- inside --------------------------------------------------------------------------------------------

    def _has_answer(self) -> bool:
        return self._view is not None

    def _on_order(self) -> None:
        """Sorted or filtered otherwise: the chosen column stays chosen where it is still there."""
        if self._view is not None and self._preview is None:
            one = self._model.row(self._table.currentIndex())
            self._model.show(self._order.arranged(self._view.columns))
            self._table.viewport().update()
            self._displaying = True
            self._table.selectRow(next((at for at, other in enumerate(self._model.rows) if other is one), 0))
            self._displaying = False
            self._show_column()

    @property
    def view(self) -> DriftView | None:
        """The result that is shown."""
        return self._view

    def _on_row(self, index: QModelIndex, _before: QModelIndex) -> None:
        self._show_column()
        one = self._model.row(index)
        # only what a person does, not what display() selects, is a wish
        if one is not None and not self._displaying:
            self.column_asked.emit(one.column)

    def _show_column(self) -> None:
        one: TableRow | None = self._model.row(self._table.currentIndex())
        shape = self._preview.shape if self._preview is not None else \
            self._view.shape(one.column) if self._view and one else None
        if shape is not None and (one is None or shape.column != one.column):
            shape = None
        if one is not None:
            self._last = one.column
        self._column_title.setText(one.column if one else "")
        self._sentence.setText(moved_tip(one) if one else "")
        set_tone(self._sentence, "muted")
        self._shape.display(shape)
        rows: list[tuple[str, str, str, str]] = []
        if isinstance(shape, NumericShape):
            rows = [(_quantile_name(q), format_number(old), format_number(new), change_text(old, new))
                    for q, old, new in shape.quantiles]
        if self._preview is not None:
            self._quantile_table.move_rows(tuple(rows))
        else:
            self._quantiles.show(tuple(rows))
        if self._quantile_table.isHidden() == bool(rows):
            self._quantile_table.setVisible(bool(rows))

    def _on_reference(self) -> None:
        self.brush_asked.emit("reference")

    def _on_current(self) -> None:
        self.brush_asked.emit("current")

    def _theme_changed(self, _theme: object) -> None:
        self._table.viewport().update()


def _quantile_name(q: float) -> str:
    return "50 % (median)" if q == 0.5 else f"{100 * q:.0f} %"


def change_text(old: float, new: float) -> str:
    """The difference, in as many decimals as the two numbers beside it show."""
    decimals = max(len(format_number(value).partition(".")[2]) for value in (old, new))
    if "e" in format_number(old) + format_number(new) or not math.isfinite(new - old):
        return f"{new - old:+.2e}"
    text = f"{new - old:+,.{decimals}f}".replace("-", "−")
    return text if any(digit in text for digit in "123456789") else "0"

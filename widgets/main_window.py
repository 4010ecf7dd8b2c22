"""The window: where the parts stand, menus and keys, what is dropped on it. Nothing of the domain."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QDockWidget,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QTabBar,
)

from widgets import layout_store
from widgets.actions import ACTIONS, MENUS
from widgets.icons import Icons
from widgets.panels.board_panel import BoardPanel
from widgets.panels.drift_panel import DriftPanel
from widgets.panels.incidents_panel import IncidentsPanel
from widgets.panels.inspector import Inspector
from widgets.panels.message_bar import MessageBar
from widgets.panels.overview_strip import OverviewStrip
from widgets.panels.parts import column, holding, label, line, row, tool
from widgets.panels.rail import PLACES, Rail
from widgets.panels.sources_panel import SourcesPanel
from widgets.panels.start_page import StartPage
from widgets.panels.status_bar import StatusLine
from widgets.panels.time_bar import TimeBar

TITLE = "Pilothouse"
ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_Backspace)
PRESSES = (Qt.Key.Key_Space,)


class MainWindow(QMainWindow):
    """Holds the panels. What a command means is decided by who listens to `intent`."""

    intent = Signal(str)             # name of the method that an action stands for
    folder_dropped = Signal(object)  # Path
    place_changed = Signal(str)
    closing = Signal()

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle(TITLE)
        self.setAcceptDrops(True)
        self.resize(1280, 800)
        self.icons = icons
        self.actions_by_name: dict[str, QAction] = {}
        self.time_bar = TimeBar(icons)
        self.message_bar = MessageBar(icons)
        self.rail = Rail(icons)
        self.start_page = StartPage(icons)
        self.board = BoardPanel(icons.holder)
        self.drift = DriftPanel(icons)
        self.incidents = IncidentsPanel(icons)
        self.sources = SourcesPanel(icons)
        self.inspector = Inspector(icons)
        self.overview = OverviewStrip(icons.holder)
        self.status_line = StatusLine(icons)
        self._menus = self._build_menus()
        self._build_layout()
        self._inspector_wanted = layout_store.restore(self, self.deck)
        self.rail.place_asked.connect(self.go)
        self.show_folder(None)

    # ---- what is shown -------------------------------------------------------------------------------------

    @property
    def place(self) -> str:
        """board, drift, incidents or sources."""
        return PLACES[self._places.currentIndex()]

    def go(self, place: str) -> None:
        """Show that place."""
        before = self.place
        self._places.setCurrentIndex(PLACES.index(place))
        self.rail.display(place)
        self._show_inspector()
        if self.folder_is_open:
            first = {"board": self.board, "drift": self.drift, "incidents": self.incidents, "sources": self.sources}
            first[place].setFocus(Qt.FocusReason.OtherFocusReason)
        if place != before:
            self.place_changed.emit(place)

    def show_folder(self, name: str | None) -> None:
        """A folder is open, or none: then there is only the start page."""
        is_open = name is not None
        self._pages.setCurrentIndex(1 if is_open else 0)
        for part in (self.time_bar, self.overview, self.status_line, *self._lines):
            part.setVisible(is_open)
        self._show_inspector()
        self.setWindowTitle(f"{name} - {TITLE}" if name else TITLE)
        for one in ACTIONS:
            if one.needs == "folder":
                self.actions_by_name[one.name].setEnabled(is_open)
        self.go("board")

    def toggle_inspector(self) -> None:
        """Show or hide the explanation beside the charts."""
        self._inspector_wanted = not self._inspector_wanted
        self._show_inspector()

    def show_chart_menu(self, place: QPoint) -> None:
        """What can be done with a chart."""
        self._chart_menu.popup(place)

    @property
    def folder_is_open(self) -> bool:
        """Whether there is more than the start page."""
        return self._pages.currentIndex() == 1

    # ---- building ------------------------------------------------------------------------------------------

    def _build_layout(self) -> None:
        self._places = QStackedWidget()
        self._places.setObjectName("places")
        board = holding(column(self.board, margins=(8, 8, 8, 8)))
        for page in (board, self.drift, self.incidents, self.sources):
            self._places.addWidget(page)
        self.deck = QMainWindow()
        self.deck.setWindowFlags(Qt.WindowType.Widget)
        self.deck.setObjectName("deck")
        self.deck.setCentralWidget(self._places)
        self._dock = QDockWidget("Inspector")
        self._dock.setObjectName("inspector_dock")
        self._dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable
                               | QDockWidget.DockWidgetFeature.DockWidgetFloatable)
        close = tool(self.icons, "close", "inspector_close", "Hide the inspector (F9)")
        close.clicked.connect(self.toggle_inspector)
        self._dock.setTitleBarWidget(holding(row(label("Inspector", tone="muted"), None, close,
                                                 margins=(16, 8, 8, 0))))
        self._dock.setWidget(self.inspector)
        self.deck.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._dock)
        self.deck.resizeDocks([self._dock], [288], Qt.Orientation.Horizontal)
        self._lines = (line(), line(), line())
        middle = row(self.rail, self.deck, gap=0)
        middle.setStretch(1, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.start_page)
        self._pages.addWidget(holding(middle))
        sheet = column(self.time_bar, self._lines[0], self.message_bar, self._pages, self._lines[1], self.overview,
                      self._lines[2], self.status_line, gap=0)
        sheet.setStretch(3, 1)
        self.setCentralWidget(holding(sheet))

    def _build_menus(self) -> dict[str, QMenu]:
        menus: dict[str, QMenu] = {}
        for title in MENUS:
            menu = self.menuBar().addMenu(f"&{title}")
            menu.setObjectName(f"menu_{title.lower()}")
            menus[title] = menu
        group = dict.fromkeys(MENUS, 0)
        for one in ACTIONS:
            action = QAction(one.text, self)
            action.setObjectName(f"action_{one.name}")
            action.setStatusTip(one.sentence)
            action.setToolTip(one.sentence)
            action.setData(one.intent)
            action.setShortcuts([QKeySequence(key) for key in one.keys])
            action.setAutoRepeat(one.name.startswith(("zoom", "pan")))
            action.triggered.connect(self._on_action)
            self.icons.dress(action, one.icon)
            if one.group != group[one.menu]:
                menus[one.menu].addSeparator()
                group[one.menu] = one.group
            menus[one.menu].addAction(action)
            self.actions_by_name[one.name] = action
        self._chart_menu = QMenu(self)
        self._chart_menu.setObjectName("chart_menu")
        for name in ("brush_reference", "brush_current", "suggest_windows", "test_drift", "", "create_incident",
                     "", "zoom_in", "zoom_out", "back"):
            if name:
                self._chart_menu.addAction(self.actions_by_name[name])
            else:
                self._chart_menu.addSeparator()
        return menus

    def _show_inspector(self) -> None:
        self._dock.setVisible(self._inspector_wanted and self.folder_is_open and self.place == "board")

    def _on_action(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.intent.emit(action.data())

    # ---- events of Qt --------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Keys that the focused part needs itself do not go to commands: Space presses a button, arrows move in a
        list."""
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            focused = QApplication.focusWidget()
            key = Qt.Key(event.key())
            pressing = isinstance(focused, QAbstractButton | QComboBox) and key in PRESSES
            moving = isinstance(focused, QAbstractItemView | QComboBox | QTabBar | QAbstractSlider) and key in ARROWS
            if (pressing or moving) and not event.modifiers():
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape ends what was begun and not finished."""
        if event.key() == Qt.Key.Key_Escape:
            self.intent.emit("end_brushing")
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A folder, or a file in it, may be dropped anywhere."""
        if dropped_folder(event) is not None:
            event.acceptProposedAction()
            self.start_page.light(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Gone again."""
        self.start_page.light(False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Open it."""
        self.start_page.light(False)
        folder = dropped_folder(event)
        if folder is not None:
            event.acceptProposedAction()
            self.folder_dropped.emit(folder)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the layout, and let the work end."""
        layout_store.keep(self, self.deck, self.icons.holder.choice, self._inspector_wanted)
        self.closing.emit()
        super().closeEvent(event)


def dropped_folder(event: QDropEvent) -> Path | None:
    """The folder that was dropped; that of the file when it was a file."""
    for url in event.mimeData().urls():
        if url.isLocalFile():
            path = Path(url.toLocalFile())
            return path if path.is_dir() else path.parent
    return None

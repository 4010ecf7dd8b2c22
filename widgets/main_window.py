"""The window: where the parts stand, menus and keys, what is dropped on it. Nothing of the domain.

It is built in two stages. The frame (menus, start page, bars) is there at once; the places, which bring numpy and the
charts with them, come by `furnishing` after the frame was painted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
    QPaintEvent,
)
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
    QWidget,
)

from console.session.view import SelectionView
from widgets import layout_store
from widgets.actions import ACTIONS, MENUS
from widgets.icons import Icons
from widgets.panels.message_bar import MessageBar
from widgets.panels.parts import OnePage, column, holding, label, line, row, tool
from widgets.panels.rail import PLACES, Rail
from widgets.panels.start_page import StartPage
from widgets.panels.status_bar import StatusLine
from widgets.panels.time_bar import TimeBar

if TYPE_CHECKING:
    from widgets.panels.advice_place import AdvicePlace
    from widgets.panels.alarms_panel import AlarmsPanel
    from widgets.panels.board_panel import BoardPanel
    from widgets.panels.changes_panel import ChangesPanel
    from widgets.panels.course_panel import CoursePanel
    from widgets.panels.deferral_panel import DeferralPanel
    from widgets.panels.drawer import Drawer
    from widgets.panels.drift_panel import DriftPanel
    from widgets.panels.drift_place import DriftPlace
    from widgets.panels.incidents_panel import IncidentsPanel
    from widgets.panels.inspector import Inspector
    from widgets.panels.lifecycle_panel import LifecyclePanel
    from widgets.panels.marks_panel import MarksPanel
    from widgets.panels.outcomes_panel import OutcomesPanel
    from widgets.panels.overview_strip import OverviewStrip
    from widgets.panels.plan_panel import PlanPanel
    from widgets.panels.replay_panel import ReplayPanel
    from widgets.panels.response_panel import ResponsePanel
    from widgets.panels.retraining_panel import RetrainingPanel
    from widgets.panels.rollout_place import RolloutPlace
    from widgets.panels.rows_panel import RowsPanel
    from widgets.panels.shock_panel import ShockPanel
    from widgets.panels.sources_panel import SourcesPanel
    from widgets.panels.together_panel import TogetherPanel
    from widgets.panels.training_panel import TrainingPanel
    from widgets.panels.values_panel import ValuesPanel
    from widgets.panels.what_if_panel import WhatIfPanel

TITLE = "Pilothouse"
NOTHING = SelectionView(None, None, False, False, False, "", None, None, "", 0)
ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_Backspace)
PRESSES = (Qt.Key.Key_Space,)
LEAST_PLACE_PX = 160
LEAST_PAGE_PX = 380
"""A place with something open under it; the start page is higher, and would push the window beyond a small screen."""
KEEP_MS = 500
"""After docks moved: one writing for a whole drag."""
DRAWER_PX = 264
"""Height of what opens under the charts, before somebody drags it."""


class MainWindow(QMainWindow):
    """Holds the panels. What a command means is decided by who listens to `intent`."""

    intent = Signal(str)             # name of the method that an action stands for
    folder_dropped = Signal(object)  # Path
    place_changed = Signal(str)
    painted = Signal()               # once, with the first paint: connect it queued
    closing = Signal()

    board: BoardPanel                # these are there once it is furnished
    drift: DriftPanel                # the first page of the place
    drift_place: DriftPlace
    plan: PlanPanel                  # the first page of the place
    replay: ReplayPanel
    what_if: WhatIfPanel
    deferral: DeferralPanel
    rollout_place: RolloutPlace
    course: CoursePanel
    outcomes: OutcomesPanel
    together: TogetherPanel
    training: TrainingPanel
    shock: ShockPanel                # the first page of the place
    response: ResponsePanel
    retraining: RetrainingPanel
    lifecycle: LifecyclePanel
    advice_place: AdvicePlace
    incidents: IncidentsPanel
    sources: SourcesPanel
    inspector: Inspector
    overview: OverviewStrip
    drawer: Drawer
    rows: RowsPanel
    values: ValuesPanel
    marks: MarksPanel
    alarms: AlarmsPanel
    changes: ChangesPanel

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle(TITLE)
        self.setAcceptDrops(True)
        self.resize(1280, 800)
        self.icons = icons
        self.furnished = False
        self.folder_is_open = False
        self._was_painted = False
        self._place = PLACES[0]
        self._page_of: dict[str, QWidget] = {}
        self.actions_by_name: dict[str, QAction] = {}
        self.time_bar = TimeBar(icons)
        self.message_bar = MessageBar(icons)
        self.rail = Rail(icons)
        self.start_page = StartPage(icons)
        self.status_line = StatusLine(icons)
        self._menus = self._build_menus()
        self._build_frame()
        self._inspector_wanted = layout_store.restore(self)
        self._drawer_wanted = False
        self._keeping = QTimer(self, singleShot=True, interval=KEEP_MS)
        self._keeping.timeout.connect(self._keep_layout)
        self.rail.place_asked.connect(self.go)
        self.show_folder(None)

    # ---- what is shown -------------------------------------------------------------------------------------

    @property
    def place(self) -> str:
        """board, drift, rollout, advice, incidents or sources."""
        return self._place

    def go(self, place: str) -> None:
        """Show that place."""
        before, self._place = self._place, place
        self.rail.display(place)
        self._show_inspector()
        if self.folder_is_open:
            self._places.show_page(self._places.indexOf(self._page_of[place]))
            first: dict[str, QWidget] = {"board": self.board, "drift": self.drift_place.page,
                                         "rollout": self.rollout_place.page, "advice": self.advice_place.page,
                                         "incidents": self.incidents, "sources": self.sources}
            first[place].setFocus(Qt.FocusReason.OtherFocusReason)
        if place != before:
            self.place_changed.emit(place)

    def show_drift(self, page: QWidget) -> None:
        """That page of the place Drift."""
        self.drift_place.open(page)
        self.go("drift")

    def show_advice(self, page: QWidget) -> None:
        """That page of the place Advice."""
        self.advice_place.open(page)
        self.go("advice")

    def show_folder(self, name: str | None) -> None:
        """A folder is open, or none: then there is only the start page."""
        self._show(name, is_open=name is not None)
        self.go("board" if name is None else self.place)

    def show_opening(self, name: str) -> None:
        """The frame that the folder will stand in, as it looks before the first row. A place can be chosen already."""
        self._opening.setText(f"Opening {name}")
        self._places.show_page(0)
        self.time_bar.display(NOTHING)
        self._show(name, is_open=False)
        self._opening.setFocus()
        self.go("board")

    def _show(self, name: str | None, *, is_open: bool) -> None:
        self.folder_is_open = is_open
        self._pages.setCurrentIndex(0 if name is None else 1)
        for part in (self.time_bar, self.status_line, self._lines[0], self._lines[2]):
            part.setVisible(name is not None)
        self._lines[1].setVisible(is_open)
        if self.furnished:
            self.overview.setVisible(is_open)
        self._show_inspector()
        self.setWindowTitle(f"{name} - {TITLE}" if name else TITLE)
        for one in ACTIONS:
            if one.needs == "folder":
                self.actions_by_name[one.name].setEnabled(is_open)

    def toggle_inspector(self) -> None:
        """Show or hide the explanation beside the charts."""
        self._inspector_wanted = not self._inspector_wanted
        self._show_inspector()

    # ---- building ------------------------------------------------------------------------------------------

    def _build_frame(self) -> None:
        self._opening = label(name="opening", tone="muted", wrap=True)
        self._opening.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._opening.setFocusPolicy(Qt.FocusPolicy.ClickFocus)     # else the first button would be lit
        self._places = OnePage()        # a wide place must not widen the window while another is shown
        self._places.setObjectName("places")
        self._places.addWidget(self._opening)
        self._places.setMinimumHeight(LEAST_PLACE_PX)       # else the highest place of all would decide
        self.deck = QMainWindow()
        self.deck.setWindowFlags(Qt.WindowType.Widget)
        self.deck.setObjectName("deck")
        self.deck.setCentralWidget(self._places)
        self._lines = (line(), line(), line())
        middle = row(self.rail, self.deck, gap=0)
        middle.setStretch(1, 1)
        self._pages = QStackedWidget()
        self._pages.setMinimumHeight(LEAST_PAGE_PX)
        self._pages.addWidget(self.start_page)
        self._pages.addWidget(holding(middle))
        self._sheet = column(self.time_bar, self._lines[0], self.message_bar, self._pages, self._lines[1],
                             self._lines[2], self.status_line, gap=0)
        self._sheet.setStretch(3, 1)
        self.setCentralWidget(holding(self._sheet))

    def furnishing(self) -> Iterator[None]:
        """The places, one a step, so that the window can answer between two of them."""
        from widgets.panels.advice_place import AdvicePlace
        from widgets.panels.alarms_panel import AlarmsPanel
        from widgets.panels.board_panel import BoardPanel
        from widgets.panels.changes_panel import ChangesPanel
        from widgets.panels.course_panel import CoursePanel
        from widgets.panels.deferral_panel import DeferralPanel
        from widgets.panels.drift_panel import DriftPanel
        from widgets.panels.drift_place import DriftPlace
        from widgets.panels.incidents_panel import IncidentsPanel
        from widgets.panels.inspector import Inspector
        from widgets.panels.lifecycle_panel import LifecyclePanel
        from widgets.panels.marks_panel import MarksPanel
        from widgets.panels.outcomes_panel import OutcomesPanel
        from widgets.panels.overview_strip import OverviewStrip
        from widgets.panels.picks_bar import PicksBar
        from widgets.panels.plan_panel import PlanPanel
        from widgets.panels.replay_panel import ReplayPanel
        from widgets.panels.response_panel import ResponsePanel
        from widgets.panels.retraining_panel import RetrainingPanel
        from widgets.panels.rollout_place import RolloutPlace
        from widgets.panels.rows_panel import RowsPanel
        from widgets.panels.shock_panel import ShockPanel
        from widgets.panels.sources_panel import SourcesPanel
        from widgets.panels.together_panel import TogetherPanel
        from widgets.panels.training_panel import TrainingPanel
        from widgets.panels.values_panel import ValuesPanel
        from widgets.panels.what_if_panel import WhatIfPanel

        self.board = BoardPanel(self.icons.holder)
        self.picks = PicksBar(self.icons)
        sheet = column(self.picks, self.board, margins=(8, 8, 8, 8), gap=0)
        sheet.setStretch(1, 1)
        self._add_place("board", holding(sheet))
        yield
        self.drift = DriftPanel(self.icons)
        self.drift_place = DriftPlace(self.drift)
        self.course = CoursePanel(self.icons)
        self.drift_place.add("Over time", self.course)
        self._add_place("drift", self.drift_place)
        yield
        self.plan = PlanPanel(self.icons)
        self.rollout_place = RolloutPlace(self.plan)
        yield
        self.replay = ReplayPanel(self.icons)
        self.rollout_place.add("Replay", self.replay)
        self.what_if = WhatIfPanel(self.icons)
        self.rollout_place.add("What if", self.what_if)
        self.deferral = DeferralPanel(self.icons)
        self.rollout_place.add("To a person", self.deferral)
        self._add_place("rollout", self.rollout_place)
        yield
        self.outcomes = OutcomesPanel(self.icons)
        self.drift_place.add("Outcomes", self.outcomes)
        self.together = TogetherPanel(self.icons)
        self.drift_place.add("All at once", self.together)
        self.training = TrainingPanel(self.icons)
        self.drift_place.add("Training/serving skew", self.training)
        yield
        self.shock = ShockPanel(self.icons)
        self.advice_place = AdvicePlace(self.icons, self.shock)
        self.response = ResponsePanel(self.icons)
        self.advice_place.add("Response", self.response)
        self.retraining = RetrainingPanel(self.icons)
        self.advice_place.add("Training again", self.retraining)
        self.lifecycle = LifecyclePanel(self.icons)
        self.advice_place.add("Lifecycle", self.lifecycle, about_moment=False)
        self._add_place("advice", self.advice_place)
        yield
        self.incidents = IncidentsPanel(self.icons)
        self._add_place("incidents", self.incidents)
        yield
        self.sources = SourcesPanel(self.icons)
        self._add_place("sources", self.sources)
        yield
        self.overview = OverviewStrip(self.icons.holder)
        self.overview.hide()
        self._sheet.insertWidget(self._sheet.indexOf(self._lines[2]), self.overview)
        self.inspector = Inspector(self.icons)
        self._add_inspector()
        yield
        self.rows = RowsPanel(self.icons)
        self.values = ValuesPanel(self.icons)
        self.marks = MarksPanel(self.icons)
        self.alarms = AlarmsPanel(self.icons)
        self.changes = ChangesPanel(self.icons)
        self._add_drawer()
        layout_store.restore_docks(self.deck)
        self._dock.hide()
        self._drawer_dock.hide()
        for dock in (self._dock, self._drawer_dock):
            dock.dockLocationChanged.connect(self._docks_moved)
            dock.topLevelChanged.connect(self._docks_moved)
            dock.visibilityChanged.connect(self._docks_moved)
        self.furnished = True

    def _add_place(self, place: str, page: QWidget) -> None:
        self._page_of[place] = page
        self._places.addWidget(page)
        self._places.show_page(self._places.currentIndex())

    def _add_inspector(self) -> None:
        self._dock = QDockWidget("Inspector")
        self._dock.setObjectName("inspector_dock")
        self._dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable
                               | QDockWidget.DockWidgetFeature.DockWidgetFloatable)
        close = tool(self.icons, "close", "inspector_close", "Hide the inspector (F9)")
        close.clicked.connect(self.toggle_inspector)
        self._dock.setTitleBarWidget(holding(row(label("Inspector", tone="muted"), None, close,
                                                 margins=(16, 8, 8, 0))))
        self._dock.setWidget(self.inspector)
        self._dock.hide()
        self.deck.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._dock)
        self.deck.resizeDocks([self._dock], [288], Qt.Orientation.Horizontal)

    def _add_drawer(self) -> None:
        """Under the charts, as wide as they and the inspector are."""
        from widgets.panels.drawer import Drawer

        self.drawer = Drawer(self.icons, (("Rows", self.rows), ("Values", self.values), ("Marks", self.marks),
                                          ("Alarms", self.alarms), ("What changed", self.changes)))
        self._drawer_dock = QDockWidget("Under the charts")
        self._drawer_dock.setObjectName("drawer_dock")
        self._drawer_dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable
                                      | QDockWidget.DockWidgetFeature.DockWidgetFloatable)
        self._drawer_dock.setTitleBarWidget(QWidget())       # the tabs say what it is, and carry the cross
        self._drawer_dock.setWidget(self.drawer)
        self.drawer.close_asked.connect(self.close_drawer)
        self.deck.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self._drawer_dock)
        self.deck.resizeDocks([self._drawer_dock], [DRAWER_PX], Qt.Orientation.Vertical)

    def open_drawer(self, page: QWidget) -> None:
        """Show that page under the charts, in the place where charts are."""
        if self.place != "board":
            self.go("board")
        self._drawer_wanted = True
        self.drawer.open(page)
        self._show_inspector()

    def close_drawer(self) -> None:
        """Back to the charts."""
        had = self.drawer.isAncestorOf(QApplication.focusWidget() or self)
        self._drawer_wanted = False
        self._show_inspector()
        if had:
            self.board.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def drawer_open(self) -> bool:
        """Whether something is shown under the charts."""
        return self.furnished and self._drawer_dock.isVisible()

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
        return menus

    def _show_inspector(self) -> None:
        if self.furnished:
            board = self.folder_is_open and self.place == "board"
            self._dock.setVisible(self._inspector_wanted and board)
            self._drawer_dock.setVisible(self._drawer_wanted and board)

    def _docks_moved(self) -> None:
        """Kept soon, and not only when the window closes: a crash must not cost the layout."""
        if self.furnished:
            self._keeping.start()

    def _keep_layout(self) -> None:
        layout_store.keep(self, self.deck if self.furnished else None, self.icons.holder.choice,
                          self._inspector_wanted)

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

    def paintEvent(self, event: QPaintEvent) -> None:
        """The first one is told."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            self.painted.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the layout, and let the work end."""
        self._keeping.stop()
        self._keep_layout()
        self.closing.emit()
        super().closeEvent(event)


def dropped_folder(event: QDropEvent) -> Path | None:
    """The folder that was dropped; that of the file when it was a file."""
    for url in event.mimeData().urls():
        if url.isLocalFile():
            path = Path(url.toLocalFile())
            return path if path.is_dir() else path.parent
    return None

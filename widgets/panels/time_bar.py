"""Which folder, which time, and whether it moves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QFocusEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QLineEdit, QMenu, QToolButton, QWidget

from console.metrics.format import format_count, format_span, format_window
from console.window import Window
from widgets.icons import Icons
from widgets.models.typed_time import EXAMPLES, EXAMPLES_SINCE, NotATime, read_since, read_window
from widgets.panels.parts import row, tool
from widgets.theme import system_font

if TYPE_CHECKING:
    from console.session.view import RecentFolder, SelectionView, StatusView

QUICK = ("15m", "1h", "6h", "1d", "all")
SPOKEN = {"15m": "Last 15 minutes", "1h": "Last hour", "6h": "Last 6 hours", "1d": "Last day", "all": "The whole log"}


class RangeEdit(QLineEdit):
    """Shows the range; takes another one, absolute or relative. Escape puts back what is shown."""

    gave_up = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.shown = ""

    def display(self, text: str) -> None:
        """Show it, unless somebody is typing."""
        self.shown = text
        if not self.hasFocus():          # else a live window would take away what is selected to be typed over
            self.setText(text)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Choose everything, so that typing replaces it."""
        super().focusInEvent(event)
        if event.reason() is not Qt.FocusReason.PopupFocusReason:
            self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """What was not confirmed is forgotten."""
        super().focusOutEvent(event)
        self.setText(self.shown)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves."""
        if event.key() == Qt.Key.Key_Escape:
            self.setText(self.shown)
            self.gave_up.emit()
            return
        super().keyPressEvent(event)


class TimeBar(QWidget):
    """Displays the selection and the lag; asks for folders and times."""

    folder_asked = Signal()
    recent_asked = Signal(str)       # path
    close_asked = Signal()
    quick_asked = Signal(str)
    window_asked = Signal(object)    # Window
    mistyped = Signal(str)           # a sentence
    back_asked = Signal()
    forward_asked = Signal()
    live_asked = Signal(bool)
    palette_asked = Signal()
    theme_asked = Signal()
    typing_ended = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._selection: SelectionView | None = None
        self._following = False
        self._lag_s: float | None = None
        self.setObjectName("time_bar")
        self._folder = tool(icons, "chevron-down", "folder_menu", "The open folder, and others", text="No folder")
        self._folder.setLayoutDirection(Qt.LayoutDirection.RightToLeft)      # the arrow stands behind the name
        self._folder.setProperty("indicator", "none")
        self._folder.setFont(system_font(bold=True))
        self._folder.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self._menu.setObjectName("folder_menu_items")
        self._folder.setMenu(self._menu)
        self._quick = QButtonGroup(self)
        self._quick.setExclusive(False)
        quick = [self._quick_button(name) for name in QUICK]
        self._back = tool(icons, "arrow-left", "time_back", "Back to the time shown before (Alt+Left)")
        self._forward = tool(icons, "arrow-right", "time_forward", "Forward again (Alt+Right)")
        self._range = RangeEdit()
        self._range.setObjectName("time_range")
        self._range.setAccessibleName("Time range")
        self._range.setToolTip(f"Type a time range (G), for example {EXAMPLES}")
        self._range.setFixedWidth(336)
        self._live = tool(icons, "access-point", "live", "Move with the newest row (F; Space pauses)", text="Live",
                          flat=False, checkable=True)
        self._palette = tool(icons, "magnify", "open_palette", "All commands (Ctrl+K)")
        self._theme = tool(icons, "theme-light-dark", "theme_toggle", "Light or dark (Ctrl+Shift+D)")
        self.setLayout(row(self._folder, 8, *quick, 8, self._back, self._forward, self._range, None, self._live,
                           self._palette, self._theme, margins=(8, 4, 8, 4), gap=4))
        self._quick.buttonClicked.connect(self._on_quick)
        self._back.clicked.connect(self.back_asked)
        self._forward.clicked.connect(self.forward_asked)
        self._live.clicked.connect(self.live_asked)
        self._palette.clicked.connect(self.palette_asked)
        self._theme.clicked.connect(self.theme_asked)
        self._range.returnPressed.connect(self._on_typed)
        self._range.gave_up.connect(self.typing_ended)
        self.display_recent((), None)

    def display(self, view: SelectionView) -> None:
        """Show what is selected."""
        self._selection = view
        for each in self._quick.buttons():
            each.setChecked(each.property("quick") == view.quick)
            each.setEnabled(view.whole is not None)
        self._back.setEnabled(view.can_back)
        self._forward.setEnabled(view.can_forward)
        self._range.setEnabled(view.whole is not None)
        visible = format_window(view.visible, relative=view.relative) if view.visible else "no times yet"
        self._range.display(visible)
        examples = EXAMPLES_SINCE if view.relative else EXAMPLES
        self._range.setToolTip(f"Type a time range (G), for example {examples}")
        self._show_live()

    def display_status(self, view: StatusView) -> None:
        """Show how far behind the newest row is."""
        self._following, self._lag_s = view.following, view.live_lag_s
        self._show_live()

    def display_recent(self, recent: Iterable[RecentFolder], name: str | None) -> None:
        """The folder's name, and the menu of others."""
        self._folder.setText(name or "No folder")
        self._menu.clear()
        self._add("Open log folder…", "folder-open-outline").triggered.connect(self.folder_asked)
        others = [one for one in recent if one.name]
        if others:
            self._menu.addSeparator()
        for one in others:
            action = self._add(one.name, "folder-outline")
            action.setToolTip(one.path)
            action.setData(one.path)
            action.setEnabled(one.state != "missing")
            if one.state == "missing":
                action.setText(f"{one.name} (missing)")
            action.triggered.connect(self._on_recent)
        if name:
            self._menu.addSeparator()
            self._add("Close folder", "folder-remove-outline").triggered.connect(self.close_asked)

    def start_typing(self) -> None:
        """Put the cursor into the range."""
        self._range.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._range.selectAll()

    def copy_range(self) -> None:
        """To the clipboard, as it is shown: it can be typed and pasted again."""
        QGuiApplication.clipboard().setText(self._range.shown)

    def paste_range(self) -> None:
        """From the clipboard, as if it were typed."""
        self._range.setText(" ".join(QGuiApplication.clipboard().text().split())[:200])
        self._on_typed()
        if not self._range.hasFocus():
            self._range.setText(self._range.shown)

    def _add(self, text: str, icon: str) -> QAction:
        return self._menu.addAction(self._icons.icon(icon), text.replace("&", "&&"))

    def _quick_button(self, name: str) -> QToolButton:
        made = QToolButton()
        made.setText(name)
        made.setObjectName(f"quick_{name}")
        made.setProperty("quick", name)
        made.setProperty("flat", True)
        made.setCheckable(True)
        made.setToolTip(SPOKEN[name])
        made.setAccessibleName(SPOKEN[name])
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._quick.addButton(made)
        return made

    def _on_quick(self, clicked: QToolButton) -> None:
        clicked.setChecked(True)      # pressed twice it still is what is shown
        self.quick_asked.emit(clicked.property("quick"))

    def _on_recent(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.recent_asked.emit(str(Path(action.data())))

    def _on_typed(self) -> None:
        if self._selection is None or self._selection.whole is None:
            return
        try:
            read = read_since if self._selection.relative else read_window
            window: Window = read(self._range.text(), self._selection.whole.end)
        except NotATime as error:
            self.mistyped.emit(str(error))
            self._range.selectAll()
            return
        self._range.setModified(False)
        self.window_asked.emit(window)
        self.typing_ended.emit()

    def _show_live(self) -> None:
        view = self._selection
        live = bool(view and view.live)
        text = "Live"
        if live and self._lag_s is not None:
            text = f"Live, {format_span(self._lag_s)}"
        elif view and view.waited:
            text = f"Paused, {format_count(view.waited)} rows waited"
        self._live.setText(text)
        self._live.setChecked(live)
        self._live.setEnabled(bool(view and view.whole))
        self._live.setAccessibleName(text)

"""What can be done with one chart, as a menu. Says what was chosen; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from widgets.icons import Icons


@dataclass(frozen=True, slots=True)
class ChartOffer:
    """What the menu of a chart says.

    bucket   the bucket under the pointer, in words; "" where there is none
    since    its beginning, in words
    splits   (key, title) of what it can be split by
    level    the value under the pointer, in words; "" where there is none
    lines    whether there are thresholds to be moved
    compares whether hours before can be drawn behind it: not behind a map
    parts    names of its curves, where it is split: the board can be about one of them only
    """

    metric: str
    bucket: str
    alone: bool
    wide: bool
    ghost: str
    split: str
    splits: tuple[tuple[str, str], ...]
    first: bool
    last: bool
    since: str = ""
    level: str = ""
    lines: bool = False
    compares: bool = True
    parts: tuple[str, ...] = ()


class ChartMenu(QMenu):
    """Built anew each time it opens: what it offers is different for each chart."""

    asked = Signal(str, str)         # what, and with what: "ghost", "day"

    def __init__(self, icons: Icons, actions: Mapping[str, QAction], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("chart_menu")
        self._icons, self._known = icons, actions
        self._under: list[QMenu] = []

    def offer(self, one: ChartOffer) -> None:
        """For that chart."""
        self.clear()
        for menu in self._under:
            menu.deleteLater()
        self._under.clear()
        if one.bucket:
            self._add(self, f"Show rows of {one.bucket}", "rows", "bucket", icon="table-search")
        self._add(self, "Show rows of the shown time", "rows", "visible", icon="" if one.bucket else "table-search")
        if one.since:
            self._add(self, f"What changed since {one.since}", "changes", icon="history")
        self._add(self, "Table of values", "values", icon="table", key="T")
        self.addSeparator()
        self._add(self, "Show all charts" if one.alone else "Show alone", "alone", icon="fullscreen", key="A")
        if one.compares:
            self._choice("Compare with", "ghost", one.ghost, (
                ("", "Nothing"), ("day", "The day before"), ("week", "The week before")), "compare-horizontal")
        if one.splits:
            self._choice("Split by", "split", one.split, (("", "Nothing"), *one.splits), "call-split")
        for text, what, icon in (("Only", "only", "filter-outline"), ("Not", "not", "filter-minus-outline")):
            if one.parts:
                curves = self._menu(text, icon)
                for part in one.parts:
                    self._add(curves, part, what, part)
        self.addSeparator()
        if one.level:
            self._add(self, f"Add alarm at {one.level}", "alarm", icon="bell-plus-outline")
        if one.lines:
            self._add(self, "Move threshold", "threshold", icon="arrow-up-down", key="Shift+T")
        if one.level or one.lines:
            self.addSeparator()
        self._add(self, "Copy values", "copy", icon="content-copy")
        under = self._menu("Export", "export-variant")
        for form, text in (("png", "Picture (PNG)"), ("svg", "Drawing (SVG)"), ("csv", "Values (CSV)")):
            self._add(under, text, "export", form)
        self.addSeparator()
        wide = self._add(self, "Wide", "wide", "" if one.wide else "yes", key="W")
        wide.setCheckable(True)
        wide.setChecked(one.wide)
        self._add(self, "Move left", "move", "-1", icon="arrow-left", key="[").setEnabled(not one.first)
        self._add(self, "Move right", "move", "1", icon="arrow-right", key="]").setEnabled(not one.last)
        self._add(self, "Hide", "hide", icon="eye-off-outline", key="H")
        self.addAction(self._known["add_chart"])
        self.addSeparator()
        windows = self._menu("Test windows", "select-compare")
        for name in ("brush_reference", "brush_current", "suggest_windows", "test_drift", "clear_windows"):
            windows.addAction(self._known[name])
        for name in ("mark", "create_incident"):
            if name in self._known:
                self.addAction(self._known[name])

    def _menu(self, text: str, icon: str) -> QMenu:
        menu = self.addMenu(self._icons.icon(icon), text)
        self._under.append(menu)
        return menu

    def _choice(self, text: str, what: str, chosen: str, choices: tuple[tuple[str, str], ...], icon: str) -> None:
        menu = self._menu(text, icon)
        group = QActionGroup(menu)
        of_columns = False
        for key, title in choices:
            if ":" in key and not of_columns:
                of_columns = True
                menu.addSeparator()
            action = self._add(menu, title, what, key)
            action.setCheckable(True)
            action.setChecked(key == chosen)
            group.addAction(action)

    def _add(self, menu: QMenu, text: str, what: str, word: str = "", *, icon: str = "", key: str = "") -> QAction:
        action = menu.addAction(text.replace("&", "&&") + (f"\t{key}" if key else ""))
        if icon:
            action.setIcon(self._icons.icon(icon))
        action.setData((what, word))
        action.triggered.connect(self._on_chosen)
        return action

    def _on_chosen(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.asked.emit(*action.data())

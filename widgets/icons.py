"""Icons tinted by the theme. Loaded after the first paint: the icon font costs more time than the window has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QSize
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QAbstractButton, QLabel
from shiboken6 import isValid

from widgets.theme import Theme, ThemeHolder

SIZE = 18


@dataclass(frozen=True, slots=True)
class _Dressed:
    target: QAbstractButton | QAction | QLabel
    name: str
    meaning: str
    size: int


class Icons(QObject):
    """Gives icons to buttons, actions and labels, and gives them anew when the theme changes.

    Until `load` was called nothing is drawn; who asked before gets the icon then.
    """

    def __init__(self, holder: ThemeHolder, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.holder = holder
        self._dressed: list[_Dressed] = []
        self._cache: dict[tuple[str, str, str], QIcon] = {}
        self._font: Any = None
        holder.changed.connect(self._theme_changed)

    @property
    def theme(self) -> Theme:
        """The theme in force."""
        return self.holder.theme

    def load(self) -> None:
        """Load the icon font and dress all who wait."""
        if self._font is None:
            import qtawesome

            self._font = qtawesome
            self._repaint()

    def dress(self, target: QAbstractButton | QAction | QLabel, name: str, meaning: str = "text",
              size: int = SIZE) -> None:
        """`name` as in Material Design Icons 6 ("folder-open-outline"); `meaning` is a colour of the theme."""
        self._dressed = [one for one in self._dressed if one.target is not target]
        dressed = _Dressed(target, name, meaning, size)
        self._dressed.append(dressed)
        self._put(dressed)

    def icon(self, name: str, meaning: str = "text") -> QIcon:
        """For item models and menus, which ask again whenever they paint. Empty before `load`."""
        if self._font is None:
            return QIcon()
        key = (name, meaning, self.theme.name)
        if key not in self._cache:
            theme = self.theme
            self._cache[key] = self._font.icon(
                f"mdi6.{name}", color=theme.color(meaning), color_disabled=theme.color("muted", 130),
                color_selected=theme.color("on_accent"),
                color_on=theme.color("on_accent" if meaning == "text" else meaning))
        return self._cache[key]

    def _put(self, dressed: _Dressed) -> None:
        icon = self.icon(dressed.name, dressed.meaning)
        if isinstance(dressed.target, QLabel):
            dressed.target.setPixmap(icon.pixmap(QSize(dressed.size, dressed.size)))
            return
        dressed.target.setIcon(icon)
        if isinstance(dressed.target, QAbstractButton):
            dressed.target.setIconSize(QSize(dressed.size, dressed.size))

    def _theme_changed(self, _theme: Theme) -> None:
        self._repaint()

    def _repaint(self) -> None:
        self._dressed = [one for one in self._dressed if isValid(one.target)]
        for dressed in self._dressed:
            self._put(dressed)

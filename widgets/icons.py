"""Icons tinted by the theme, drawn from the font of Material Design Icons 6 that qtawesome brings.

Only its files are used. To import qtawesome takes four times as long as all icons of the first paint, since it loads
twelve fonts to draw with one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QObject, QRect, QSize, Qt
from PySide6.QtGui import QAction, QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import QAbstractButton, QLabel
from shiboken6 import isValid

from widgets.theme import Theme, ThemeHolder

SIZE = 18
FILLS = 0.875
"""Height of the drawing in its square: the font's own proportion."""


@dataclass(frozen=True, slots=True)
class _Dressed:
    target: QAbstractButton | QAction | QLabel
    name: str
    meaning: str
    size: int


class Glyph(QIconEngine):
    """Draws one character of the icon font, in the colours of the states that a button can be in."""

    def __init__(self, character: str, plain: QColor, on: QColor, disabled: QColor, selected: QColor) -> None:
        super().__init__()
        self._character = character
        self._plain, self._on, self._disabled, self._selected = plain, on, disabled, selected

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """In the middle of `rect`."""
        color = {QIcon.Mode.Disabled: self._disabled, QIcon.Mode.Selected: self._selected}.get(mode, self._plain)
        if state is QIcon.State.On and mode is not QIcon.Mode.Disabled:
            color = self._on
        font = QFont(_font().family)
        font.setPixelSize(max(1, round(FILLS * rect.height())))
        painter.save()
        painter.setPen(color)
        painter.setFont(font)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._character)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """Of that many device pixels."""
        made = QPixmap(size)
        if made.isNull():           # of a cell that has no room left for it
            return made
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return made


class Icons(QObject):
    """Gives icons to buttons, actions and labels, and gives them anew when the theme changes."""

    def __init__(self, holder: ThemeHolder, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.holder = holder
        self._dressed: list[_Dressed] = []
        holder.changed.connect(self._theme_changed)

    @property
    def theme(self) -> Theme:
        """The theme in force."""
        return self.holder.theme

    def dress(self, target: QAbstractButton | QAction | QLabel, name: str, meaning: str = "text",
              size: int = SIZE) -> None:
        """`name` as in Material Design Icons 6 ("folder-open-outline"); `meaning` is a colour of the theme."""
        self._dressed = [one for one in self._dressed if one.target is not target]
        dressed = _Dressed(target, name, meaning, size)
        self._dressed.append(dressed)
        self._put(dressed)

    def icon(self, name: str, meaning: str = "text") -> QIcon:
        """For item models and menus, which ask again whenever they paint."""
        return _tinted(name, meaning, self.theme)

    def _put(self, dressed: _Dressed) -> None:
        icon = self.icon(dressed.name, dressed.meaning)
        if isinstance(dressed.target, QLabel):
            dressed.target.setPixmap(icon.pixmap(QSize(dressed.size, dressed.size)))
            return
        dressed.target.setIcon(icon)
        if isinstance(dressed.target, QAbstractButton):
            dressed.target.setIconSize(QSize(dressed.size, dressed.size))

    def _theme_changed(self, _theme: Theme) -> None:
        self._dressed = [one for one in self._dressed if isValid(one.target)]
        for dressed in self._dressed:
            self._put(dressed)


@cache
def _tinted(name: str, meaning: str, theme: Theme) -> QIcon:
    """Kept as long as the program lives: Qt shares icons between widgets, and an engine written in Python must not be
    collected before the last of them."""
    return QIcon(Glyph(_font().character(name), theme.color(meaning),
                       on=theme.color("on_accent" if meaning == "text" else meaning),
                       disabled=theme.color("muted", 130), selected=theme.color("on_accent")))


@cache
def outline(name: str, size: int) -> QPainterPath:
    """The drawing of an icon as a path in a square of that size, for painters that write files or draw many."""
    font = QFont(_font().family)
    font.setPixelSize(max(1, round(FILLS * size)))
    path = QPainterPath()
    path.addText(0, 0, font, _font().character(name))
    box = path.boundingRect()
    path.translate(size / 2 - box.center().x(), size / 2 - box.center().y())
    return path


@dataclass(frozen=True, slots=True)
class _Font:
    family: str
    points: dict[str, str]       # name of an icon to its code point, hexadecimal

    def character(self, name: str) -> str:
        return chr(int(self.points[name], 16))


@lru_cache(maxsize=1)
def _font() -> _Font:
    found = find_spec("qtawesome")
    if found is None or found.origin is None:
        raise FileNotFoundError("qtawesome, which brings the icons, is not installed")
    folder = Path(found.origin).parent / "fonts"
    number = QFontDatabase.addApplicationFont(str(next(folder.glob("materialdesignicons6-webfont-[0-9]*.ttf"))))
    names = next(folder.glob("materialdesignicons6-*charmap*.json"))
    return _Font(QFontDatabase.applicationFontFamilies(number)[0], json.loads(names.read_text(encoding="utf-8")))

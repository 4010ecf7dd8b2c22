"""What the window remembers between runs: its place, its docks, its theme."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QByteArray, QRect, QSettings
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

VERSION = 1
"""Grows when docks change their names or places: an older layout is then left alone."""


def settings() -> QSettings:
    """The user's own; `PILOTHOUSE_HOME` puts them where the rest of the program's things are."""
    home = os.environ.get("PILOTHOUSE_HOME")
    if home:
        return QSettings(str(Path(home) / "window.ini"), QSettings.Format.IniFormat)
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "Pilothouse", "Pilothouse")


def keep(window: QWidget, deck: QMainWindow | None, theme: str, inspector: bool) -> None:
    """Write it down. `deck` None: its docks were not there yet, so what is known of them stays."""
    store = settings()
    store.setValue("layout/version", VERSION)
    store.setValue("layout/geometry", window.saveGeometry())
    if deck is not None:
        store.setValue("layout/deck", deck.saveState(VERSION))
    store.setValue("layout/inspector", inspector)
    store.setValue("theme", theme)


def restore(window: QWidget) -> bool:
    """Put it back as far as it fits the screens there are. Gives whether the inspector was open."""
    store = settings()
    geometry = store.value("layout/geometry")
    if _is_ours(store) and isinstance(geometry, QByteArray):
        window.restoreGeometry(geometry)
    clamp(window)
    return str(store.value("layout/inspector", "true")).lower() == "true"


def restore_docks(deck: QMainWindow) -> None:
    """Put the docks back where they were."""
    store = settings()
    state = store.value("layout/deck")
    if _is_ours(store) and isinstance(state, QByteArray):
        deck.restoreState(state, VERSION)
    for dock in deck.findChildren(QDockWidget):
        if dock.isFloating():
            clamp(dock)


def _is_ours(store: QSettings) -> bool:
    return str(store.value("layout/version")) == str(VERSION)


def theme_choice() -> str:
    """system, light or dark."""
    choice = str(settings().value("theme", "system"))
    return choice if choice in ("system", "light", "dark") else "system"


def notifies() -> bool:
    """Whether the desktop is told of an alarm that begins to fire; it is, until somebody turns it off."""
    return str(settings().value("notify", "true")).lower() == "true"


def keep_notifies(yes: bool) -> None:
    """From now on."""
    settings().setValue("notify", yes)


def last_folder() -> str:
    """Where the last folder was looked for."""
    return str(settings().value("last_folder", str(Path.home())))


def keep_last_folder(folder: Path) -> None:
    """Start there the next time."""
    settings().setValue("last_folder", str(folder))


def clamp(window: QWidget) -> None:
    """A window must not lie on a screen that is gone, nor be larger than the screen it lies on."""
    screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
    if screens:
        window.setGeometry(clamped(window.geometry(), screens))


def clamped(place: QRect, screens: list[QRect]) -> QRect:
    """The nearest place of that size on the screen that shows most of it."""
    def shown(screen: QRect) -> int:
        part = screen.intersected(place)
        return max(0, part.width()) * max(0, part.height())

    screen = max(screens, key=shown)
    width, height = min(place.width(), screen.width()), min(place.height(), screen.height())
    left = min(max(place.left(), screen.left()), screen.right() - width + 1)
    top = min(max(place.top(), screen.top()), screen.bottom() - height + 1)
    return QRect(left, top, width, height)

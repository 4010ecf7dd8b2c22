"""Tells of an alarm that begins to fire while somebody looks at another program: once each, and never of the past."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from widgets import layout_store
from widgets.bridge.conductor import Conductor

if TYPE_CHECKING:
    from console.alarms.view import AlarmRow, AlarmsView

MOST_SAID = 3
NO_MARKUP = str.maketrans({"<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
                           ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}", "&": "+"})
"""Some desktops take the words of a notification for markup, and much of them comes from logs."""

Tell = Callable[[str, str], None]
"""Title and words of a notification."""


class Notifier(QObject):
    """Hears every view of the alarms. An alarm is new when it began to fire after what was judged before."""

    clicked = Signal()

    def __init__(self, conductor: Conductor, parent: QObject, *, tell: Tell | None = None) -> None:
        super().__init__(parent)
        self._conductor = conductor
        self._tell = tell or self._show
        self._before: AlarmsView | None = None
        self._told: set[tuple[str, datetime | None]] = set()
        self._tray: QSystemTrayIcon | None = None

    @Slot(object)
    def on_alarms(self, view: AlarmsView | None) -> None:
        """As they stand now; None for another folder."""
        before, self._before = self._before, view
        if view is None:
            self._told.clear()
            return
        if before is None or before.judged is None:
            return
        since = before.judged[1]
        fresh = [row for row in view.rows if row.state.fires and row.start is not None and row.start > since
                 and row.silenced_until is None and (row.fingerprint, row.start) not in self._told]
        if not fresh:
            return
        self._told.update((row.fingerprint, row.start) for row in fresh)
        session = self._conductor.session
        live = session is not None and session.following
        if live and QApplication.activeWindow() is None and layout_store.notifies():
            self._tell(*words_of(fresh))

    def _show(self, title: str, words: str) -> None:
        if not QSystemTrayIcon.isSystemTrayAvailable() or not QSystemTrayIcon.supportsMessages():
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(QApplication.windowIcon(), self)
            self._tray.setToolTip("Pilothouse")
            self._tray.messageClicked.connect(self.clicked)
            self._tray.activated.connect(self.clicked)
            self._tray.show()
        self._tray.showMessage(title, words, QSystemTrayIcon.MessageIcon.Warning)


def words_of(fresh: list[AlarmRow]) -> tuple[str, str]:
    """Title and words for alarms that have just begun to fire."""
    title = f"{fresh[0].rule} fires" if len(fresh) == 1 else f"{len(fresh):,} alarms fire"
    said = [row.sentence for row in fresh[:MOST_SAID]]
    more = [f"and {len(fresh) - MOST_SAID:,} more"] if len(fresh) > MOST_SAID else []
    return title.translate(NO_MARKUP), "\n".join([*said, *more]).translate(NO_MARKUP)

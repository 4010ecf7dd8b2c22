"""Only this, not this: from a cell, a curve or a change to a board of some rows only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from widgets.bridge.conductor import Conductor
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.changes import ChangeRow
    from console.session import Session
    from console.session.picking import PickChoice, PicksView
    from console.store.picked import Pick
    from console.store.rows import RowsQuery
    from widgets.dialogs.pick_dialog import PickDialog

JOB = "count values"


class Picking(QObject):
    """The session keeps what is picked; here it is asked for and shown."""

    def __init__(self, window: MainWindow, conductor: Conductor, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor = window, conductor
        self._dialog: PickDialog | None = None

    def connect_panel(self) -> None:
        """Once the panels are there."""
        window = self._window
        window.picks.removed.connect(self.remove)
        window.picks.cleared.connect(self.clear)
        window.board.curve_asked.connect(self.offer_curve)
        window.rows.pick_asked.connect(self.cell)
        window.changes.pick_asked.connect(self.segment)
        self._conductor.opened.connect(self.forget)
        self._conductor.closed.connect(self.forget)

    @Slot()
    def forget(self) -> None:
        """Another folder: nothing is picked."""
        from console.session.picking import PicksView

        self._show(PicksView())

    def add(self, pick: Pick | None) -> None:
        """The board and its rows are about that only, or about all else; None for what charts cannot tell apart."""
        session = self._conductor.session
        if session is None:
            return
        if pick is None:
            self._window.message_bar.say("Charts cannot show these rows alone.", topic="picks")
            return
        self._change(session, session.picks.now, session.picks.add(pick))

    def choose(self) -> None:
        """From the values of the shown time, which are counted by a worker."""
        session = self._conductor.session
        visible = session.selection().visible if session is not None else None
        if session is None or visible is None:
            self._window.message_bar.say("Nothing is loaded yet.", topic="picks")
            return
        from widgets.dialogs.pick_dialog import PickDialog

        self._dialog = PickDialog(self._window.icons, self._window)
        self._dialog.pick_asked.connect(self._on_choice)
        self._dialog.finished.connect(self._on_closed)
        wide = (self._window.width() - self._dialog.width()) // 2
        self._dialog.move(self._window.mapToGlobal(QPoint(max(0, wide), 72)))
        self._dialog.show()
        job = self._conductor.start(JOB, lambda job: session.picks.choices(visible, job))
        job.succeeded.connect(self._on_choices)
        job.failed.connect(self._conductor.trouble)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    @Slot(object)
    def _on_choices(self, found: tuple[PickChoice, ...]) -> None:
        if self._dialog is not None:
            self._dialog.display(found)

    @Slot(object, bool)
    def _on_choice(self, pick: Pick, out: bool) -> None:
        self._window.go("board")
        self.add(replace(pick, out=out))

    @Slot()
    def _on_closed(self) -> None:
        self._dialog = None
        self._conductor.stop(JOB)

    @Slot(object)
    def remove(self, pick: Pick) -> None:
        """No longer that."""
        session = self._conductor.session
        if session is not None:
            self._change(session, session.picks.now, session.picks.remove(pick))

    @Slot()
    def clear(self) -> None:
        """All rows again."""
        session = self._conductor.session
        if session is not None:
            self._change(session, session.picks.now, session.picks.clear())

    @Slot(str, str, object, bool)
    def cell(self, stream: str, stored: str, value: str | None, out: bool) -> None:
        """A value in the table of rows."""
        session = self._conductor.session
        if session is not None:
            self.add(session.picks.of_cell(stream, stored, value, out=out))

    @Slot(str, str, bool)
    def curve(self, metric: str, name: str, out: bool) -> None:
        """A curve of a chart that is split."""
        session = self._conductor.session
        if session is not None:
            self.add(session.picks.of_part(session.layout.of(metric).split, name, out=out))

    @Slot(object, bool)
    def segment(self, row: ChangeRow, out: bool) -> None:
        """Of a change, with the time around it."""
        session, view = self._conductor.session, self._window.changes.view
        if session is None or view is None:
            return
        from console.store.picked import picked

        name, _, value = row.part.partition("=")
        self._conductor.chosen(session.look_at(view.around(row)))
        self._window.go("board")
        self.add(picked(session.store.streams(), name, value, out=out))

    @Slot(str, str, QPoint)
    def offer_curve(self, metric: str, name: str, place: QPoint) -> None:
        """Its name in the legend was pressed."""
        session = self._conductor.session
        if session is None or not session.layout.of(metric).split:
            return
        if session.picks.of_part(session.layout.of(metric).split, name, out=False) is None:
            return
        menu = QMenu(self._window)
        menu.setObjectName("curve_menu")
        menu.aboutToHide.connect(menu.deleteLater)
        for text, out in ((f"Only {name}", False), (f"Not {name}", True)):
            action = menu.addAction(text.replace("&", "&&"))
            action.setData((metric, name, out))
            action.triggered.connect(self._on_curve)
        menu.popup(place)

    @Slot()
    def _on_curve(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            metric, name, out = action.data()
            self.curve(metric, name, out)

    def _change(self, session: Session, before: tuple[Pick, ...], now: PicksView) -> None:
        self._show(now)
        self._conductor.ask("board")
        panel = self._window.rows
        if self._window.drawer_open and self._window.drawer.page is panel and panel.query is not None:
            panel.ask(_without(session, panel.query, before))

    def _show(self, view: PicksView) -> None:
        self._window.picks.display(view)
        self._window.actions_by_name["clear_picks"].setEnabled(bool(view.picks))


def _without(session: Session, query: RowsQuery, before: tuple[Pick, ...]) -> RowsQuery:
    """The rows that are shown, by what is picked now and no longer by what was before; own filters stay."""
    stream = next((one for one in session.store.streams() if one.name == query.stream), None)
    gone = {pick.row_filter(stream) for pick in before} if stream is not None else set()
    return session.picks.apply(replace(query, filters=tuple(one for one in query.filters if one not in gone)))

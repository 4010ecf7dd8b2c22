"""Marks: a typed note at the cross-hair, a list to jump from, other words, deletion and the way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from console.errors import ConsoleError
from console.window import Window, from_epoch
from widgets.bridge.conductor import Conductor
from widgets.dialogs.files import Questions
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.jobs import Job
    from console.session import Session
    from console.session.marks import Mark


class Marking(QObject):
    """Asks the session; notes are written on a worker, since a load may hold the database."""

    def __init__(self, window: MainWindow, conductor: Conductor, questions: Questions, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor, self._questions = window, conductor, questions

    def connect_panel(self) -> None:
        """Once the panel is there."""
        panel = self._window.marks
        panel.add_asked.connect(self.mark)
        panel.jump_asked.connect(self.jump)
        panel.edit_asked.connect(self.edit)
        panel.delete_asked.connect(self.delete)

    @Slot()
    def mark(self) -> None:
        """At the cross-hair; at the middle of what is shown while there is none."""
        session = self._conductor.session
        visible = session.selection().visible if session is not None else None
        if session is None or visible is None:
            return
        at_s = self._window.board.cross_hair
        at = from_epoch(at_s) if at_s is not None else visible.start + (visible.end - visible.start) / 2
        text = self._questions.note(self._window, "Mark", "")
        if text is not None and text.strip():
            self._do(lambda one: one.marks.add(at, text), "Marked.")

    @Slot(object)
    def edit(self, mark: Mark) -> None:
        """Other words."""
        text = self._questions.note(self._window, "Edit mark", mark.text)
        if text is not None and text.strip() and text != mark.text:
            self._do(lambda one: one.marks.edit(mark, text), "Mark changed.")

    @Slot(object)
    def delete(self, mark: Mark) -> None:
        """At once; it can be undone."""
        self._do(lambda one: one.marks.delete(mark), "Mark deleted.")

    def undo(self) -> None:
        """The last change of marks."""
        self._do(lambda one: one.marks.undo(), "")

    @Slot(object)
    def jump(self, mark: Mark) -> None:
        """That moment in the middle."""
        session = self._conductor.session
        visible = session.selection().visible if session is not None else None
        if session is not None and visible is not None:
            half = timedelta(seconds=visible.seconds / 2)
            self._conductor.chosen(session.look_at(Window(mark.at - half, mark.at + half)))

    def show(self) -> None:
        """The list; asked again, it goes."""
        window = self._window
        if window.drawer_open and window.drawer.page is window.marks:
            window.close_drawer()
            return
        window.open_drawer(window.marks)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """The list, if it is seen."""
        session, window = self._conductor.session, self._window
        if session is not None and window.drawer_open and window.drawer.page is window.marks:
            job = self._conductor.start("marks", lambda _job: session.marks.all())
            job.succeeded.connect(self._on_marks)
            job.broke.connect(self._conductor.bug)
            self._conductor.launch(job)

    @Slot(object)
    def _on_marks(self, marks: tuple[Mark, ...]) -> None:
        session = self._conductor.session
        if session is not None:
            self._window.marks.display(marks, relative=session.selection().relative)

    def _do(self, change: Callable[[Session], object], said: str) -> None:
        session = self._conductor.session
        if session is None:
            return

        def work(_job: Job) -> str:
            change(session)
            return said

        job = self._conductor.start("change marks", work)
        job.succeeded.connect(self._on_done)
        job.failed.connect(self._on_failed)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    @Slot(object)
    def _on_done(self, said: str) -> None:
        if said:
            self._window.message_bar.say(said, topic="mark", action="Undo", key="undo mark")
        else:
            self._window.message_bar.done("mark")
        self._conductor.ask("board")
        self._conductor.ask("overview")
        self.refresh()

    @Slot(object)
    def _on_failed(self, error: ConsoleError) -> None:
        self._window.message_bar.say(str(error), "warning", topic="mark")

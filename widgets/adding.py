"""Adding charts to the board, and trusting a folder with metrics of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Slot

from console.errors import ConsoleError
from widgets.bridge.conductor import Conductor
from widgets.dialogs.files import Questions
from widgets.main_window import MainWindow

if TYPE_CHECKING:
    from console.session.offers import Offer
    from widgets.dialogs.add_chart import AddChartDialog

MOST_NAMES = 3


class Adding(QObject):
    """Intents of the dialog. What there is and what is kept is the session's."""

    def __init__(self, window: MainWindow, conductor: Conductor, questions: Questions, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._conductor, self._questions = window, conductor, questions
        self._dialog: AddChartDialog | None = None

    def open(self) -> None:
        """The list of everything, which comes from a worker: there may be thousands of columns."""
        if self._conductor.session is None:
            return
        if self._dialog is None:
            from widgets.dialogs.add_chart import AddChartDialog

            self._dialog = AddChartDialog(self._window.icons, self._window)
            self._dialog.chart_asked.connect(self._on_asked)
            self._dialog.trust_asked.connect(self.trust)
            self._dialog.finished.connect(self._on_closed)
            wide, tall = (self._window.width() - self._dialog.width()) // 2, 72
            self._dialog.move(self._window.mapToGlobal(QPoint(max(0, wide), tall)))
        self._dialog.show()
        self._dialog.activateWindow()
        self._look()

    def forget(self) -> None:
        """Another folder."""
        if self._dialog is not None:
            self._dialog.close()

    def trust(self) -> None:
        """Show what would be run, and ask."""
        session = self._conductor.session
        if session is None:
            return
        self._window.message_bar.done("trust")
        if not session.own_expressions:
            self._window.message_bar.say("This folder has no metrics of its own: its pilothouse.toml names none.",
                                         topic="trust")
            return
        trusted = session.trusted
        if not self._questions.trust(self._dialog or self._window, session.command_target, session.own_expressions,
                                     trusted=trusted):
            return
        try:
            session.trust_folder(not trusted)
        except ConsoleError as error:
            self._window.message_bar.say(str(error), "warning")
            return
        self._window.message_bar.say("The folder's own metrics are not run any more." if trusted else
                                     "The folder is trusted: its own metrics can be added to the board.", topic="trust")
        self._conductor.ask("board")
        if self._dialog is not None:
            self._look()

    def tell_untrusted(self) -> None:
        """A folder was opened that wants something computed: say so, unless there is something worse to say."""
        session = self._conductor.session
        if session is None or session.trusted or not session.own_metrics or self._window.message_bar.text:
            return
        names = [one.name for one in session.own_metrics]
        shown = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES
                                                 else "")
        many = "A metric" if len(names) == 1 else f"{len(names)} metrics"
        self._window.message_bar.say(f"{many} of this folder's own ({shown}) "
                                     f"{'is' if len(names) == 1 else 'are'} not run until you trust the folder.",
                                     topic="trust", action="Look at them…" if len(names) > 1 else "Look at it…",
                                     key="trust")

    # ---- inside --------------------------------------------------------------------------------------------

    def _look(self) -> None:
        session = self._conductor.session
        if session is None:
            return
        job = self._conductor.start("offers", lambda _job: session.offers())
        job.succeeded.connect(self._on_offers)
        job.failed.connect(self._conductor.trouble)
        job.broke.connect(self._conductor.bug)
        self._conductor.launch(job)

    @Slot(object)
    def _on_offers(self, offers: tuple[Offer, ...]) -> None:
        if self._dialog is not None:
            self._dialog.display(offers)

    @Slot(str, bool)
    def _on_asked(self, metric: str, shown: bool) -> None:
        session = self._conductor.session
        if session is None:
            return
        try:
            session.add_chart(metric) if shown else session.change_chart(metric, hidden=True)
        except ConsoleError as error:
            self._window.message_bar.say(str(error), "warning")
        if shown:
            self._window.board.reveal(metric)
        self._conductor.ask("board")

    @Slot()
    def _on_closed(self) -> None:
        self._dialog = None

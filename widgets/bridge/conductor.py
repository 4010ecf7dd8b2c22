"""The life of one open folder: open, load, follow, refresh, close."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from console.errors import ConsoleError
from console.jobs import Job
from widgets.bridge.background import BackgroundJob, Workers
from widgets.bridge.readers import Readers
from widgets.bridge.refresher import Refresher

if TYPE_CHECKING:
    from console.session import Session
    from console.session.view import SelectionView

log = logging.getLogger(__name__)

BEAT_MS = 200
"""How often the cheap numbers (status, progress, live window) are looked at."""
LEAST_S = {"board": 0.1, "overview": 0.5, "sources": 1.0, "incidents": 0.1, "alarms": 1.0, "counts": 2.0}
"""The shortest time between two views of a kind."""
REST = {"overview": 20.0, "counts": 20.0}
"""How many times as long as it took to make a view the next one of its kind waits: the silhouette of a large log hardly
moves, and rows are counted for previews of drift while nobody may drag a window."""
CLOSE_S = 2.0
"""So long the closing window waits for its work."""
ALWAYS = ("alarms", "counts")
"""Views that every place shows a part of: the status bar counts what fires, and windows are dragged everywhere."""
WHOLE = ("alarms", "counts")
"""Views that would be wrong of half a log: they wait until it is loaded."""
POLL_LEAST_MS, POLL_MOST_MS, POLL_REST_MS = 200, 1000, 20
"""Following asks as often as something comes, and rests when nothing does: from one beginning to the next, or so long
at least when there is much to read."""
BOARD_FIRST_MS = 250
"""So long at most a poll waits for the board of the one before: side by side they take each other's processor, and what
is read meanwhile could not be drawn anyway."""

Opener = Callable[[Path, Path | None], "Session"]
"""From a folder and, where it is not the usual one, its workspace."""


class Life(Enum):
    """How far the open folder is."""

    NONE = "none"
    OPENING = "opening"
    LOADING = "loading"
    FOLLOWING = "following"
    CLOSING = "closing"


class Conductor(QObject):
    """Owns the session and its background life. Lives on the window's thread; everything slow runs on workers.

    A view is asked for with `ask(name)` and arrives by the signal of that name, for the session that is open then.
    """

    opened = Signal(object)              # Session: it takes intents from now on
    closed = Signal()                    # no folder is open any more
    load_ended = Signal()
    selection_changed = Signal(object)   # SelectionView
    status_changed = Signal(object)      # StatusView
    board_ready = Signal(object)         # BoardView | None
    overview_ready = Signal(object)      # OverviewView | None
    sources_ready = Signal(object)       # SourcesView
    incidents_ready = Signal(object)     # tuple[IncidentRow, ...]
    alarms_ready = Signal(object)        # AlarmsView; its spans are those of the whole log
    chart_read = Signal()                # a chart of the board that is read apart has come: see Session.filled_board
    trouble = Signal(object)             # ConsoleError: for the user
    bug = Signal(object)                 # any other exception: ours

    def __init__(self, opener: Opener, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._opener = opener
        self._workers = Workers(self)
        self._session: Session | None = None
        self._arriving: Session | None = None       # opened by a worker, not yet heard of here
        self._life = Life.NONE
        self._next: tuple[Path, Path | None] | None = None
        self._wanted: Path | None = None
        self._jobs: dict[str, BackgroundJob] = {}
        self._generation: object = None
        self._selection: SelectionView | None = None
        self._poll_ms = POLL_LEAST_MS
        self._polled_at = 0.0
        self._poll_trouble = ""
        self._poll_held = False
        self._board_shown = True
        self._views = {name: self._refresher(name) for name in LEAST_S}
        self._views["board"].ready.connect(self.board_ready)
        self._views["overview"].ready.connect(self.overview_ready)
        self._views["sources"].ready.connect(self.sources_ready)
        self._views["incidents"].ready.connect(self.incidents_ready)
        self._views["alarms"].ready.connect(self.alarms_ready)
        self._readers = Readers(self._workers, self)
        self._readers.came.connect(self._on_chart_read)
        self._readers.failed.connect(self.trouble)
        self._readers.broke.connect(self.bug)
        self._views["board"].ready.connect(self._want_charts)
        self._views["board"].ready.connect(self._let_poll)
        self._follows: tuple[str, ...] = ("board", "overview")
        self._beat = QTimer(self, interval=BEAT_MS)
        self._beat.timeout.connect(self._on_beat)
        self._poll = QTimer(self, singleShot=True)
        self._poll.timeout.connect(self._start_poll)

    # ---- what others ask for -------------------------------------------------------------------------------

    @property
    def session(self) -> Session | None:
        """The open folder, or None."""
        return self._session if self._life in (Life.LOADING, Life.FOLLOWING) else None

    @property
    def life(self) -> Life:
        """How far the open folder is."""
        return self._life

    @property
    def awaited(self) -> Path | None:
        """The folder that is being opened, or will be as soon as the one before is closed."""
        if self._next is not None:
            return self._next[0]
        return self._wanted if self._life is Life.OPENING else None

    @property
    def views_idle(self) -> bool:
        """Nothing that is shown is being computed."""
        return self._readers.idle and all(view.idle for name, view in self._views.items() if name != "counts")

    def open(self, folder: Path, workspace: Path | None = None) -> None:
        """Open that folder; the one open before is closed first, in the background."""
        if self._life is Life.OPENING and folder == self._wanted:
            return                          # a double click
        if self._life is Life.NONE:
            self._begin(folder, workspace)
        else:
            self._next = folder, workspace
            self._retire()

    def close_folder(self) -> None:
        """Back to the start page."""
        self._next = None
        if self._life is not Life.NONE:
            self._retire()

    def reload(self) -> None:
        """Look through the folder again; also goes on after loading was cancelled."""
        if self._session is not None and self._life is Life.FOLLOWING:
            self._poll.stop()
            self.stop("poll")
            self._life = Life.LOADING
            self._load(self._session)
            self._on_beat()

    def follow_views(self, *names: str) -> None:
        """Refresh these when the data change, and now; the others only when asked."""
        fresh = [name for name in names if name not in self._follows]
        self._follows = names
        for name in fresh:
            self.ask(name)

    def ask(self, name: str, *, at_once: bool = False) -> None:
        """Make that view again."""
        if name not in WHOLE or self._life is Life.FOLLOWING:
            self._views[name].ask(at_once=at_once)

    def start(self, name: str, work: Callable[[Job], Any]) -> BackgroundJob:
        """A job of the open folder, not started yet: connect its signals, then `launch` it.

        A job of the same name that is still under way is asked to stop: the newest wish wins.
        """
        self.stop(name)
        job = BackgroundJob(name, work)
        self._jobs[name] = job
        job.ended.connect(self._on_job_ended)
        return job

    def launch(self, job: BackgroundJob) -> None:
        """Run it."""
        self._workers.start(job)

    def job(self, name: str) -> BackgroundJob | None:
        """The one of that name that is under way."""
        return self._jobs.get(name)

    def stop(self, name: str) -> None:
        """Ask the job of that name to stop, if there is one."""
        job = self._jobs.get(name)
        if job is not None:
            job.stop()

    def chosen(self, selection: SelectionView) -> None:
        """An intent gave this selection: show it, and what depends on it."""
        before = self._selection
        self._selection = selection
        if before == selection:
            return
        self.selection_changed.emit(selection)
        if (before is None or before.visible != selection.visible) and "board" in self._follows:
            self.ask("board")
        if before is None or before.reference != selection.reference:
            self.ask("counts")      # it may want bins of its own

    def shut_down(self, within_s: float | None = None) -> bool:
        """The window closes: stop everything, wait, give the database back. False when a worker still hangs."""
        self._beat.stop()
        self._poll.stop()
        self._next = None
        self._readers.want(())
        for view in self._views.values():
            view.source(None)
        ended = self._workers.shut_down(CLOSE_S if within_s is None else within_s)
        session = self._session or self._arriving
        self._session, self._arriving, self._life = None, None, Life.NONE
        if session is not None and ended:
            try:
                session.close()
            except Exception:
                log.exception("Closing the session broke")
        return ended

    # ---- inside: opening and closing -----------------------------------------------------------------------

    def _refresher(self, name: str) -> Refresher:
        view = Refresher(name, self._workers, self, least_s=LEAST_S.get(name, 0.1), rest=REST.get(name, 0.0))
        view.failed.connect(self.trouble)
        view.broke.connect(self.bug)
        return view

    def _begin(self, folder: Path, workspace: Path | None) -> None:
        self._life = Life.OPENING
        self._wanted = folder
        opener = self._opener

        def work(_job: Job) -> Session:
            self._arriving = opener(folder, workspace)
            return self._arriving

        job = self.start("open", work)
        job.succeeded.connect(self._on_opened)
        job.failed.connect(self._on_not_opened)
        job.broke.connect(self._on_not_opened)
        self.launch(job)

    @Slot(object)
    def _on_opened(self, session: Session) -> None:
        if session is not self._arriving:   # the window was closed meanwhile, and the session with it
            return
        self._session, self._arriving = session, None
        if self._life is Life.CLOSING:      # changed their mind while it was being opened
            return
        self._life = Life.LOADING
        makers: dict[str, Callable[[], Any]] = {"board": session.board, "overview": session.overview,
                                                "sources": session.sources, "incidents": session.incidents}
        for name, make in makers.items():
            self._views[name].source(make)
        self._views["alarms"].source_that_stops(lambda job: session.alarms(job, whole=True))
        self._views["counts"].source_that_stops(session.count_for_previews)
        self._readers.source(session.read_chart)
        self._generation = None
        self._selection = None
        self.opened.emit(session)
        self._load(session)
        self._beat.start()
        self._on_beat()

    def _load(self, session: Session) -> None:
        job = self.start("load", session.load)
        job.failed.connect(self._on_load_failed)
        job.broke.connect(self.bug)
        job.ended.connect(self._on_load_ended)
        self.launch(job)

    @Slot(object)
    def _on_not_opened(self, error: object) -> None:
        self._session = None
        if self._life is not Life.CLOSING:
            self._life = Life.NONE
            self.closed.emit()
        (self.trouble if isinstance(error, ConsoleError) else self.bug).emit(error)

    def _retire(self) -> None:
        if self._life is Life.CLOSING:
            return
        self._life = Life.CLOSING
        self._beat.stop()
        self._poll.stop()
        self._readers.source(None)
        for view in self._views.values():
            view.source(None)
        for job in self._jobs.values():
            if job.name != "open":          # an open that has begun must end, or its database stays locked
                job.stop()
        self._try_close()

    def _try_close(self) -> None:
        """Once nothing works on the old session any more, close it."""
        if self._life is not Life.CLOSING:
            return
        if self._workers.busy:
            QTimer.singleShot(20, self._try_close)
            return
        session, self._session = self._session, None
        if session is None:
            self._on_closed()
            return

        def work(_job: Job) -> None:
            session.close()

        job = self.start("close", work)
        job.broke.connect(self.bug)
        job.ended.connect(self._on_closed)
        self.launch(job)

    @Slot()
    def _on_closed(self) -> None:
        self._life = Life.NONE
        self._selection = None
        following = self._next              # `awaited` for those who hear it
        self.closed.emit()
        self._next = None
        if following is not None:
            self._begin(*following)

    # ---- inside: charts that are read apart ----------------------------------------------------------------

    @Slot()
    def _want_charts(self) -> None:
        """A board came: what it wants beside it."""
        session = self.session
        self._readers.want(session.wishes() if session is not None else ())

    @Slot()
    def _on_chart_read(self) -> None:
        self._want_charts()
        self.chart_read.emit()

    # ---- inside: the beat ----------------------------------------------------------------------------------

    @Slot(object)
    def _on_load_failed(self, error: ConsoleError) -> None:
        """Said; and a folder of which nothing is known at all is no place to stay, unless files may come, or there are
        some of which only the time column is not known."""
        self.trouble.emit(error)
        session = self._session
        if session is not None and session.selection().whole is None and not (session.waits or session.unplaced):
            self.close_folder()

    @Slot(object)
    def _on_load_ended(self, job: BackgroundJob) -> None:
        if self._life is Life.LOADING and self._jobs.get("load") in (job, None):
            self._life = Life.FOLLOWING
            for name in WHOLE:
                self.ask(name)
            self._on_beat()
            self.load_ended.emit()
            self._poll_ms = POLL_LEAST_MS   # after a stop only of what is known: the rest waits to be resumed
            self._poll.start(self._poll_ms)

    @Slot()
    def _start_poll(self) -> None:
        if self._life is not Life.FOLLOWING or self._session is None:
            return
        self._poll_held = not self._poll_held and not self._views["board"].idle
        if self._poll_held:
            self._poll.start(BOARD_FIRST_MS)
            return
        self._polled_at = time.monotonic()
        job = self.start("poll", self._session.poll)
        job.progressed.connect(self._on_rows)
        job.succeeded.connect(self._on_polled)
        job.failed.connect(self._on_poll_failed)
        job.broke.connect(self._on_poll_failed)
        job.ended.connect(self._on_poll_ended)
        self.launch(job)

    @Slot()
    def _let_poll(self) -> None:
        """The board has come: it is drawn first, in the window's thread."""
        if self._poll_held:
            self._poll.start(POLL_REST_MS)

    @Slot(int, int, str)
    def _on_rows(self, _done: int, _total: int, _note: str) -> None:
        """A poll goes on, but there is something new to see already."""
        self._on_beat()

    @Slot(object)
    def _on_polled(self, changed: bool) -> None:
        self._poll_ms = POLL_LEAST_MS if changed else min(POLL_MOST_MS, self._poll_ms * 2)
        self._poll_trouble = ""
        if changed:
            self._on_beat()

    @Slot(object)
    def _on_poll_failed(self, error: Exception) -> None:
        """A lost mount fails every second: say it once, until it works again or fails in another way."""
        self._poll_ms = POLL_MOST_MS
        if str(error) != self._poll_trouble:
            self._poll_trouble = str(error)
            (self.trouble if isinstance(error, ConsoleError) else self.bug).emit(error)

    @Slot(object)
    def _on_poll_ended(self, job: BackgroundJob) -> None:
        if self._life is Life.FOLLOWING and not job.stopping:
            took_ms = round(1000 * (time.monotonic() - self._polled_at))
            self._poll.start(max(POLL_REST_MS, self._poll_ms - took_ms))

    @Slot()
    def _on_beat(self) -> None:
        session = self.session
        if session is None:
            return
        try:
            selection = session.tick()
            generation = session.generation
            self.status_changed.emit(session.status())
        except Exception as bug:            # a beat must not stop the clock
            log.exception("The beat broke")
            self._beat.setInterval(5000)
            self.bug.emit(bug)
            return
        self.chosen(selection)
        if generation != self._generation:
            self._generation = generation
            for name in (*self._follows, *ALWAYS):
                self.ask(name)

    @Slot(object)
    def _on_job_ended(self, job: BackgroundJob) -> None:
        if self._jobs.get(job.name) is job:
            del self._jobs[job.name]

"""The open folder: one object that the window and the command line talk to."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from console.advice.lifecycle import LifecycleView
from console.advice.view import AdviceView
from console.alarms.coverage import CoverageView, coverage
from console.alarms.firings import Judged
from console.alarms.rules import Labels, Rule
from console.alarms.view import AlarmRow, AlarmsView
from console.changes import ChangeRow, ChangesView, changed_since
from console.clock import now
from console.drift.course_view import CourseView, RegimeMatch
from console.drift.outcomes_view import OutcomesView
from console.drift.together import TogetherView
from console.drift.training import TrainingView
from console.drift.view import DriftPreview, DriftView
from console.errors import BadSettings, ConsoleError, NoSuchFolder
from console.jobs import Job
from console.logs.config import Answer
from console.logs.load import LoadReport
from console.logs.replay import ReplayReport
from console.logs.view import QuarantineView, SourcesView
from console.metrics import charts
from console.metrics.catalogue import CATALOGUE, MORE
from console.metrics.readout import read_out
from console.metrics.view import BoardView, ChartView, OverviewView, ReadOut
from console.reports.results import Result
from console.reports.view import Incident, IncidentRow, ReportView, RolloutEvent
from console.roles import Role, StreamKind
from console.session import board_layout, compare, incidents, over_time, own_metrics, rows, schema, sources
from console.session.advice_join import Join
from console.session.advising import Advising
from console.session.alarms import Alarms
from console.session.asked import Asked, Wish
from console.session.board_layout import BoardLayout
from console.session.columns import Corrector
from console.session.dressing import ChartChoice, Dressing
from console.session.incidents import Steps
from console.session.marks import Marks
from console.session.offers import Offer, offers
from console.session.picking import Picks
from console.session.places import layout_for, workspace_for
from console.session.plan_editor import PlanEditor
from console.session.previews import Previews
from console.session.progress import Rates, Watched
from console.session.reading import Reading
from console.session.recent import remember_folder
from console.session.references import ReferenceChoice
from console.session.rehearsing import Rehearsing
from console.session.rows import PAGE, RawLines
from console.session.rows_view import RawLine
from console.session.rule_making import RuleMaking
from console.session.selection import Selection, Side
from console.session.sides import Reference, others, reference_streams
from console.session.splitting import Split
from console.session.view import LoadProgress, SelectionView, StatusView
from console.session.windows import KeptWindows, WindowChoice, choices
from console.store import Totals, Workspace
from console.store import rows as row_pages
from console.store.own import OwnMetric
from console.store.rows import Key, Row, RowsCount, RowsPage, RowsQuery
from console.window import Window

WATCH_S = 10.0
"""While rows come, changes of the schema are looked for at most so often."""

CAME = "Rows came"
"""Reported by a poll as soon as there is something new to look at."""

GROWING_S = 300.0
"""A log counts as live while its newest row came within so many seconds."""


class Session:
    """Takes intents, runs work when told to, hands out views. Safe to call from several threads."""

    def __init__(self, store: Workspace, folder: Path | None, zone: str | None) -> None:
        self._store = store
        self._zone = zone
        self._selection = Selection()
        self._lock = threading.RLock()
        self._reading = Reading(store, folder, zone)
        self._corrector = Corrector(store, folder)
        self._alarms = Alarms(store, folder)
        self._rates = Rates()
        self._watched: Watched | None = None
        self._totals: Totals | None = None
        self._counted = 0           # the generation that they are of
        self._grew_at = 0.0
        self._watched_schema_at = 0.0
        self._message = ""
        self._rebuilding = False
        self._board: BoardView | None = None
        self._overview: OverviewView | None = None
        self._looked: over_time.Looked | None = None
        self._looked_at = -1        # the generation that it is of, where it is about all columns
        self._firsts: charts.Firsts = {}
        self._raw_lines = RawLines()
        self.marks = Marks(store)
        self.picks = Picks(store)
        self._previews = Previews(store)
        self.kept_windows = KeptWindows(store)
        self._dressing = Dressing(store)
        self.rule_making = RuleMaking(store)
        self.plan_editor = PlanEditor(store)
        self.rehearsing = Rehearsing(store)
        self._asked = Asked(store)
        self.report_key = secrets.token_bytes(32)       # of pseudonyms in reports; kept nowhere
        self._layout_file = layout_for(folder or store.path)
        self._layout, self._layout_notes = board_layout.read(self._layout_file)
        self._there: tuple[tuple[str, str, str], ...] = ()      # metric, title, group of all charts, hidden ones too
        self.folder = folder
        self.advising = Advising(store, folder, self.command_target)
        self.name = folder.name if folder else store.path.stem

    @classmethod
    def open(cls, target: Path, *, workspace: Path | None = None, zone: str | None = None,
             fresh: bool = False) -> Session:
        """Open a log folder, or the workspace of one loaded before. Reads nothing of the logs yet.

        Raises NoSuchFolder, WorkspaceBusy, WorkspaceTooNew, CannotWrite.
        """
        if target.is_file() and workspace is None:
            session = cls(Workspace.open(target, folder=None), None, zone)
        else:
            if not target.exists():
                raise NoSuchFolder("There is no such folder", where=str(target), do="Check the path")
            if not target.is_dir():
                raise NoSuchFolder("This is a file, not a folder", where=str(target),
                                   do="Give the folder that holds the logs")
            folder = target.resolve()
            path = workspace or workspace_for(folder)
            session = cls(Workspace.open(path, folder=folder, fresh=fresh), folder, zone)
        session._take_own()
        session._data_changed(0)
        return session

    def close(self) -> None:
        """Give up files and database. Work that is going on must have been asked to stop before."""
        self._reading.close()
        self._store.close()

    # ---- work ----------------------------------------------------------------------------------------------

    def load(self, job: Job) -> LoadReport:
        """Find out what the folder holds, and load what is new in it. Raises ConsoleError, JobStopped."""
        if self.folder is None:
            raise BadSettings("A workspace without its folder cannot be loaded again", where=str(self._store.path))
        watched = Watched(job)
        self._watched = watched
        try:
            watched.report(0, 0, "Looking through the folder")
            report = self._reading.load(watched, self._loaded_more)
            self._watch_schema(at_once=True)
        finally:
            watched.finish()
            self._take_own()
            self._alarms.read_again()
            self._data_changed(0)
        self._begin_live()
        remember_folder(self.folder, self._store.totals().rows_loaded)
        return report

    def _begin_live(self) -> None:
        newest = self._totals.last if self._totals else None
        if newest is not None and not self._store.relative and abs((now() - newest).total_seconds()) < GROWING_S:
            self._grew_at = time.monotonic()
            self._select(lambda chosen: chosen.begin_live())

    def poll(self, job: Job) -> bool:
        """Read what came since the last call; True when something did. Nothing is read before `load` has ended, but
        for a folder that was empty then: it is loaded once a file comes."""
        waited = self._reading.waits
        try:
            change = self._reading.poll(job, self._loaded_more)
        except ConsoleError as error:
            self._message = str(error)
            raise
        if change is None:
            return False
        if waited:
            self._data_changed(0)
            self._begin_live()
        refreshed = change.refreshed
        if not change.behind:
            refreshed = self._store.refresh() or refreshed
        self._message = ""
        came = change.rows or change.quarantined or change.new_files or refreshed or self._counted != self.generation
        if came:
            self._grew_at = time.monotonic() if change.rows else self._grew_at
            self._data_changed(change.rows)
            job.report(0, 0, CAME)          # who draws need not wait for what follows
        if change.rows:
            self._watch_schema(at_once=waited)
        self._store.keep_small()
        if came:
            self._alarms.advance(job)
        return bool(came)

    # ---- the user's own metrics ----------------------------------------------------------------------------

    @property
    def trusted(self) -> bool:
        """Whether the expressions in the folder's `pilothouse.toml` may be run."""
        return self._store.own.trusted

    def trust_folder(self, yes: bool = True) -> None:
        """Run them from now on, or no more. Raises CannotWrite, BadSettings."""
        own_metrics.trust(self._store, self.folder, yes=yes)
        own_metrics.take(self._store, self.folder)
        self._asked.forget()

    @property
    def own_metrics(self) -> tuple[OwnMetric, ...]:
        """What the folder's `pilothouse.toml` asks to be computed, whether it may be or not."""
        return self._store.own.metrics

    @property
    def own_expressions(self) -> tuple[OwnMetric, ...]:
        """All that the folder asks to be run: its metrics, and what could answer instead of the model."""
        own = self._store.own
        return (*own.metrics, *((OwnMetric("fallback answer of [advice]", own.fallback),) if own.fallback else ()))

    def _take_own(self) -> None:
        """What the folder says about metrics; what is wrong with it is said and hinders nothing else."""
        try:
            own_metrics.take(self._store, self.folder)
        except ConsoleError as error:
            self._message = str(error)

    def progress(self) -> LoadProgress | None:
        """How far loading is; None when nothing is being loaded."""
        return self._watched.progress() if self._watched is not None and self._watched.running else None

    @property
    def generation(self) -> int:
        """Grows whenever views of the data would differ."""
        return self._store.generation

    @property
    def following(self) -> bool:
        """Whether the log still grows."""
        return self._reading.following and bool(self._grew_at) and time.monotonic() - self._grew_at < GROWING_S

    @property
    def stopped(self) -> bool:
        """Whether a load was stopped and not gone on with."""
        return self._reading.stopped

    @property
    def waits(self) -> bool:
        """Whether the folder was empty: it is loaded once a file comes."""
        return self._reading.waits

    @property
    def unplaced(self) -> bool:
        """Whether there are files of which only the column that says the time is not known."""
        plan = self._reading.plan
        return plan is not None and bool(plan.unplaced)

    # ---- intents -------------------------------------------------------------------------------------------

    def selection(self) -> SelectionView:
        """What is chosen."""
        with self._lock:
            return self._selection.view()

    def look_at(self, window: Window) -> SelectionView:
        """Show that stretch."""
        return self._select(lambda chosen: chosen.look_at(window))

    def quick(self, name: str) -> SelectionView:
        """`15m`, `1h`, `6h`, `1d` or `all`, ending at the newest row."""
        return self._select(lambda chosen: chosen.choose_quick(name))

    def zoom(self, factor: float, around: datetime) -> SelectionView:
        """factor < 1 comes closer."""
        return self._select(lambda chosen: chosen.zoom(factor, around))

    def pan(self, fraction: float) -> SelectionView:
        """By a share of the visible length."""
        return self._select(lambda chosen: chosen.pan(fraction))

    def back(self) -> SelectionView:
        """The stretch seen before."""
        return self._select(lambda chosen: chosen.go_back())

    def forward(self) -> SelectionView:
        """The stretch left by going back."""
        return self._select(lambda chosen: chosen.go_forward())

    def set_live(self, live: bool) -> SelectionView:
        """Follow the newest row, or stay."""
        return self._select(lambda chosen: chosen.set_live(live))

    def brush(self, side: Side, window: Window | None) -> SelectionView:
        """Set or clear a test window."""
        return self._select(lambda chosen: chosen.brush(side, window))

    def choose_column(self, name: str) -> SelectionView:
        """The column that the drift place draws."""
        def choose(chosen: Selection) -> None:
            chosen.column = name
        return self._select(choose)

    def tick(self) -> SelectionView:
        """Move a live window on, if the newest row has left it."""
        return self._select(lambda chosen: chosen.follow())

    def suggest_windows(self) -> tuple[Window, Window] | None:
        """Reference and current window to begin with; None before the first row."""
        with self._lock:
            return self._selection.suggest()

    # ---- views ---------------------------------------------------------------------------------------------

    def status(self) -> StatusView:
        """The status bar. Asked for on the window's thread: nothing here asks the database."""
        totals = self._totals
        lag = None
        if self.following and totals is not None and totals.last is not None and not self._store.relative:
            lag = max(0.0, (now() - totals.last).total_seconds())
        return StatusView(str(self.folder or self._store.path), self.progress(), lag,
                          totals.rows_loaded if totals else 0, totals.rows_quarantined if totals else 0,
                          totals.rejected if totals else 0, _megabytes(self._store.path),
                          self.following, self._message, self.stopped)

    def board(self, max_points: int = 500) -> BoardView | None:
        """All charts over the visible time, or what there is instead; None before the first row.

        While a correction is made the charts are those of before: half of the numbers are gone until it is.
        """
        if self._rebuilding and self._board is not None:
            return self._board
        visible = self.selection().visible
        if visible is None:
            # while rows come in, there are some that nobody has counted yet: not "nothing to draw"
            self._board = charts.no_board(self._store) if self.progress() is None else None
            return self._board
        layout = self._layout
        whole = charts.board(self._store, visible, max_points, following=self.following)
        whole = replace(whole, charts=(*whole.charts, *self._asked.blanks(whole, layout)))
        self._there = tuple((chart.metric, chart.title, chart.group) for chart in whole.charts)
        follows = self.selection().live or self.progress() is not None
        self._asked.take(self._dressing.apply(whole, visible, layout), visible, layout, follows=follows,
                         picks=self.picks.now)
        self._board = self._asked.filled()
        return self._board

    def wishes(self) -> tuple[Wish, ...]:
        """The charts of the newest board that must be read apart from it: those that are not there yet."""
        return self._asked.wishes()

    def read_chart(self, wish: Wish, job: Job) -> ChartView:
        """Read one of them; `filled_board` has it then. Raises JobStopped."""
        return self._asked.read(wish, job)

    def filled_board(self) -> BoardView | None:
        """The newest board with what was read by now; asks no database."""
        return self._asked.filled()

    def offers(self) -> tuple[Offer, ...]:
        """Everything that can be put on the board of this log."""
        return offers(self._store, {metric for metric, _, _ in self._there if not self._layout.of(metric).hidden})

    # ---- how the board is arranged -------------------------------------------------------------------------

    @property
    def layout(self) -> BoardLayout:
        """Order, hidden and wide charts, splits and comparisons, as they were kept for this folder."""
        return self._layout

    def take_layout_notes(self) -> tuple[str, ...]:
        """What of the kept layout was not understood; once."""
        notes, self._layout_notes = self._layout_notes, ()
        return notes

    def arrange(self, layout: BoardLayout) -> None:
        """Show charts so from now on, and keep it at once. Raises CannotWrite; it is shown so all the same."""
        self._layout = layout
        board_layout.write(layout, self._layout_file)

    def change_chart(self, metric: str, **changes: bool | str) -> None:
        """hidden, wide, split or ghost of one chart. Raises CannotWrite."""
        self.arrange(self._layout.changed(metric, [one for one, _, _ in self._there], **changes))

    def add_chart(self, metric: str) -> None:
        """Any chart of `offers`, on the board from now on. Raises CannotWrite."""
        self.arrange(self._layout.added(metric, [one for one, _, _ in self._there]))

    def move_chart(self, metric: str, by: int) -> None:
        """So many places on, or back. Raises CannotWrite."""
        self.arrange(self._layout.moved(metric, by, [one for one, _, _ in self._there]))

    def chart_choices(self) -> tuple[ChartChoice, ...]:
        """Every chart that the log has data for, in the order of the board."""
        known = {metric: (title, group) for metric, title, group in self._there}
        return tuple(ChartChoice(metric, *known[metric], not self._layout.of(metric).hidden)
                     for metric in self._layout.ordered(known))

    def splits(self, metric: str) -> tuple[Split, ...]:
        """What that chart can be split by: roles, and columns whose rows are read then."""
        return self._asked.splits(metric)

    def export_layout(self, path: Path) -> None:
        """Into a file of the user's. Raises CannotWrite."""
        board_layout.write(self._layout, path)

    def import_layout(self, path: Path) -> tuple[str, ...]:
        """From such a file; gives notes on what was left out. Raises BadSettings, CannotWrite."""
        try:
            layout, notes = board_layout.parse(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise BadSettings(f"It cannot be read ({error})", where=str(path)) from error
        self.arrange(layout)
        return notes

    def overview(self, max_points: int = 800) -> OverviewView | None:
        """The silhouette of the whole log; None before the first row. While a correction is made, that of before."""
        if not self._rebuilding or self._overview is None:
            self._overview = charts.overview(self._store, max_points, self._firsts)
        return self._overview

    def read_out(self, board: BoardView, at: datetime) -> tuple[ReadOut, ...]:
        """What every chart says at that instant."""
        return read_out(board, at)

    def sources(self) -> SourcesView:
        """Streams, files, quarantine."""
        view = sources.view(self._store, self.folder, self._reading.plan, self._corrector,
                            loading=self.progress() is not None)
        return replace(view, files=self._rates.noted(view.files))

    def quarantine(self, limit: int, offset: int = 0, reason: str | None = None,
                   file: str | None = None) -> tuple[QuarantineView, ...]:
        """A page of the records that could not be read; of one reason or one file when they are named."""
        return self._store.quarantine(limit, offset, reason, file)

    def raw_record(self, row: QuarantineView) -> str:
        """The whole record as it stands in its file, up to 64 kB; what was kept of it where the file is gone."""
        return sources.raw_record(self._store, self.folder, self._reading.plan, row)

    # ---- rows behind a chart -------------------------------------------------------------------------------

    def rows_behind(self, metric: str) -> tuple[RowsQuery, ...]:
        """The streams that a chart may be read from, the likeliest first, as questions without a window; of the rows
        that are picked."""
        return tuple(map(self.picks.apply, rows.behind(self._store, metric)))

    def rows(self, query: RowsQuery, after: Key | None = None, limit: int = PAGE) -> RowsPage:
        """The rows behind the one with that key, or the first. Raises BadSettings for what cannot be asked."""
        return row_pages.page(self._store.cursor(), rows.stream_named(self._store, query.stream), query, after, limit)

    def count_rows(self, query: RowsQuery) -> RowsCount:
        """How many there are, or at least are: it takes no longer than a moment."""
        return row_pages.count(self._store.cursor(), rows.stream_named(self._store, query.stream), query)

    def raw_line(self, row: Row, job: Job) -> RawLine:
        """The row as it stands in its file. May read the whole file."""
        return self._raw_lines.find(self._store, self.folder, self._reading.plan, row, job)

    def export_rows(self, query: RowsQuery, path: Path, job: Job) -> int:
        """Into a file, CSV or Parquet by its name; how many. Raises JobStopped, CannotWrite."""
        return rows.export(self._store, query, path, job)

    # ---- corrections ---------------------------------------------------------------------------------------

    def set_columns(self, stream: str, changes: Mapping[str, Answer], zone: str | None, job: Job,
                    kind: StreamKind | None = None) -> bool:
        """Correct what columns mean (stored name -> answer), the zone or the kind; keep it; rebuild what follows.

        True when files can be loaded now that could not: a `load` must follow.
        """
        plan = self._reading.plan
        unplaced = next((one for one in plan.unplaced if one.name == stream), None) if plan is not None else None
        if unplaced is not None and all(one.name != stream for one in self._store.streams()):
            self._corrector.say_only(unplaced, changes, zone, kind, job)
            return True
        if self._reading.loading:       # which goes by what the workspace says, and so does what follows it
            with self._rebuild():
                self._corrector.set_columns(stream, changes, zone, kind, job)
            self._data_changed(0)
        else:
            self._correct(lambda: self._corrector.set_columns(stream, changes, zone, kind, job))
        return False

    def name_columns(self, stream: str, names: tuple[str, ...], job: Job) -> None:
        """Names for the columns of files without a header, in their order."""
        stored = next((one.unnamed for one in self.sources().streams if one.name == stream), ())
        if not stored:
            raise BadSettings("All files of this stream have a header", where=stream)
        self._correct(lambda: self._corrector.name_columns(stream, stored, names, job), names_changed=True)

    def from_path(self, stream: str, role: Role, where: str, job: Job) -> None:
        """Take a role from the path of each file: "level:1", "regex:..."; "" ends it."""
        self._correct(lambda: self._corrector.from_path(stream, role, where, job), names_changed=True)

    def leave_out(self, patterns: tuple[str, ...], job: Job) -> LoadReport:
        """Leave out the files whose paths fit, take in again those that fit no more. Raises as `load`."""
        with self._reading.alone():
            self._corrector.leave_out(patterns, job)
        return self.load(job)

    def undo_columns(self, job: Job) -> None:
        """Take the last correction back. Raises BadSettings when there is none, and as `load` when files come back."""
        self._step(self._corrector.undo, job)

    def redo_columns(self, job: Job) -> None:
        """Make the correction again that was taken back last."""
        self._step(self._corrector.redo, job)

    def replay_quarantine(self, job: Job, stream: str | None = None) -> ReplayReport:
        """Read records in quarantine again, after a correction. Twice is the same as once."""
        try:
            return self._reading.replay(job, stream)
        finally:
            self._store.refresh()
            self._alarms.begin_again()
            self._data_changed(0)

    def _correct(self, correct: Callable[[], None], *, names_changed: bool = False) -> None:
        with self._reading.alone():
            try:
                with self._rebuild():
                    correct()
            finally:
                self._reading.renew(anew=names_changed)
                self._alarms.begin_again()
                self._data_changed(0)

    def _step(self, step: Callable[[Job], bool], job: Job) -> None:
        with self._reading.alone():
            try:
                with self._rebuild():
                    load = step(job)
            finally:
                self._reading.renew(anew=True)
                self._alarms.read_again()
                self._data_changed(0)
        if load and self.folder is not None:
            self.load(job)

    @contextlib.contextmanager
    def _rebuild(self) -> Iterator[None]:
        """While it lasts, numbers are missing that are not missing in the log. A corrected column of ten million rows
        was written anew: without a checkpoint its room in the file would not be used again."""
        self._rebuilding = True
        try:
            yield
        finally:
            self._rebuilding = False
            self._store.checkpoint()

    # ---- questions -----------------------------------------------------------------------------------------

    def drift(self, job: Job) -> DriftView:
        """The two test windows compared, column by column. Raises BadSettings when one is not set."""
        chosen = self.selection()
        if chosen.against and chosen.current is not None:
            return self.compare_with(chosen.against, chosen.current, job)
        if chosen.reference is None or chosen.current is None:
            missing = "reference" if chosen.reference is None else "current"
            raise BadSettings(f"No {missing} window is chosen", do="Brush one on a chart or on the overview strip")
        return self.compare(chosen.reference, chosen.current, job)

    def compare_with(self, against: str, current: Window | None, job: Job, names: tuple[str, ...] | None = None,
                     tests: Sequence[str] = ()) -> DriftView:
        """A window (None: the whole log) compared with what is no window of it: see `console.session.references`.
        Raises BadSettings, ConsoleError when a file cannot be read."""
        kind, _, name = against.partition(":")
        store, target = self._store, self.command_target
        if kind == "file":
            return compare.with_file(store, target, Path(name), current, job, names, tests)
        with_other = compare.with_stream if kind == "stream" else compare.by_version
        return with_other(store, target, name, current, job, names, tests)

    def window_choices(self, side: Side, alarm: Window | None = None) -> tuple[WindowChoice, ...]:
        """What can be picked for a side, by words first, then what people keep; asks no database but the first time."""
        chosen = self.selection()
        if chosen.whole is None:
            return ()
        other = chosen.current if side == "reference" else chosen.reference
        return (*choices(side, other, chosen.whole, alarm), *self.kept_windows.all())

    def reference_choices(self) -> tuple[ReferenceChoice, ...]:
        """What can be the reference besides windows: streams of training data, model versions. What was found when rows
        were counted last."""
        return self._previews.references

    def compare_against(self, against: str) -> SelectionView:
        """The reference is something else than a window from now on; "" for nothing."""
        return self._select(lambda selected: selected.compare_with(against))

    def preview_drift(self, side: Side, window: Window, drawn: str = "") -> DriftPreview | None:
        """The chosen windows compared by counts, with this one in the place of one of them: for each frame of a drag.
        With the distributions of the column `drawn`. None while the other is not chosen, or nothing is counted yet."""
        chosen = self.selection()
        reference, current = (window, chosen.current) if side == "reference" else (chosen.reference, window)
        if reference is None or current is None:
            return None
        return self._previews.preview(reference, current, drawn)

    def preview_chosen(self, drawn: str = "") -> DriftPreview | None:
        """The same of the two windows as they are."""
        current = self.selection().current
        return self.preview_drift("current", current, drawn) if current is not None else None

    def count_for_previews(self, job: Job) -> bool:
        """Bring the counts that previews are made from up to the rows. Whether there were any. Raises JobStopped."""
        return self._previews.refresh(job, self.selection().reference)

    def compare(self, reference: Window, current: Window, job: Job, names: tuple[str, ...] | None = None,
                told: compare.Told | None = None, tests: Sequence[str] = ()) -> DriftView:
        """Any two windows compared; `names` restricts it to these columns, `told` says what stands for a text,
        `tests` are shown beside the verdicts."""
        return compare.windows(self._store, self.command_target, reference, current, job, names, told, tests)

    def drift_over_time(self, job: Job, *, reference: Window | None = None, current: Window | None = None,
                        bucket_s: float | None = None, names: tuple[str, ...] | None = None) -> CourseView:
        """Every column over time against one reference, and what kind of change each shows. Without `reference` the
        first quarter of the log is compared with. Raises BadSettings, JobStopped."""
        generation = self.generation
        self._looked = over_time.over_time(self._store, self.command_target, job, reference=reference,
                                           current=current, bucket_s=bucket_s, names=names)
        self._looked_at = generation if names is None else -1
        return self._looked.view

    def like(self, window: Window) -> RegimeMatch | None:
        """The earlier time that this one is most like, by the counts of the last `drift_over_time`; asks no database.
        None before that, and where nothing changed before it."""
        return self._looked.match(window) if self._looked is not None else None

    def outcomes(self, job: Job, reference: Reference | None = None, current: Window | None = None,
                 version: str = "") -> OutcomesView:
        """Answers held against what came true, in both windows and over the time between: of the two test windows
        unless others are given. Raises BadSettings, TooFewRows, JobStopped."""
        from console.session.outcomes import outcomes

        reference, current, version = self._sides(reference, current, version)
        return outcomes(self._store, self.command_target, reference, current, job, version)

    def together(self, job: Job, reference: Reference | None = None, current: Window | None = None,
                 version: str = "") -> TogetherView:
        """All columns at once: whether rows of two windows can be told apart, and which columns go along otherwise.
        Raises BadSettings, TooFewRows, JobStopped."""
        from console.session.together import together

        reference, current, version = self._sides(reference, current, version)
        return together(self._store, self.command_target, reference, current, job, version)

    def training(self, job: Job, reference: Reference | None = None, current: Window | None = None,
                 version: str = "") -> TrainingView:
        """Training data (a file, a reference stream of the log, or a window) against what was served: without a
        window all of it. Raises BadSettings, JobStopped."""
        from console.session.training import training

        current = current or self.selection().current
        return training(self._store, self.command_target, reference or Reference(), current, job, version)

    def reference_streams(self) -> tuple[str, ...]:
        """Names of training and validation data in the log, the largest first."""
        return tuple(stream.name for stream in reference_streams(self._store))

    def _sides(self, reference: Reference | None, current: Window | None, version: str
               ) -> tuple[Reference, Window, str]:
        """What is not given as it is chosen."""
        chosen = self.selection()
        current = current or chosen.current
        if reference is None and chosen.reference is not None:
            reference = Reference(chosen.reference)
        kind, _, name = chosen.against.partition(":")
        if reference is None and chosen.against:
            reference = Reference(stream=name) if kind == "stream" else Reference(file=Path(name)) if kind == "file" \
                else Reference(current, version=name)
            version = others(name) if kind == "version" else version
        if reference is None or current is None:
            missing = "reference" if reference is None else "current"
            raise BadSettings(f"No {missing} window is chosen", do="Brush one on a chart or on the overview strip")
        return reference, current, version

    def changes(self, at: datetime, job: Job, *, until: datetime | None = None, reference: Window | None = None,
                only: Sequence[ChangeRow] = ()) -> ChangesView:
        """What changed since that moment; of changes that were found before (`only`) these alone once more. Raises
        BadSettings for a moment outside of the log, JobStopped."""
        return changed_since(self._store, at, job, until=until, reference=reference, only=only,
                             target=self.command_target)

    def advise(self, job: Job, at: datetime | None = None, *, fallback: str = "",
               training: bool = True, join: Join | None = None) -> AdviceView:
        """What changed at once, around `at` or wherever that was, and what to do about it; `fallback` is an expression
        over the columns of a row that could answer, `training` whether ways to train again are tried, `join` a file
        of further columns to train on. What is found is kept, for the lifecycle of the model versions. Raises
        BadSettings for a moment outside of the log or a calendar that cannot be read, JobStopped."""
        from console.session import results
        from console.session.advice import advise
        from console.session.results_of import of_advice

        view = advise(self._store, self.command_target, job, self.folder, at=at, fallback=fallback, training=training,
                      join=join)
        results.keep(self._store, of_advice(view, self._store.span()))
        return view

    def lifecycle(self, job: Job) -> LifecycleView:
        """What became of each model version, and where in its cycle somebody has to act next. Drift over time is that
        which was looked for last, while the log is the same. Raises BadSettings without requests, JobStopped."""
        from console.session.lifecycle import lifecycle_of

        looked = self._looked.view if self._looked is not None and self._looked_at == self.generation else None
        return lifecycle_of(self, job, looked)

    @property
    def command_target(self) -> str:
        """What to write after a command so that it finds this log again."""
        return str(self.folder or self._store.path)

    @property
    def store(self) -> Workspace:
        """The workspace behind it, for commands that read only."""
        return self._store

    # ---- alarms --------------------------------------------------------------------------------------------

    def alarms(self, job: Job | None = None, *, whole: bool = False) -> AlarmsView:
        """Active alarms, past ones, rules with their course over the visible time, or the `whole` log. The first time
        all of it is judged; later what came since. Raises JobStopped."""
        return self._alarms.view(None if whole else self.selection().visible, job)

    def rules(self) -> tuple[Rule, ...]:
        """The rules of the folder. Raises BadSettings when they cannot be read."""
        return self._alarms.rules()

    def set_rules(self, rules: Sequence[Rule]) -> None:
        """Keep these rules and no others. Raises BadSettings."""
        self._alarms.set_rules(rules)

    def coverage(self, job: Job, rules: Sequence[Rule] | None = None) -> CoverageView:
        """What can go wrong, what of it this log shows, and which of the rules guard it; those of the folder unless
        others are given. Raises BadSettings when they cannot be read."""
        job.report(0, 0, "Looking at columns and rules")
        return coverage(self._store, self.rules() if rules is None else rules, (*CATALOGUE, *MORE))

    def change_rules(self, change: Callable[[tuple[Rule, ...]], Sequence[Rule]]) -> None:
        """Other rules, made from those that there are then. Raises BadSettings."""
        self._alarms.change_rules(change)

    def undo_rules(self) -> None:
        """As they were before the last change. Raises BadSettings when there was none."""
        self._alarms.undo_rules()

    def change_rule(self, name: str, rule: Rule | None) -> Rule | None:
        """One rule in the place of another, a new one, or (None) one less; gives the one before. Raises BadSettings."""
        return self._alarms.change_rule(name, rule)

    def rule_here(self, chart: str, series: str, level: float, job: Job | None = None) -> Rule:
        """A threshold for one curve of a chart, not kept yet. Reads the log. Raises BadSettings, JobStopped."""
        return self._alarms.rule_here(chart, series, level, job)

    def judged_numbers(self, rule: Rule) -> Judged | None:
        """What a rule is judged by over the whole log: read once, so that levels can be tried. None without rows."""
        return self._alarms.numbers(rule)

    def acknowledge(self, rule: str, labels: Labels, start: datetime, note: str = "") -> None:
        """Somebody has seen the alarm that began to fire then."""
        self._alarms.acknowledge(rule, labels, start, note)

    def silence(self, rule: str, labels: Labels, window: Window, reason: str) -> int:
        """Nobody is to be called for it in that time of the log. Raises BadSettings without a reason."""
        return self._alarms.silence(rule, labels, window, reason)

    def end_silence(self, silence_id: int, at: datetime) -> None:
        """It ends then."""
        self._alarms.end_silence(silence_id, at)

    # ---- incidents -----------------------------------------------------------------------------------------

    def create_incident(self, title: str = "", *, window: Window | None = None, reference: Window | None = None,
                        notes: str = "", made_from: str = "window") -> Incident:
        """Kept in the workspace: about that window, else the current one, else what is visible."""
        if window is None:
            window, reference = self._at_hand()
        return incidents.create(self._store, window, reference, title, notes, made_from=made_from)

    def incident_from_alarm(self, row: AlarmRow) -> Incident:
        """About the time of an alarm, kept. Raises BadSettings without rows."""
        return incidents.from_alarm(self._store, row)

    def incident_from_worst(self, job: Job) -> Incident:
        """About the worst time that the log has, kept with the sentence that says why it. Raises BadSettings without
        rows, JobStopped."""
        from console.session.worst import worst_window

        worst = worst_window(self, job)
        return incidents.create(self._store, worst.window, None, incidents.title_of(worst.why), worst.why)

    def incident_from_rollback(self, window: Window, reference: Window | None, events: Sequence[RolloutEvent],
                               title: str = "") -> Incident:
        """About a ramp that was rolled back, kept with what the ramp did."""
        return incidents.from_rollback(self._store, window, reference, events, title)

    def look_into(self, incident_id: str, job: Job) -> Incident:
        """Search the log for alarms, changes, drift and moments of an incident, and keep what is found, with its charts
        and drift results as they are now. Raises BadSettings, JobStopped."""
        from console.session import snapshots
        from console.session.figures import figures_of
        from console.session.looking import look

        found = look(self, self.incident(incident_id), job)
        kept = incidents.found(self._store, found.incident)
        _, figures = figures_of(self, found.incident, found.alarms.charts)
        snapshots.keep(self._store, found.incident, figures, found.drift)
        return kept

    def incidents(self) -> tuple[IncidentRow, ...]:
        """All kept, newest first."""
        return incidents.rows(self._store)

    def incident(self, incident_id: str) -> Incident:
        """One, whole. Raises BadSettings when it is not there."""
        return incidents.read(self._store, incident_id)

    def incident_steps(self, incident_id: str) -> Steps:
        """Whether its edits can be taken back, and made again."""
        return incidents.steps(self._store, incident_id)

    def update_incident(self, incident: Incident) -> Incident:
        """Keep what people changed; gives what is kept then, for something may have been found meanwhile."""
        return incidents.write(self._store, incident)

    def retime_incident(self, incident_id: str) -> Incident:
        """The brushed windows become its own; without a brushed reference the time before it is looked for again.
        Raises BadSettings without a current window."""
        chosen = self.selection()
        if chosen.current is None:
            raise BadSettings("No current window is chosen", do="Brush one on a chart or on the overview strip")
        return incidents.retime(self._store, incident_id, chosen.current, chosen.reference)

    def undo_incident(self, incident_id: str) -> Incident:
        """Take the last edit back. Raises BadSettings when there is none."""
        return incidents.undo(self._store, incident_id)

    def redo_incident(self, incident_id: str) -> Incident:
        """Make the edit again that was taken back last. Raises BadSettings when there is none."""
        return incidents.redo(self._store, incident_id)

    def reopen_incident(self, incident_id: str) -> Incident:
        """One that was resolved or final is open again."""
        return incidents.reopen(self._store, incident_id)

    def attach_result(self, incident_id: str, result: Result) -> Incident:
        """Kept as it is now, and attached: the report has its tables and charts. Raises BadSettings."""
        from console.session import results

        return results.attach(self._store, incident_id, result)

    def attach_answer(self, incident_id: str,
                      view: CourseView | OutcomesView | TogetherView | TrainingView) -> Incident:
        """An answer of the place Drift, likewise."""
        from console.session.results_of import result_of

        return self.attach_result(incident_id, result_of(view, relative=self._store.relative))

    def attach_advice(self, incident_id: str, at: datetime, job: Job) -> Incident:
        """What is known by now about a moment, likewise. Raises BadSettings, JobStopped."""
        from console.session.results_of import of_advice

        return self.attach_result(incident_id, of_advice(self.advising.whole(job, at), self._store.span()))

    def attach_rollout(self, incident_id: str, number: int) -> Incident:
        """A replay that is kept, likewise. Raises BadSettings."""
        from console.session.results_of import of_rollout

        kept = dict(self._store.kept_rollouts()).get(number)
        if kept is None:
            raise BadSettings(f"There is no replay {number}", do="Keep one first")
        return self.attach_result(incident_id, of_rollout(number, kept, self._store.rollout_events(number),
                                                          self.command_target, relative=self._store.relative))

    def detach_result(self, incident_id: str, result_id: str) -> Incident:
        """Attached no more; an edit that can be taken back. Raises BadSettings."""
        from console.session import results

        return results.detach(self._store, incident_id, result_id)

    def delete_incident(self, incident_id: str) -> None:
        """Take it out of the workspace; `restore_incident` puts it back."""
        incidents.delete(self._store, incident_id)

    def restore_incident(self, incident_id: str | None = None) -> Incident | None:
        """Put back one that was taken out, the last one where none is named; None when there is none."""
        return incidents.restore(self._store, incident_id)

    def report(self, incident_id: str | None, job: Job, *, title: str = "", redact: Sequence[str] = (),
               keep: Sequence[str] = (), paths: bool = False, counted_now: bool = False) -> ReportView:
        """Gather everything that the document says. None: for the current window, without keeping an incident; else
        what is found in the log is kept with the incident.

        redact, keep  columns whose values are not told, or are, whatever they seem to be
        paths         commands name the log by its whole path
        counted_now   charts and drift of now, where those kept with the incident differ from them
        Raises BadSettings, JobStopped.
        """
        from console.session.outgoing import for_others, redactor_of
        from console.session.report import gather

        if incident_id is None:
            window, reference = self._at_hand()
            view = gather(self, incidents.draft(self._store, window, reference, title), job)
        else:
            view = gather(self, self.incident(incident_id), job, counted_now=counted_now)
            incidents.found(self._store, view.incident)
        return for_others(self, view, redactor_of(self, redact, keep), job, paths=paths)

    def report_for_incident(self, incident_id: str, job: Job) -> ReportView:
        """The same of one that is kept."""
        return self.report(incident_id, job)

    def write_report(self, view: ReportView, path: Path, job: Job, *, paper: str = "a4") -> None:
        """Write it in the format that the path's ending names: .html, .pdf, .md, .json, or .zip with the evidence.

        paper  of a PDF: a4 or letter. Raises BadSettings, CannotWrite, JobStopped; there is no file then.
        """
        from console.reports import write_report
        from console.session.rows_export import export

        write_report(view, path, paper=paper, rows=lambda folder, told: export(self, view, folder, told), job=job)

    def _at_hand(self) -> tuple[Window, Window | None]:
        with self._lock:
            window = self._selection.current or self._selection.visible
            reference = self._selection.reference
            whole = self._selection.whole
            if self._selection.current is None and window == whole and reference is None:   # nothing lies before it
                suggested = self._selection.suggest()
                window = suggested[1] if suggested is not None else window
        if window is None:
            raise BadSettings("Nothing is loaded yet", do="Open a folder and choose a window first")
        return window, reference

    # ---- inside --------------------------------------------------------------------------------------------

    def _select(self, intent: Callable[[Selection], None]) -> SelectionView:
        with self._lock:
            intent(self._selection)
            return self._selection.view()

    def _watch_schema(self, *, at_once: bool = False) -> None:
        """Columns that came or went are noted, now and then."""
        if at_once or time.monotonic() - self._watched_schema_at > WATCH_S:
            if schema.watch(self._store):
                self._store.refresh()
            self._watched_schema_at = time.monotonic()

    def _loaded_more(self) -> None:
        self._data_changed(0)

    def _data_changed(self, new_rows: int) -> None:
        if not new_rows:
            self._firsts.clear()        # a load, a correction: anything may have come before what was first
        counted = self.generation
        totals = self._store.totals()
        span = self._store.span()
        with self._lock:
            self._counted, self._totals = counted, totals
            self._selection.relative = self._store.relative
            self._selection.data_changed(span, new_rows)


def _megabytes(path: Path) -> float:
    try:
        return path.stat().st_size / 1e6
    except OSError:
        return 0.0

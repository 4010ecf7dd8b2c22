"""Charts that a board of rollups does not have: maps, what reads rows, one column's metrics, splits by a column.

While only some rows are meant (`store.picked`), every chart is one of these. Each is a job of its own, so that the
board never waits for them. The board says which are wanted (`wishes`), a worker
makes one (`read`), and what is there by then is filled in (`filled`). What was read is kept for each chart under its
window and the generation of the data, so that going back shows it at once. Until a new one is there, the chart shows
what it showed before and says that it is being read.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import numpy as np

from console.errors import BadSettings
from console.jobs import Job
from console.metrics import charts
from console.metrics.catalogue import CHARTS, Metric, Source
from console.metrics.view import BoardView, ChartView
from console.session.board_layout import GHOSTS, BoardLayout
from console.session.dressing import with_ghost
from console.session.picking import said
from console.session.splitting import Split, few_valued, split_chart, split_metric, splits_of
from console.store.picked import Pick, Picked
from console.window import Window

if TYPE_CHECKING:
    from console.store import Workspace

READING = "Reading rows …"
NOTHING = "The log has no data for it"
UNTRUSTED = "Not run until you trust this folder: Folder > Own metrics of the folder"
OF_ALL = "all rows"
"""The badge of a chart whose rows cannot be told apart so: a server's CPU by a column of its requests."""
KEPT = 4
"""So many windows of a chart are kept, for going back and forth."""
MAP_POINTS = 200
"""Columns of a map: each is some pixels wide, since a cell of one pixel cannot be told from its neighbours."""


Key = tuple[str, str, str, tuple[Pick, ...]]


@dataclass(frozen=True, slots=True)
class Wish:
    """A chart to be read.

    follows  the window moves with the log, or the log is being loaded: a reading of a moment ago still serves
    scans    reads rows, and takes its time
    base     what is shown until it is there
    picks    which rows are meant; () all
    """

    metric: str
    split: str
    ghost: str
    window: Window
    bucket_s: int
    generation: int
    follows: bool
    scans: bool
    base: ChartView = field(compare=False, repr=False)
    picks: tuple[Pick, ...] = ()

    @property
    def key(self) -> Key:
        """The chart, whatever its window."""
        return self.metric, self.split, self.ghost, self.picks

    def overtaken_by(self, newer: Wish) -> bool:
        """Whether somebody looks elsewhere now: this one is no longer worth its time."""
        if not newer.follows:
            return self.window != newer.window
        longer = newer.window.seconds / self.window.seconds
        return not self.window.overlaps(newer.window) or not 0.5 <= longer <= 2.0


class Asked:
    """Safe to call from several threads."""

    def __init__(self, store: Workspace) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._board: BoardView | None = None
        self._wishes: tuple[Wish, ...] = ()
        self._read: dict[Key, list[tuple[Wish, ChartView]]] = {}
        self._given: dict[str, Metric | None] = {}
        self._given_for: object = None
        self._few: frozenset[str] = frozenset()
        self._few_of: object = None

    def splits(self, chart: str) -> tuple[Split, ...]:
        """What a chart can be split by."""
        return splits_of(self._store, chart, self._few)

    def forget(self) -> None:
        """What was read is right no more: other metrics, or another word about trust."""
        with self._lock:
            self._read.clear()
            self._given.clear()

    def blanks(self, board: BoardView, layout: BoardLayout) -> tuple[ChartView, ...]:
        """The charts that the layout asks for and the board has not, empty, if the log can give them."""
        there = {chart.metric for chart in board.charts}
        found = []
        for one in layout.charts:
            if one.hidden or one.metric in there or one.metric in CHARTS:
                continue
            metric = self._metric(one.metric)
            if metric is not None:
                found.append(_blank(one.metric, metric, board.bucket_s, relative=self._store.relative,
                                    trusted=self._store.own.trusted))
        return tuple(found)

    def take(self, board: BoardView, visible: Window, layout: BoardLayout, *, follows: bool,
             picks: tuple[Pick, ...] = ()) -> None:
        """A board with its blanks, in order: what is wanted for it. picks: which rows are meant."""
        wishes = []
        self._count_values()
        for chart in board.charts:
            said = layout.of(chart.metric)
            split = next((one for one in self.splits(chart.metric) if one.key == said.split),
                         None) if said.split else None
            blank = chart.note == READING
            if not blank and not picks and (split is None or not split.column):
                continue
            if picks and not blank:
                chart = _emptied(chart)
            metric = self._metric(chart.metric) if blank else None
            scans = bool(split and split.column) or any(pick.role is None for pick in picks) or (
                metric is not None and (metric.scans or metric.source in (Source.HEAT, Source.UNCHANGED)))
            wishes.append(Wish(chart.metric, split.key if split else "", said.ghost if not split else "", visible,
                               board.bucket_s, board.generation, follows, scans, chart, picks))
        with self._lock:
            self._board, self._wishes = board, tuple(wishes)

    def wishes(self) -> tuple[Wish, ...]:
        """What is wanted and not there yet."""
        with self._lock:
            return tuple(wish for wish in self._wishes if self._found(wish) is None)

    def filled(self) -> BoardView | None:
        """The board with what was read by now."""
        with self._lock:
            if self._board is None:
                return None
            wanted = {wish.metric: wish for wish in self._wishes}
            return replace(self._board, charts=tuple(
                self._shown(wanted[chart.metric]) if chart.metric in wanted else chart
                for chart in self._board.charts))

    def read(self, wish: Wish, job: Job) -> ChartView:
        """Make one, and keep it. What is wrong with an expression is said where the chart would be. Raises
        JobStopped."""
        try:
            made = self._made(wish, job)
        except BadSettings as error:
            made = replace(wish.base, note=f"{error.what}. {error.do}".removesuffix(". "))
        job.stop_if_asked()
        with self._lock:
            kept = [one for one in self._read.get(wish.key, []) if one[0].window != wish.window]
            self._read[wish.key] = [*kept[1 - KEPT:], (wish, made)]
        return made

    def _count_values(self) -> None:
        """Which columns of numbers have few values: asked again when there are twice as many rows."""
        size = tuple((one.stream_id, one.rows.bit_length(), len(one.columns)) for one in self._store.streams())
        if size != self._few_of:
            self._few, self._few_of = few_valued(self._store), size

    # ---- inside --------------------------------------------------------------------------------------------

    def _metric(self, name: str) -> Metric | None:
        """The metric behind a chart's name, if the log can give it: asked once for each shape of the log."""
        shape = (self._store.own, tuple(
            (one.stream_id, one.kind, one.rows > 0, tuple(column.role for column in one.columns))
            for one in self._store.streams()))
        with self._lock:
            if shape != self._given_for:
                self._given_for, self._given = shape, {}
            if name in self._given:
                return self._given[name]
        found = charts.can_give(self._store, name)
        with self._lock:
            self._given[name] = found
        return found

    def _found(self, wish: Wish) -> ChartView | None:
        for one, chart in reversed(self._read.get(wish.key, [])):
            if (one.window, one.bucket_s, one.generation) == (wish.window, wish.bucket_s, wish.generation):
                return chart
        return None

    def _shown(self, wish: Wish) -> ChartView:
        """What was read for it; else what was read last, or the chart without, with a word."""
        found = self._found(wish)
        if found is not None:
            return found
        known = self._read.get(wish.key)
        if not known:
            return replace(wish.base, note=READING)
        last, chart = known[-1]
        return chart if wish.follows and not last.overtaken_by(wish) else replace(chart, note=READING)

    def _made(self, wish: Wish, job: Job) -> ChartView:
        if not wish.picks:
            return self._of(self._store, wish, job)
        some = Picked(self._store, wish.picks, job)
        made = self._of(cast("Workspace", some), wish, job)
        if not some.told:
            return replace(made, badge=", ".join(filter(None, (made.badge, OF_ALL))))
        read = "Read from the rows." if some.scanned and charts.EXACT not in made.error else ""
        return replace(made, error=" ".join(filter(None, (f"{said(wish.picks, self._store)}.", read, made.error))))

    def _of(self, store: Workspace, wish: Wish, job: Job) -> ChartView:
        if len(wish.base.times):                    # of the board, split by a column
            return self._split(store, wish, wish.base, job)
        chart = self._plain(store, wish, wish.window, job)
        if chart is None:
            return replace(wish.base, note=NOTHING)
        if wish.split:
            return self._split(store, wish, chart, job)
        if wish.ghost and not GHOSTS[wish.ghost] % chart.bucket_s and chart.heat is None:
            past = self._plain(store, wish, wish.window.shifted(timedelta(seconds=-GHOSTS[wish.ghost])), job)
            chart = chart if past is None else with_ghost(chart, past, wish.ghost)
        return chart

    def _plain(self, store: Workspace, wish: Wish, window: Window, job: Job) -> ChartView | None:
        metric = self._metric(wish.metric)
        if metric is None:
            return None
        if metric.source is Source.HEAT:
            made = charts.map_chart(store, wish.metric, window, MAP_POINTS, job=job)
        else:
            made = charts.chart(store, wish.metric, window, bucket_s=wish.bucket_s, following=wish.follows, job=job)
        return None if made is None else replace(made, metric=wish.metric)

    def _split(self, store: Workspace, wish: Wish, chart: ChartView, job: Job) -> ChartView:
        split = next((one for one in self.splits(wish.metric) if one.key == wish.split), None)
        if split is None or split_metric(wish.metric) is None:
            return chart
        return split_chart(store, chart, wish.window, split, job)


def _emptied(chart: ChartView) -> ChartView:
    """Nothing of all rows is shown where only some are meant."""
    return replace(chart, times=np.empty(0), series=(), latest="", ghost=None, waits=None, heat=None, sql="", error="",
                   note=READING)


def _blank(name: str, metric: Metric, bucket_s: int, *, relative: bool, trusted: bool) -> ChartView:
    """A chart without numbers yet."""
    sentence, formula = charts.OF_THE_CHART.get(name, (metric.sentence, metric.formula))
    note = UNTRUSTED if metric.source is Source.OWN and not trusted else READING
    return ChartView(name, metric.title, metric.unit, metric.group, metric.better, np.empty(0), bucket_s, (), sentence,
                     formula, "", note=note, relative=relative, is_map=metric.source is Source.HEAT)

"""What can be done with a chart: arranged, compared, split, read as a table, written to a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Signal, Slot
from PySide6.QtGui import QGuiApplication

from console.errors import ConsoleError
from console.metrics.format import format_time, format_window
from console.window import Window
from widgets import layout_store
from widgets.bridge.conductor import Conductor
from widgets.charts.pictures import write_picture
from widgets.dialogs.files import Questions
from widgets.drill import Drill
from widgets.main_window import MainWindow
from widgets.panels.chart_menu import ChartMenu, ChartOffer
from widgets.thresholds import Thresholds

if TYPE_CHECKING:
    from console.metrics.view import ChartView

LONGEST_NAME = 96


class Arranging(QObject):
    """Intents of the chart menu and of its keys. The session keeps the layout; here it is asked for."""

    changes_asked = Signal(object)   # datetime: what changed since then
    curve_picked = Signal(str, str, bool)    # metric, curve, whether all but that one

    def __init__(self, window: MainWindow, conductor: Conductor, questions: Questions, drill: Drill,
                 thresholds: Thresholds, parent: QObject) -> None:
        super().__init__(parent)
        self._thresholds = thresholds
        self._window, self._conductor, self._questions, self._drill = window, conductor, questions, drill
        self._menu: ChartMenu | None = None
        self._metric = ""
        self._wanted = ""
        self._bucket: Window | None = None
        self._level: tuple[str, float] | None = None        # of the pointer: curve, value

    def connect_panel(self) -> None:
        """Once the panel is there."""
        self._window.board.displayed.connect(self._choose_wanted)
        self._window.values.export_asked.connect(self._on_export)

    # ---- the menu ------------------------------------------------------------------------------------------

    def open_menu(self, metric: str, place: QPoint) -> None:
        """Of a chart, for the bucket under the pointer or at the held cross-hair."""
        session, board = self._conductor.session, self._window.board
        if session is None:
            return
        if self._menu is None:
            self._menu = ChartMenu(self._window.icons, self._window.actions_by_name, self._window)
            self._menu.asked.connect(self.do)
        said = session.layout.of(metric)
        self._metric, self._bucket = metric, board.bucket_at_cross_hair(metric)
        shown = board.shown_metrics()
        chart = board.chart(metric)
        self._level = chart.level_under(chart.mapFromGlobal(place)) if chart is not None else None
        relative = session.selection().relative
        self._menu.offer(ChartOffer(
            metric, format_window(self._bucket, relative=relative) if self._bucket is not None else "",
            bool(board.alone), said.wide, said.ghost, said.split,
            tuple((one.key, one.title) for one in session.splits(metric)),
            shown[:1] == (metric,), shown[-1:] == (metric,),
            format_time(self._bucket.start, seconds=self._bucket.seconds < 60, relative=relative)
            if self._bucket is not None else "",
            chart.words_of(*self._level) if chart is not None and self._level is not None else "",
            chart is not None and chart.has_thresholds,
            parts=tuple(part.name for part in chart.view.series) if chart is not None and chart.view is not None
            and said.split else (), compares=chart is None or chart.view is None or not chart.view.is_map))
        self._menu.popup(place)

    @Slot(str, str)
    def do(self, what: str, word: str) -> None:
        """What was chosen in the menu."""
        metric = self._metric
        match what:
            case "rows":
                self._rows(metric, word)
            case "changes":
                if self._bucket is not None:
                    self.changes_asked.emit(self._bucket.start)
            case "values":
                self.values(metric)
            case "alone":
                self._window.board.show_alone("" if self._window.board.alone else metric)
            case "ghost" | "split":
                self._change(metric, **{what: word})
            case "only" | "not":
                self.curve_picked.emit(metric, word, what == "not")
            case "wide":
                self._change(metric, wide=bool(word))
            case "hide":
                self.hide(metric)
            case "alarm":
                if self._level is not None:
                    self._thresholds.add(metric, *self._level)
            case "threshold":
                self._thresholds.take(metric)
            case "move":
                self.move(metric, int(word))
            case "copy":
                self.copy(metric)
            case "export":
                self.export(metric, word)

    # ---- what keys do too ----------------------------------------------------------------------------------

    def alone(self) -> None:
        """The chosen chart in all the room, or all again."""
        board = self._window.board
        board.show_alone("" if board.alone else board.chosen)

    def compare(self, ghost: str) -> None:
        """With the day or the week before; the same again ends it."""
        session, metric = self._conductor.session, self._window.board.chosen
        if session is not None and metric:
            self._change(metric, ghost="" if session.layout.of(metric).ghost == ghost else ghost)

    def split_on(self) -> None:
        """By the next of what it can be split by; after the last by nothing."""
        session, metric = self._conductor.session, self._window.board.chosen
        if session is None or not metric:
            return
        keys = ["", *(one.key for one in session.splits(metric))]
        if len(keys) == 1:
            self._window.message_bar.say("This chart cannot be split: its rows have no model version, host or model.",
                                         topic="split")
            return
        now = session.layout.of(metric).split
        self._change(metric, split=keys[(keys.index(now) + 1) % len(keys) if now in keys else 0])

    def widen(self) -> None:
        """Two columns, or one."""
        session, metric = self._conductor.session, self._window.board.chosen
        if session is not None and metric:
            self._change(metric, wide=not session.layout.of(metric).wide)

    def hide(self, metric: str = "") -> None:
        """Off the board; it can be added again."""
        session, metric = self._conductor.session, metric or self._window.board.chosen
        if session is None or not metric:
            return
        title = next((one.title for one in session.chart_choices() if one.metric == metric), metric)
        self._change(metric, hidden=True)
        self._window.message_bar.say(f"{title} is hidden. “Add chart” brings it back.", topic="hidden", action="Undo",
                                     key=f"show {metric}")

    def show(self, metric: str) -> None:
        """Back on the board."""
        self._window.message_bar.done("hidden")
        self._change(metric, hidden=False)

    def bring(self, metric: str, title: str, split: str = "") -> None:
        """To where it is seen, and chosen; back on the board where it was not. split: by that, where it can be."""
        session = self._conductor.session
        if session is None:
            return
        shown = next((one.shown for one in session.chart_choices() if one.metric == metric), None)
        if shown is None:
            self._window.message_bar.say(f"The board has no chart of {title}.", topic="chart")
            return
        self._wanted = metric
        changes: dict[str, bool | str] = {} if shown else {"hidden": False}
        if split and session.layout.of(metric).split != split and any(
                one.key == split for one in session.splits(metric)):
            changes["split"] = split
        if changes:
            self._change(metric, **changes)
        self._choose_wanted()

    @Slot()
    def _choose_wanted(self) -> None:
        """A chart that was hidden comes with the next board."""
        if self._wanted and self._wanted in self._window.board.every_metric():
            metric, self._wanted = self._wanted, ""
            self._window.board.choose(metric)

    def move(self, metric: str, by: int) -> None:
        """So many places on."""
        session, metric = self._conductor.session, metric or self._window.board.chosen
        if session is not None and metric:
            try:
                session.move_chart(metric, by)
            except ConsoleError as error:
                self._window.message_bar.say(str(error), "warning")
            self._conductor.ask("board")

    def values(self, metric: str = "") -> None:
        """The table behind a chart; asked again, it goes."""
        board, window = self._window.board, self._window
        metric = metric or board.chosen
        chart = board.chart(metric)
        if chart is None or chart.view is None:
            return
        if window.drawer_open and window.drawer.page is window.values and window.values.metric == metric:
            window.close_drawer()
            return
        self._show_values(chart.view)
        window.open_drawer(window.values)
        window.values.choose(board.cross_hair)

    def refresh(self) -> None:
        """New numbers came, or another window."""
        window = self._window
        if window.drawer_open and window.drawer.page is window.values and window.values.metric:
            chart = window.board.chart(window.values.metric)
            if chart is not None and chart.view is not None:
                self._show_values(chart.view)

    def copy(self, metric: str = "") -> None:
        """The visible values, as a table."""
        found = self._visible(metric or self._window.board.chosen)
        if found is not None:
            from console.session.chart_values import as_csv

            QGuiApplication.clipboard().setText(as_csv(*found, delimiter="\t"))
            self._window.message_bar.say(f"Values of {found[0].title} copied.", topic="copied")

    def export(self, metric: str = "", form: str = "png") -> None:
        """What is visible of a chart: PNG and SVG as it looks, CSV with all digits."""
        metric = metric or self._window.board.chosen
        found, session = self._visible(metric), self._conductor.session
        if found is None or session is None:
            return
        rows = session.picks.view().words
        name = re.sub(r"[^\w.-]+", "-", f"{session.name}-{metric} {rows}".strip())[:LONGEST_NAME].strip("-")
        path = self._questions.chart(self._window, Path(layout_store.last_folder()) / f"{name}.{form}", form)
        if path is None:
            return
        try:
            self._write(metric, found, path, rows)
        except OSError as error:
            self._window.message_bar.say(f"{path} could not be written: {error.strerror or error}.", "firing")
            return
        self._window.message_bar.say(f"Chart written: {path}", "good")

    # ---- layouts as files ----------------------------------------------------------------------------------

    def export_layout(self) -> None:
        """Of this board."""
        session = self._conductor.session
        path = self._questions.layout(self._window, Path(layout_store.last_folder()) / "board.toml", save=True)
        if session is not None and path is not None:
            try:
                session.export_layout(path)
                self._window.message_bar.say(f"Layout written: {path}", "good")
            except ConsoleError as error:
                self._window.message_bar.say(str(error), "firing")

    def import_layout(self) -> None:
        """In place of this one."""
        session = self._conductor.session
        path = self._questions.layout(self._window, Path(layout_store.last_folder()), save=False)
        if session is not None and path is not None:
            try:
                self.tell_notes(session.import_layout(path))
            except ConsoleError as error:
                self._window.message_bar.say(str(error), "firing")
            self._show_layout()

    def tell_notes(self, notes: tuple[str, ...]) -> None:
        """What of a layout was not understood."""
        if notes:
            more = f" And {len(notes) - 1} more." if len(notes) > 1 else ""
            self._window.message_bar.say(f"{notes[0]}.{more}", "warning", topic="layout")

    # ---- inside --------------------------------------------------------------------------------------------

    def _rows(self, metric: str, word: str) -> None:
        session = self._conductor.session
        visible = session.selection().visible if session is not None else None
        window = self._bucket if word == "bucket" else visible
        if window is not None:
            self._drill.show(metric, window)

    def _change(self, metric: str, **changes: bool | str) -> None:
        session = self._conductor.session
        if session is None:
            return
        try:
            session.change_chart(metric, **changes)
        except ConsoleError as error:
            self._window.message_bar.say(str(error), "warning")
        self._show_layout()

    def _show_layout(self) -> None:
        session = self._conductor.session
        if session is not None:
            self._window.board.set_wide(frozenset(one.metric for one in session.layout.charts if one.wide))
            self._conductor.ask("board")

    def _show_values(self, chart: ChartView) -> None:
        session = self._conductor.session
        self._window.values.display(chart, session.selection().visible if session is not None else None)

    def _visible(self, metric: str) -> tuple[ChartView, Window] | None:
        session, chart = self._conductor.session, self._window.board.chart(metric)
        visible = session.selection().visible if session is not None else None
        return (chart.view, visible) if chart is not None and chart.view is not None and visible is not None else None

    def _write(self, metric: str, found: tuple[ChartView, Window], path: Path, rows: str) -> None:
        """rows: which are meant, in words; "" all. Raises OSError."""
        from console.session.chart_values import as_csv

        chart, ending = self._window.board.chart(metric), path.suffix.lower()
        if ending == ".csv" or chart is None:
            path.write_text(as_csv(*found), encoding="utf-8")
        else:
            write_picture(path, chart.size(), lambda painter: chart.draw(painter, rows), found[0].title)

    @Slot(str)
    def _on_export(self, metric: str) -> None:
        self.export(metric, "csv")

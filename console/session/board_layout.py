"""Which charts the board shows, in which order, and how: kept for each folder as a text that diffs.

The file stands in the user's configuration folder and is written at once, whole or not at all. What it says that is
not understood is left out with a note, and never stops a folder from opening.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from console.errors import BadSettings, CannotWrite

VERSION = 1
HEAD = "# Charts of the board, in this order; those that are not named here come after them.\n"
GHOSTS = {"day": 86_400, "week": 604_800}
"""What a chart can be compared with: so many seconds before."""
GHOST_NAMES = {"day": "a day before", "week": "a week before"}


@dataclass(frozen=True, slots=True)
class ChartLayout:
    """One chart. wide: two columns; split: a key of `Session.splits`, "" for none; ghost: a key of GHOSTS or ""."""

    metric: str
    hidden: bool = False
    wide: bool = False
    split: str = ""
    ghost: str = ""


@dataclass(frozen=True, slots=True)
class BoardLayout:
    """All that is known of charts, in their order."""

    charts: tuple[ChartLayout, ...] = ()

    def of(self, metric: str) -> ChartLayout:
        """As it was said, else as all charts are at first."""
        return next((one for one in self.charts if one.metric == metric), ChartLayout(metric))

    def ordered(self, metrics: Iterable[str]) -> tuple[str, ...]:
        """Those charts in the order of the layout."""
        given = tuple(metrics)
        place = {one.metric: number for number, one in enumerate(self.charts)}
        return tuple(sorted(given, key=lambda metric: (place.get(metric, len(place)), given.index(metric))))

    def with_chart(self, chart: ChartLayout) -> BoardLayout:
        """One chart said anew; its place stays. A chart that is as all are at first needs no place of its own."""
        if all(one.metric != chart.metric for one in self.charts):
            return BoardLayout((*self.charts, chart))
        return BoardLayout(tuple(chart if one.metric == chart.metric else one for one in self.charts))

    def changed(self, metric: str, metrics: Iterable[str], **changes: Any) -> BoardLayout:
        """The same with other settings of one chart; `metrics` are all charts there are, whose order stays."""
        return self._whole(metrics).with_chart(replace(self.of(metric), **changes))

    def moved(self, metric: str, by: int, metrics: Iterable[str]) -> BoardLayout:
        """The chart some places on, among those that are shown."""
        whole = self._whole(metrics)
        there = set(metrics)
        shown = [one.metric for one in whole.charts if one.metric in there and not one.hidden]
        if metric not in shown:
            return self
        at = min(max(shown.index(metric) + by, 0), len(shown) - 1)
        neighbour = shown[at]
        if neighbour == metric:
            return self
        rest = [one for one in whole.charts if one.metric != metric]
        place = next(number for number, one in enumerate(rest) if one.metric == neighbour) + (1 if by > 0 else 0)
        return BoardLayout((*rest[:place], whole.of(metric), *rest[place:]))

    def added(self, metric: str, metrics: Iterable[str]) -> BoardLayout:
        """The chart on the board: where it was, at the very front if it is new there."""
        if any(one.metric == metric for one in self.charts):
            return self.changed(metric, metrics, hidden=False)
        return BoardLayout((ChartLayout(metric), *self._whole(metrics).charts))

    def _whole(self, metrics: Iterable[str]) -> BoardLayout:
        """Every chart by name, so that each has its place; those of which nothing is known now keep theirs."""
        given = tuple(metrics)
        known = {one.metric for one in self.charts}
        return BoardLayout((*self.charts, *(ChartLayout(metric) for metric in given if metric not in known)))


def as_text(layout: BoardLayout) -> str:
    """The file. Keys always stand in the same order, so that two layouts differ where they differ."""
    parts = [HEAD, f"version = {VERSION}\n"]
    for one in layout.charts:
        parts.append(f"\n[[chart]]\nmetric = {_text(one.metric)}\nhidden = {_flag(one.hidden)}\n"
                     f"wide = {_flag(one.wide)}\nsplit = {_text(one.split)}\nghost = {_text(one.ghost)}\n")
    return "".join(parts)


def parse(text: str) -> tuple[BoardLayout, tuple[str, ...]]:
    """A layout and notes on what of it was left out. Raises BadSettings for what is no layout at all."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"This is no layout ({error})", do="Choose a file that was exported as one") from error
    version = said.get("version")
    if not isinstance(version, int):
        raise BadSettings("This is no layout (it names no version)", do="Choose a file that was exported as one")
    notes = [f"The layout is of version {version}, this program knows {VERSION}: what is new in it was left out"
             ] if version > VERSION else []
    notes += [f"Not understood in the layout: `{key}`" for key in said if key not in ("version", "chart")]
    charts: list[ChartLayout] = []
    listed = said.get("chart", [])
    for entry in listed if isinstance(listed, list) else []:
        chart, more = _chart(entry)
        notes += more
        if chart is not None and all(one.metric != chart.metric for one in charts):
            charts.append(chart)
    return BoardLayout(tuple(charts)), tuple(notes)


def _chart(entry: Any) -> tuple[ChartLayout | None, list[str]]:
    if not isinstance(entry, dict) or not isinstance(entry.get("metric"), str):
        return None, ["A chart without a metric was left out of the layout"]
    notes: list[str] = []
    taken: dict[str, Any] = {}
    kinds = {"hidden": bool, "wide": bool, "split": str, "ghost": str}
    for key, value in entry.items():
        if key == "metric":
            continue
        if key not in kinds or not isinstance(value, kinds[key]) or (key == "ghost" and value not in ("", *GHOSTS)):
            notes.append(f"Not understood in the layout: `{key} = {value}` of {entry['metric']}")
        else:
            taken[key] = value
    return ChartLayout(entry["metric"], **taken), notes


def read(path: Path) -> tuple[BoardLayout, tuple[str, ...]]:
    """What was kept, with notes; an empty layout where there is none. One that cannot be read is kept beside."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return BoardLayout(), ()
    except (OSError, UnicodeDecodeError) as error:
        return BoardLayout(), (f"The layout of the board cannot be read ({error}); it is as at first",)
    except BadSettings as error:
        aside = path.with_suffix(".unread")
        try:
            path.replace(aside)
        except OSError:
            return BoardLayout(), (f"{error.what}; the board is as at first",)
        return BoardLayout(), (f"{error.what}; the board is as at first, and the file was kept as {aside.name}",)


def write(layout: BoardLayout, path: Path) -> None:
    """Whole or not at all. Raises CannotWrite."""
    draft = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(as_text(layout), encoding="utf-8", errors="replace")
        draft.replace(path)
    except OSError as error:
        raise CannotWrite(f"The layout could not be kept ({error.strerror})", where=str(path)) from error


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _flag(flag: bool) -> str:
    return "true" if flag else "false"

"""Charts and drift results of an incident, kept as they were when it was looked into.

A report counts everything anew, so that its numbers come from one state of the log. What is kept tells whether that is
still the state of then: rows come late, a role is corrected, a file is gone. Where it is not, the report shows what was
kept, and says so.

Written as plain values, each dataclass under its name: no code stands in a workspace that somebody sends.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from console.clock import now
from console.drift.view import CategoryShape, ColumnDrift, DriftView, NumericShape, ShownNumber, Verdict
from console.metrics.format import format_time
from console.metrics.view import ChartView, HeatView, SeriesView
from console.reports.view import Figure, Incident
from console.store.incidents import Frozen
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from console.store import Workspace

FORM = 1
"""How it is written; what has another form is not shown."""

KNOWN = {each.__name__: each for each in (CategoryShape, ChartView, ColumnDrift, DriftView, Figure, HeatView,
                                          NumericShape, SeriesView, ShownNumber, Verdict, Window)}
IS, ARRAY = "is", "array"
MOST_NAMED = 6


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What was seen at a time."""

    made: datetime
    figures: tuple[Figure, ...]
    drift: DriftView | None


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What a report shows, and one sentence that says from when it is; "" where nothing is kept."""

    figures: tuple[Figure, ...]
    drift: DriftView | None
    said: str


def keep(store: Workspace, incident: Incident, figures: tuple[Figure, ...], drift: DriftView | None) -> None:
    """Once for each pair of windows; nothing for an incident that is not kept itself."""
    if store.incident(incident.incident_id) is not None:
        content = zlib.compress(msgspec.msgpack.encode(_plain({"figures": figures, "drift": drift})))
        store.freeze_incident(Frozen(incident.incident_id, round(now().timestamp() * 1e6), _windows(incident), FORM,
                                     content))


def kept(store: Workspace, incident: Incident) -> Snapshot | None:
    """That of its windows; None where there is none, or one that this version cannot read."""
    found = store.frozen_incident(incident.incident_id, _windows(incident))
    if found is None or found.form != FORM:
        return None
    try:
        told = _made(msgspec.msgpack.decode(zlib.decompress(found.content)))
        return Snapshot(from_epoch(found.made_us / 1e6), told["figures"], told["drift"])
    except (zlib.error, msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None


def shown(snapshot: Snapshot | None, figures: tuple[Figure, ...], drift: DriftView | None, *,
          counted_now: bool) -> Shown:
    """What was kept, where it differs from what is counted now; `counted_now`: never."""
    if snapshot is None:
        return Shown(figures, drift, "")
    at, names = format_time(snapshot.made), differing(snapshot, figures, drift)
    if not names:
        return Shown(figures, drift, f"Charts and drift results were kept with the incident on {at}; counted again for "
                                     "this report they are the same.")
    named = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
    if counted_now:
        return Shown(figures, drift, "Charts and drift results are counted for this report. Those kept with the "
                                     f"incident on {at} differ: {named}.")
    commands = {figure.chart.metric: figure.command for figure in figures}
    old = tuple(replace(figure, command=commands.get(figure.chart.metric, figure.command))
                for figure in snapshot.figures)
    return Shown(old, snapshot.drift, "Charts and drift results are shown as they were kept with the incident on "
                                      f"{at}. Counted again they differ: {named}. The log, or how it is read, has "
                                      "changed since; commands, SQL and evidence give the numbers of now.")


def differing(snapshot: Snapshot, figures: Iterable[Figure], drift: DriftView | None) -> tuple[str, ...]:
    """Charts and columns whose numbers are others now, by their titles."""
    before, after = ({one.chart.metric: one.chart for one in each} for each in (snapshot.figures, figures))
    names = [(before.get(metric) or after[metric]).title for metric in dict.fromkeys([*before, *after])
             if metric not in before or metric not in after or _numbers(before[metric]) != _numbers(after[metric])]
    then, here = ({(row.column, row.kind): _tested(row) for row in each.columns} if each is not None else {}
                  for each in (snapshot.drift, drift))
    columns = [column for column, kind in dict.fromkeys([*then, *here])
               if then.get((column, kind)) != here.get((column, kind))]
    return (*dict.fromkeys(names), *(f"drift of {column}" for column in dict.fromkeys(columns)))


def _numbers(chart: ChartView) -> tuple[Any, ...]:
    """What a chart draws; NaN is equal to itself as bytes."""
    return (chart.bucket_s, chart.times.tobytes(),
            tuple((one.name, np.nan_to_num(one.values, nan=-1e300).tobytes()) for one in chart.series))


def _tested(row: ColumnDrift) -> tuple[Any, ...]:
    return row.verdict, row.n_reference, row.n_current, repr(row.statistic)


def _windows(incident: Incident) -> tuple[int, int, int, int]:
    window, reference = incident.window, incident.reference
    start, end, before, until = (round(at.timestamp() * 1e6) for at in (window.start, window.end, reference.start,
                                                                        reference.end))
    return start, end, before, until


# ---- as plain values -------------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {IS: ARRAY, "shape": list(value.shape), "values": np.ascontiguousarray(value, dtype="<f8").tobytes()}
    if isinstance(value, Enum):
        return {IS: type(value).__name__, "value": value.value}
    if is_dataclass(value):
        return {IS: type(value).__name__} | {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _made(value: Any) -> Any:
    """Raises KeyError, TypeError, ValueError for what this version does not know."""
    if isinstance(value, list):
        return tuple(map(_made, value))
    if not isinstance(value, dict):
        return value
    match value.get(IS):
        case None:
            return {name: _made(part) for name, part in value.items()}
        case "array":
            return np.frombuffer(value["values"], dtype="<f8").reshape(value["shape"]).astype(np.float64)
        case name:
            return KNOWN[name](**{key: _made(part) for key, part in value.items() if key != IS})

"""Where nothing lies before the moment: the log against the data that the model was trained on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from console.changes.view import ChangeKind, ChangeRow, ChangesView
from console.drift import CategoryCounts, ColumnDrift, ColumnSample, Verdict, compare
from console.drift.verdict import ALARM_EFFECT, ALARM_POINTS
from console.jobs import Job
from console.metrics.format import format_time, format_window
from console.roles import INPUT_ROLES, ColumnType, Role, StreamKind
from console.store.every_kth import rows_in, some_counts, some_numbers
from console.window import Window

if TYPE_CHECKING:
    from console.store import StreamInfo, Workspace

MOST_ROWS = 50_000
MANY_VALUES = 2000
TOO_LITTLE = "Too little of the log lies before this time to say what was usual, and there is no training data"


def compared(store: Workspace, window: Window, job: Job) -> ChangesView:
    """Every input and answer of the window beside the training data; nothing where there is none."""
    requests = max((one for one in store.streams() if one.kind is StreamKind.REQUESTS and one.rows),
                   key=lambda one: one.rows, default=None)
    training = next((one for one in store.streams() if one.kind is StreamKind.REFERENCE and one.rows), None)
    at = format_time(window.start, relative=store.relative)
    if requests is None or training is None:
        return ChangesView(window.start, window, None, "", 0, (), (f"{TOO_LITTLE}.",),
                           f"Nothing can be said about {at}: too little lies before it.", "", 0.0, store.relative)
    roles = (*INPUT_ROLES, Role.PREDICTION, Role.SCORE)
    theirs = {column.name: column for column in training.columns}
    both = [column.name for column in requests.columns if column.role in roles and column.name in theirs]
    before, after = _samples(store, training, both, None, job), _samples(store, requests, both, window, job)
    free = {sample.column for sample in (*before, *after)
            if isinstance(sample.values, CategoryCounts) and len(sample.values.counts) > MANY_VALUES}
    drift = compare([one for one in before if one.column not in free], [one for one in after if one.column not in free],
                    reference_name=training.name, current_name=format_window(window, relative=store.relative), job=job)
    rows = tuple(_row(column, window, training.name, at) for column in drift.columns
                 if column.verdict in (Verdict.ALARM, Verdict.WATCH))
    strong = [row for row in rows if not row.weak]
    named = ", ".join(f"column {row.name}" for row in strong[:3]) or "nothing that matters"
    more = f" and {len(strong) - 3} more" if len(strong) > 3 else ""
    note = (f"Little or nothing of the log lies before this time: columns are compared with the training data "
            f"({training.name}), up to {MOST_ROWS:,} rows of each.")
    return ChangesView(window.start, window, None, training.name, 0,
                       tuple(sorted(rows, key=lambda row: (row.weak, -row.strength, row.name))), (note,),
                       f"Unlike the training data since {at}: {named}{more}.", "", 0.0, store.relative)


def _samples(store: Workspace, stream: StreamInfo, names: list[str], window: Window | None,
             job: Job) -> list[ColumnSample]:
    """Every k-th row of a large stretch: what is asked is whether it is alike, not how often each value came."""
    con = store.cursor()
    each = rows_in(con, stream, window) // MOST_ROWS + 1
    found = []
    for column in (column for column in stream.columns if column.name in names):
        job.stop_if_asked()
        if column.type in (ColumnType.TEXT, ColumnType.FLAG):
            counts = CategoryCounts.of(some_counts(con, stream, column, window, each))
            found.append(ColumnSample(column.name, counts, column.role, column.type))
        elif column.type is ColumnType.NUMBER:
            found.append(ColumnSample(column.name, some_numbers(con, stream, column, window, each), column.role,
                                      column.type))
    return found


def _row(drift: ColumnDrift, window: Window, training: str, at: str) -> ChangeRow:
    limit = ALARM_POINTS if drift.kind == "missing" else ALARM_EFFECT
    answer = drift.role in (Role.PREDICTION.value, Role.SCORE.value)
    return ChangeRow(
        ChangeKind.COLUMN, drift.column, "", drift.column, "", "output" if answer else "input",
        "inference" if answer else "features", window.start, window.start, window.start, None,
        drift.missing_reference if drift.kind == "missing" else math.nan,
        drift.missing_current if drift.kind == "missing" else math.nan, drift.effect, drift.effect_name,
        abs(drift.effect) / limit, drift.p_adjusted, drift.verdict is not Verdict.ALARM,
        "" if drift.verdict is Verdict.ALARM else "small",
        f"Unlike {training}, from the beginning: {drift.sentence}", "", drift.column)

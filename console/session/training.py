"""Training data against a window of the log, read and put before the drift room."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import numpy as np

from console.drift.skew import Mismatch, mismatches
from console.drift.training import Rows, TrainingColumn, TrainingView, training_skew
from console.errors import BadSettings
from console.jobs import Job
from console.roles import INPUT_ROLES, Role
from console.session.sides import MOST_CATEGORIES, Reference, Side, current_side, reference_side, words_of
from console.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from console.store import ColumnInfo, Workspace

COMPARED_ROLES = (*INPUT_ROLES, Role.PREDICTION, Role.SCORE)
"""What goes in, and what the same model should answer to it."""
MOST_KEYS = 100_000
"""Requests that are looked for on the other side."""


def training(store: Workspace, target: str, reference: Reference, current: Window | None, job: Job,
             version: str = "") -> TrainingView:
    """See Session.training."""
    serving = current_side(store, current, version)
    with reference_side(store, reference, job) as trained:
        inputs = {column.name for column in serving.inputs()} | {column.name for column in trained.inputs()}
        names = inputs | {column.name for column in serving.stream.columns_of(*COMPARED_ROLES)
                          if column.name in {one.name for one in trained.stream.columns}}
        if not names:
            raise BadSettings("Neither side has columns that go into a model", where=serving.stream.name,
                              do="Give columns the role feature under Folder > Columns")
        sides: list[Rows] = []
        keys: list[Any] = []
        for number, side in enumerate((trained, serving)):
            job.stop_if_asked()
            job.report(number, 5, "Reading the training data" if number == 0 else "Reading what was served")
            ids, rows = _rows(side, [column for column in side.stream.columns if column.name in names])
            sides.append(rows)
            keys.append(ids)
        job.stop_if_asked()
        job.report(2, 5, "Comparing the same requests")
        same = _same_requests(trained, serving, keys[0], [column.name for column in sides[1].columns
                                                          if column.name in sides[0].cells])
        job.stop_if_asked()
        command = " ".join(["pilothouse drift", shlex.quote(target), "--skew",
                            *words_of(reference, current, version, store.relative), "--json"])
        return training_skew(sides[0], sides[1], same, reference_window=reference.window, current_window=current,
                             reference_name=trained.name, current_name=serving.name, command=command, job=job)


def _rows(side: Side, columns: Sequence[ColumnInfo]) -> tuple[Any, Rows]:
    """Without the columns that are free text or ids."""
    ids, cells = side.rows(columns)
    kept = [column for column in columns if cells[column.name].dtype.kind != "O"
            or len({cell for cell in cells[column.name].tolist() if cell is not None}) <= MOST_CATEGORIES]
    hours = side.store.hours_of_day(side.stream.stream_id, side.window, side.each) \
        if side.stream.first is not None else None
    return ids, Rows([TrainingColumn(column.name, column.type, column.role) for column in kept],
                     {column.name: cells[column.name] for column in kept}, hours)


def _same_requests(trained: Side, serving: Side, ids: Any, names: Sequence[str]) -> tuple[Mismatch, ...]:
    """Requests of the training data looked for among what was served."""
    known = [key for key in ids.tolist() if key is not None][:MOST_KEYS]
    if not known or not names or serving.stream.column(Role.REQUEST_ID) is None:
        return ()
    columns = [column for column in serving.stream.columns if column.name in names]
    keys, served = serving.rows(columns, each=1, keys=known)
    if not len(keys):
        return ()
    there = {column.name: column for column in trained.stream.columns}
    again, learnt = trained.rows([there[column.name] for column in columns], each=1, keys=sorted(set(keys.tolist())))
    sides = [{name: _alike(cells, other[name]) for name, cells in side.items()}
             for side, other in ((learnt, served), (served, learnt))]
    return mismatches(again, sides[0], keys, sides[1])


def _alike(cells: Any, other: Any) -> Any:
    """Numbers as text where the other side has text."""
    if cells.dtype.kind == "O" or other.dtype.kind != "O":
        return cells
    return np.array([None if cell != cell else f"{cell:.15g}" for cell in cells.tolist()], dtype=object)



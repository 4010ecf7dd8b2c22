"""Requests with answers, outcomes and inputs, read for advice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from console.advice.labelled import Labelled, OutcomeKind
from console.drift.result import Floats
from console.jobs import Job
from console.logs.names import SETTINGS
from console.roles import INPUT_ROLES, ColumnType, Role
from console.session.advice_join import Join, joined, looked_at
from console.session.sides import requests_of
from console.store.expressions import Compiled, compiled

if TYPE_CHECKING:
    from console.store import AnsweredRows, ColumnInfo, StreamInfo, Workspace

MOST_ROWS = 200_000
"""Of more every so many-th is read."""
MOST_INPUTS = 40
MOST_TEXTS = 5_000
"""A column of text with more values among the rows is free text or an id."""
ALL_COME = 0.99
"""An outcome counts once so many have come of requests of that age."""
MOST_CLASSES = 50


def labelled_rows(store: Workspace, job: Job, fallback: str = "", *, trusted: bool = True,
                  join: Join | None = None) -> tuple[Labelled | None, tuple[str, ...]]:
    """The rows, None where the log has no outcomes; and what is to be said about them.

    fallback  an expression of the user over the columns of a row; it is run where the folder is `trusted`
    join      a file whose columns are inputs too
    Raises BadSettings for an expression that is not allowed or a file that cannot be joined, JobStopped.
    """
    stream = requests_of(store)
    notes: list[str] = []
    outcome = store.outcome_column(stream.stream_id)
    if outcome is None:
        return None, ("The log has no outcomes (label, click or churn), so no answer can be judged. Give a column of "
                      "the log the role label, or log outcomes with the ids of their requests.",)
    each = max(1, -(-store.rows_in(stream.stream_id, None) // MOST_ROWS))
    inputs = _inputs(stream, outcome)[:MOST_INPUTS]
    version, shadow = stream.column(Role.MODEL_VERSION), stream.column(Role.SHADOW_PREDICTION)
    wanted = [*inputs, *(one for one in (version, shadow) if one is not None)]
    file, by = looked_at(join, stream) if join is not None else (None, None)
    wanted += [by] if by is not None else []
    own: Compiled | None = None
    if fallback and trusted:
        own = expression_of(stream, fallback)
    elif fallback:
        notes.append("The fallback expression is not run: the folder is not trusted (`pilothouse trust`).")
    job.report(0, 0, "Joining outcomes")
    read = store.answered_rows(stream.stream_id, None, each=each, stored=[one.stored for one in wanted],
                               expression=own)
    job.stop_if_asked()
    if own is not None and not np.isfinite(read.expression).any():
        notes.append("The fallback expression gives no number for any row.")
    if each > 1:
        notes.append(f"Every {each}th of {stream.rows:,} requests was read.")
    rows = _made(store, read, inputs, version, shadow, each, notes)
    if rows is not None and join is not None and file is not None:
        job.report(0, 0, f"Joining {join.file.name[:60]}")
        keys = read.cells[by.name][np.isfinite(read.at_s)] if by is not None else None
        cells, said = joined(join, file, keys, rows.at_s, outcome.name, rows.inputs)
        job.stop_if_asked()
        notes.append(said)
        rows = replace(rows, added={name: column for name, column in cells.items() if _usable(column)})
    return rows, tuple(notes)


def expression_of(stream: StreamInfo, text: str) -> Compiled:
    """The user's fallback, checked part by part. Raises BadSettings."""
    names = {column.stored: column.stored for column in stream.columns}
    names |= {column.name: column.stored for column in stream.columns}
    return compiled(text, names, f"{SETTINGS}, [advice] fallback", of_a_row=True)


def _inputs(stream: StreamInfo, outcome: ColumnInfo) -> list[ColumnInfo]:
    """What goes into the model, and columns without a role that could: neither times nor the outcome."""
    return [column for column in stream.columns_of(*INPUT_ROLES) if column.stored != outcome.stored
            and column.type in (ColumnType.NUMBER, ColumnType.TEXT, ColumnType.FLAG)]


def _made(store: Workspace, read: AnsweredRows, inputs: Sequence[ColumnInfo], version: ColumnInfo | None,
          shadow: ColumnInfo | None, each: int, notes: list[str]) -> Labelled | None:
    n = len(read.at_s)
    timed = np.isfinite(read.at_s)
    words = np.array([one is not None for one in read.true_word.tolist()], dtype=bool)
    numbers = np.isfinite(read.truth)
    if not numbers.any() and not words.any():
        notes.append("No outcome has come of any request, so no answer can be judged.")
        return None
    classes: tuple[str, ...] = ()
    shadows = read.cells[shadow.name] if shadow is not None else np.full(n, math.nan)
    if not numbers.any() or not _as_number(read):
        kind, classes = OutcomeKind.CLASSES, _classes(read)
        if len(classes) > MOST_CLASSES:
            notes.append(f"Outcomes have more than {MOST_CLASSES} classes; answers are not judged.")
            return None
        truth, answer = (_codes(cells, classes) for cells in (read.true_word, read.word))
        choice, shadow_answer = np.full(n, math.nan), _codes(shadows, classes)
    else:
        known = read.truth[numbers]
        kind = OutcomeKind.YES_NO if np.all((known == 0) | (known == 1)) else OutcomeKind.AMOUNTS
        truth, answer = read.truth, read.score
        decided = read.choice[np.isfinite(read.choice)]
        choice = read.choice if kind is OutcomeKind.YES_NO and len(decided) and \
            np.all((decided == 0) | (decided == 1)) else np.full(n, math.nan)
        shadow_answer = shadows if shadows.dtype.kind != "O" else np.full(n, math.nan)
    told = np.where(np.isfinite(truth), read.told_s, math.inf)
    missing = np.isfinite(truth) & ~np.isfinite(told)
    if missing.any():
        notes.append("When outcomes came is not logged: they count from their request on.")
        told[missing] = read.at_s[missing]
    if (wait_s := store.outcome_wait(ALL_COME)) is not None:
        told = np.where(np.isfinite(truth), np.maximum(told, read.at_s + wait_s), math.inf)
    cells = {column.name: read.cells[column.name][timed] for column in inputs}
    kept = {name: column for name, column in cells.items() if _usable(column)}
    return Labelled(kind, read.at_s[timed], told[timed], truth[timed], answer[timed], choice[timed],
                    shadow_answer[timed], read.expression[timed],
                    _texts(read.cells[version.name], n)[timed] if version is not None else np.full(n, None)[timed],
                    kept, classes, each)


def _as_number(read: AnsweredRows) -> bool:
    """Whether answers are numbers too, or there are none."""
    return bool(np.isfinite(read.score).any()) or all(one is None for one in read.word.tolist())


def _classes(read: AnsweredRows) -> tuple[str, ...]:
    return tuple(sorted({str(one) for cells in (read.true_word, read.word) for one in cells.tolist()
                         if one is not None}))


def _codes(cells: NDArray[Any], classes: Sequence[str]) -> Floats:
    if cells.dtype.kind != "O":
        return np.full(len(cells), math.nan)
    number = {name: float(place) for place, name in enumerate(classes)}
    return np.array([number.get(cell, math.nan) if cell is not None else math.nan for cell in cells.tolist()])


def _texts(cells: NDArray[Any], n: int) -> NDArray[np.object_]:
    if cells.dtype.kind == "O":
        return cells
    return np.array([None if cell != cell else f"{cell:.15g}" for cell in cells.tolist()] or [None] * n, dtype=object)


def _usable(cells: NDArray[Any]) -> bool:
    if cells.dtype.kind == "O":
        values = {cell for cell in cells.tolist() if cell is not None}
        return 1 < len(values) <= MOST_TEXTS
    known = cells[np.isfinite(cells)]
    return len(known) > 0 and bool(known.min() < known.max())

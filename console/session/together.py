"""All columns of two windows at once, read from the log and put before the drift room."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from console.drift.classifier import MOST_ROWS
from console.drift.together import TogetherView
from console.drift.together import together as put_together
from console.errors import BadSettings
from console.jobs import Job
from console.roles import ColumnType, Role
from console.session.sides import Reference, current_side, on_both, reference_side, words_of
from console.window import Window

if TYPE_CHECKING:
    from console.store import Workspace


def together(store: Workspace, target: str, reference: Reference, current: Window, job: Job,
             version: str = "") -> TogetherView:
    """See Session.together."""
    now = current_side(store, current, version)
    with reference_side(store, reference, job) as before:
        wanted = [column for column in (*now.inputs(), *now.stream.columns_of(Role.PREDICTION, Role.SCORE))
                  if column.type is not ColumnType.TIME]
        columns = on_both(before, now, wanted)
        if not columns[0]:
            raise BadSettings("The two sides have no column in common that goes into the model or comes out of it",
                              do="Give columns the role feature under Folder > Columns")
        sides = []
        for number, (side, found) in enumerate(zip((before, now), columns, strict=True)):
            job.stop_if_asked()
            job.report(number, 4, "Reading the reference" if side is before else "Reading the current window")
            rows = every(side.store.rows_in(side.stream.stream_id, side.window))
            sides.append(side.rows(found, each=rows)[1])
        job.stop_if_asked()
        command = " ".join(["pilothouse drift", shlex.quote(target), "--joint",
                            *words_of(reference, current, version, store.relative), "--json"])
        return put_together(sides[0], sides[1], reference_window=reference.window, current_window=current,
                            reference_name=before.name, current_name=now.name, command=command, job=job)


def every(rows: int) -> int:
    """Which rows are read of so many: every so many-th, so that neither side has more than the classifier takes."""
    return max(1, -(-rows // MOST_ROWS))

"""When a change began, known better than from the first look: the same once more in shorter and shorter buckets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from console.changes import ChangeKind, ChangeRow, ChangesView
from console.errors import ConsoleError
from console.jobs import Job
from console.store import incident_sql

if TYPE_CHECKING:
    from console.session.session import Session

BEHIND = 8
"""So many buckets of the last look lie behind the beginning in the next one: its buckets are as much shorter."""

LOOKS = 3


def lead_of(rows: Sequence[ChangeRow]) -> ChangeRow | None:
    """Which change tells the onset: of those that may be the first to have begun the one that is known best."""
    if not rows:
        return None
    first = min(rows, key=lambda row: row.onset_to)
    together = [row for row in rows if row.onset_from <= first.onset_to]
    return min(together, key=lambda row: (row.onset_to - row.onset_from, row.onset, -row.strength))


def looked_closer(session: Session, rows: Sequence[ChangeRow], view: ChangesView,
                  job: Job) -> tuple[ChangeRow | None, int]:
    """Of these changes the one that tells the onset, as it is known in the end, and the length of the buckets that tell
    it. A model version began with its first request. Raises JobStopped."""
    lead, bucket_s = lead_of(rows), view.bucket_s
    if lead is None:
        return None, bucket_s
    if (exact := _first_request(session, lead)) is not None:
        return exact, bucket_s
    latest = min(row.onset_to for row in rows)
    early = [row for row in rows if row.onset_from <= latest]
    for _ in range(LOOKS):
        bucket = timedelta(seconds=bucket_s)
        until = min(max(row.onset_to for row in early) + BEHIND * bucket, view.since.end)
        try:
            closer = session.changes(min(row.onset for row in early), job, until=until, only=early)
        except ConsoleError:
            break
        if closer.bucket_s >= bucket_s:
            break
        known = [_better(row, closer.rows, bucket) for row in early]
        if known == early:
            break
        early, bucket_s = known, closer.bucket_s
    return lead_of(early), bucket_s


def _better(row: ChangeRow, rows: Sequence[ChangeRow], bucket: timedelta) -> ChangeRow:
    """The same change as it is known from shorter buckets, where that is better."""
    for one in rows:
        if ((one.kind, one.chart, one.column, one.segment) == (row.kind, row.chart, row.column, row.segment)
                and row.onset_from - bucket <= one.onset <= row.onset_to + bucket
                and one.onset_to - one.onset_from < row.onset_to - row.onset_from):
            return replace(row, onset=one.onset, onset_from=one.onset_from, onset_to=one.onset_to)
    return row


def _first_request(session: Session, row: ChangeRow) -> ChangeRow | None:
    """Of a model version that came then; None where it was there before, or it is none."""
    if row.kind is not ChangeKind.VERSION or row.before > 0:
        return None
    role, _, version = row.segment.partition("=")
    span = [moment.replace(tzinfo=None) for moment in (row.onset_from, row.onset_to)]
    ((at,),) = session.store.cursor().execute(
        incident_sql.first_with(role), [version, *span]).fetchall()
    if at is None:
        return None
    at = at.replace(tzinfo=UTC)
    return replace(row, onset=at, onset_from=at, onset_to=at)

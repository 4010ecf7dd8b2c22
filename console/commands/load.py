"""`pilothouse load`: a folder into a workspace, and what became of every record."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.commands.common import AsJson, iso, opened_quietly, print_json, say, terminal_job

if TYPE_CHECKING:
    from console.jobs import Job
    from console.session import Session

POLL_S = 0.25


def load(folder: Annotated[Path, typer.Argument(help="The log folder.")],
         workspace: Annotated[Path, typer.Option(help="The file to keep the rows in.")],
         zone: Annotated[str | None, typer.Option(help="Zone of times that name none; UTC otherwise.")] = None,
         follow: Annotated[bool, typer.Option(help="Go on reading while the files grow.")] = False,
         until_idle: Annotated[float | None, typer.Option(help="With --follow: end after so many seconds without "
                                                               "anything new.")] = None,
         fresh: Annotated[bool, typer.Option(help="Begin anew, whatever the file holds.")] = False,
         replay: Annotated[bool, typer.Option("--replay", help="Read the records in quarantine again, after a "
                                              "correction in pilothouse.toml.")] = False,
         json: AsJson = False) -> None:
    """Load a folder into a workspace; say what was read, kept, quarantined and ignored."""
    started = time.monotonic()
    with opened_quietly(folder, workspace=workspace, zone=zone, fresh=fresh) as session:
        with terminal_job() as job:
            _load(session, job, wait=follow)
            if follow:
                _follow(session, until_idle)
            replayed = session.replay_quarantine(job) if replay else None
        summary = _summary(session, time.monotonic() - started)
        session.store.checkpoint()
    if json:
        print_json(summary)
    else:
        _tell(summary)
        if replayed is not None:
            say(f"  read again: {replayed.rows:,} records are rows now, {replayed.left:,} stay in quarantine")


def _load(session: Session, job: Job, *, wait: bool) -> None:
    """What is there; `wait`: an empty folder is no error, for files may come."""
    from console.logs.refusals import NothingToLoad

    try:
        session.load(job)
    except NothingToLoad as nothing:
        if not (wait and nothing.empty):
            raise
        say("The folder is empty. It is loaded as soon as a file comes.")


def _follow(session: Session, until_idle: float | None) -> None:
    """Poll until nothing new came for `until_idle` seconds; for ever when that is None. Ctrl-C ends it cleanly."""
    from console.jobs import SilentJob

    job = SilentJob()
    quiet_since = time.monotonic()
    try:
        while until_idle is None or time.monotonic() - quiet_since < until_idle:
            if session.poll(job):
                quiet_since = time.monotonic()
            else:
                time.sleep(POLL_S)
    except KeyboardInterrupt:
        say("Stopped following.")


def _summary(session: Session, seconds: float) -> dict[str, Any]:
    store = session.store
    totals = store.totals()
    return {
        "files": totals.files, "rows_read": totals.rows_read, "rows_loaded": totals.rows_loaded,
        "rows_quarantined": totals.rows_quarantined, "rows_ignored": totals.rows_ignored, "events": totals.events,
        "outcomes": totals.outcomes, "samples": totals.samples, "reference": totals.reference,
        "files_rejected": [{"path": one.path, "reason": one.reason} for one in store.rejected()],
        "streams": [{"name": stream.name, "kind": stream.kind.value, "format": stream.format, "why": stream.why,
                     "rows": stream.rows,
                     "roles": {column.role.value: column.name for column in reversed(stream.columns) if column.role}}
                    for stream in store.streams()],
        "ledger": [{"path": file.path, "stream": file.stream, "state": file.state, "records": file.records,
                    "rows": file.rows_loaded, "quarantined": file.rows_quarantined, "ignored": dict(file.ignored),
                    "size": file.size, "offset": file.offset, "error": file.error} for file in store.files()],
        "notes": list(store.notes()), "first": iso(totals.first, relative=store.relative),
        "last": iso(totals.last, relative=store.relative), "seconds": round(seconds, 3)}


def _tell(summary: dict[str, Any]) -> None:
    say(f"{summary['rows_read']:,} records in {summary['files']:,} files: {summary['rows_loaded']:,} rows, "
        f"{summary['rows_quarantined']:,} quarantined, {summary['rows_ignored']:,} ignored, "
        f"in {summary['seconds']:.1f} s")
    for stream in summary["streams"]:
        say(f"  {stream['name']}: {stream['rows']:,} {stream['kind']} ({stream['format']})")
    for note in summary["notes"]:
        say(f"  {note}")
    for one in summary["files_rejected"]:
        say(f"  not loaded: {one['path']}: {one['reason']}")

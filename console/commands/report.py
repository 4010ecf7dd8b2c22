"""`pilothouse report`: the incident report of a window, of an incident, or of the worst time that the log has."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.common import Fresh, opened, parse_window, say, terminal_job, window_of
from console.errors import BadSettings

if TYPE_CHECKING:
    from console.jobs import Job
    from console.reports.view import ReportView
    from console.session import Session


def report(target: Annotated[Path | None, typer.Argument(metavar="WORKSPACE|FOLDER",
                                                         help="A workspace or a log folder.")] = None,
           out: Annotated[list[Path] | None, typer.Option(help="The file to write; its ending says the format: .html, "
                                                               ".pdf, .md, .json, or .zip with the evidence. May be "
                                                               "given again.")] = None,
           start: Annotated[str | None, typer.Option("--from", help="Start of the incident; without it and --to the "
                                                                    "worst time of the log is looked for.")] = None,
           end: Annotated[str | None, typer.Option("--to", help="Its end, not included.")] = None,
           incident: Annotated[str | None, typer.Option(help="The id of an incident that is kept.")] = None,
           reference: Annotated[str | None, typer.Option(help="The window to compare with, A..B; by default the time "
                                                              "before it began.")] = None,
           title: Annotated[str, typer.Option(help="The report's title.")] = "",
           redact: Annotated[list[str] | None, typer.Option(help="A column whose values are not told; may be given "
                                                                 "again.")] = None,
           keep: Annotated[list[str] | None, typer.Option(help="A column whose values are told, though it seems to be "
                                                               "about persons; may be given again.")] = None,
           paper: Annotated[str, typer.Option(help="Of a PDF: a4 or letter.")] = "a4",
           with_paths: Annotated[bool, typer.Option("--with-paths", help="Name the log by its whole path.")] = False,
           counted_now: Annotated[bool, typer.Option("--counted-now", help="Charts and drift of an incident as the log "
                                                                           "tells them now, where those that were kept "
                                                                           "with it differ.")] = False,
           schema: Annotated[bool, typer.Option("--schema", help="Print the schema of the JSON report.")] = False,
           fresh: Fresh = False,
           json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False) -> None:
    """Write the incident report of a window, in one format or several."""
    if schema:
        from console.reports.data import schema_text

        sys.stdout.write(schema_text())
        return
    files = _checked(target, out, start, end, incident, json=json, paper=paper)
    assert target is not None
    with opened(target, fresh=fresh) as session, terminal_job() as job:
        _known_columns(session, (*(redact or ()), *(keep or ())))
        if incident is None:
            found = _choose(session, start, end, reference, job)
            title = title or found
        view = session.report(incident, job, title=title, redact=tuple(redact or ()), keep=tuple(keep or ()),
                              paths=with_paths, counted_now=counted_now)
        for file in files:
            session.write_report(view, file, job, paper=paper)
    _tell(view)
    if json:
        from console.reports.data import write_json

        sys.stdout.write(write_json(view))
    for file in files:
        if not json:
            typer.echo(str(file))


def _checked(target: Path | None, out: list[Path] | None, start: str | None, end: str | None, incident: str | None, *,
             json: bool, paper: str) -> list[Path]:
    """What is wrong with the options is said before anything is loaded. Raises BadSettings."""
    from console.reports.write import checked

    if target is None:
        raise BadSettings("No log folder is named", do="Write pilothouse report FOLDER --out report.html")
    if not out and not json:
        raise BadSettings("No file is named", do="Add --out report.html, or .pdf, .md, .json, .zip")
    if incident is not None and (start or end):
        raise BadSettings("An incident has its window", do="Leave out --from and --to, or --incident")
    for file in out or ():
        checked(file, None, paper)
        if not file.parent.is_dir():
            raise BadSettings("There is no such folder", where=str(file.parent), do="Make it first")
    return list(out or ())


def _known_columns(session: Session, names: tuple[str, ...]) -> None:
    """A name that is spelled wrong must not let a column out."""
    known = {column.name for stream in session.store.streams() for column in stream.columns}
    for name in names:
        if name not in known:
            raise BadSettings(f"There is no column `{name}`", where=session.command_target,
                              do="Columns are " + ", ".join(sorted(known)[:40]))


def _choose(session: Session, start: str | None, end: str | None, reference: str | None, job: Job) -> str:
    """The windows as they are given; without a time, the worst one that is found. Gives what that is called, or ""."""
    if not start and not end:
        from console.session.incidents import title_of
        from console.session.worst import worst_window

        found = worst_window(session, job)
        session.brush("current", found.window)
        session.brush("reference", parse_window(reference, session=session) if reference else None)
        say(found.why)
        return title_of(found.why)
    session.brush("current", window_of(start, end, session=session))
    session.brush("reference", parse_window(reference, session=session) if reference else None)
    return ""


def _tell(view: ReportView) -> None:
    say(view.summary[0])
    if view.redacted:
        say("Redacted: " + ", ".join(one.column for one in view.redacted) + "; --keep COLUMN shows one")

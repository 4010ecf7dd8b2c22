"""`pilothouse report`: the incident report of a window."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.commands.common import Fresh, opened, parse_window, say, terminal_job, window_of
from console.errors import BadSettings

ENDINGS = (".html", ".pdf")


def report(target: Annotated[Path, typer.Argument(metavar="WORKSPACE|FOLDER", help="A workspace or a log folder.")],
           out: Annotated[Path, typer.Option(help="The file to write; its ending, .html or .pdf, says the format.")],
           start: Annotated[str | None, typer.Option("--from", help="Start of the incident.")] = None,
           end: Annotated[str | None, typer.Option("--to", help="Its end, not included.")] = None,
           reference: Annotated[str | None, typer.Option(help="The window to compare with, A..B; by default as long "
                                                              "as the incident and right before it.")] = None,
           title: Annotated[str, typer.Option(help="The report's title.")] = "", fresh: Fresh = False) -> None:
    """Write the incident report of a window."""
    if out.suffix.lower() not in ENDINGS:
        raise BadSettings(f"`{out.name}` names no format that can be written", do="End it in " + " or ".join(ENDINGS))
    with opened(target, fresh=fresh) as session, terminal_job() as job:
        session.brush("current", window_of(start, end, session=session))
        session.brush("reference", parse_window(reference, session=session) if reference else None)
        view = session.report(None, job, title=title)
        session.write_report(view, out, job)
    say(f"{view.summary[0]}")
    typer.echo(str(out))

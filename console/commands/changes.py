"""`pilothouse changes`: what is different since a moment, in the order in which it began."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.commands.common import AsJson, Fresh, iso, opened, parse_time, parse_window, print_json, say, terminal_job

if TYPE_CHECKING:
    from console.changes import ChangeRow, ChangesView


def changes(target: Annotated[Path, typer.Argument(metavar="WORKSPACE|FOLDER", help="A workspace or a log folder.")],
            since: Annotated[str, typer.Option(help="The moment in question: of an alarm, a deployment, a "
                                                    "complaint.")],
            until: Annotated[str | None, typer.Option(help="Up to when to look; by default the log's end.")] = None,
            reference: Annotated[str | None, typer.Option(help="What is usual, A..B; by default all that lies "
                                                               "before.")] = None,
            fresh: Fresh = False, json: AsJson = False) -> None:
    """Tell what changed since a moment: metrics, columns, versions, hosts."""
    with opened(target, fresh=fresh) as session, terminal_job() as job:
        view = session.changes(parse_time(since, session=session), job,
                               until=parse_time(until, session=session) if until else None,
                               reference=parse_window(reference, session=session) if reference else None)
    if json:
        print_json(_document(view))
        return
    say(view.sentence)
    for row in view.rows:
        typer.echo(f"{row.kind.value:<8} {'(weak) ' if row.weak else ''}{row.sentence}")
    for note in view.notes:
        say(note)


def _document(view: ChangesView) -> dict[str, Any]:
    def at(window: Any) -> dict[str, Any] | None:
        return None if window is None else {"from": iso(window.start, relative=view.relative),
                                            "to": iso(window.end, relative=view.relative)}

    return {"since": iso(view.at, relative=view.relative), "searched": at(view.since), "reference": at(view.reference),
            "reference_name": view.reference_name, "bucket_s": view.bucket_s,
            "changes": [_row(row, view.relative) for row in view.rows], "notes": list(view.notes),
            "sentence": view.sentence, "command": view.command, "seconds": round(view.seconds, 6)}


def _row(row: ChangeRow, relative: bool) -> dict[str, Any]:
    return {"kind": row.kind.value, "name": row.name, "segment": row.segment or None, "title": row.title,
            "unit": row.unit, "group": row.group, "step": row.step, "onset": iso(row.onset, relative=relative),
            "onset_from": iso(row.onset_from, relative=relative), "onset_to": iso(row.onset_to, relative=relative),
            "ended": iso(row.ended, relative=relative), "before": row.before, "after": row.after, "effect": row.effect,
            "effect_name": row.effect_name, "strength": row.strength, "p_value": row.p_value, "weak": row.weak,
            "why_weak": row.why_weak or None, "chart": row.chart or None, "column": row.column or None,
            "sentence": row.sentence}

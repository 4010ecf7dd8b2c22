"""`pilothouse coverage`: what can go wrong, what of it a log shows, and what its rules guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from console.commands.alarms import RulesFile, Target, read_rules
from console.commands.common import AsJson, Fresh, opened, print_json, say, terminal_job

if TYPE_CHECKING:
    from console.alarms.coverage import CoverageRow, CoverageView


def coverage(target: Target, rules: RulesFile = None, fresh: Fresh = False, json: AsJson = False) -> None:
    """Tell, for each step from request to feedback, what can go wrong, what shows it, which alarm guards it."""
    given = read_rules(rules) if rules is not None else None
    with opened(target, fresh=fresh) as session, terminal_job() as job:
        view = session.coverage(job, given)
    if json:
        print_json(_document(view))
        return
    say(view.sentence)
    for step in view.steps:
        typer.echo(step.step.value)
        for row in step.rows:
            typer.echo(f"  {row.name:<22} {_said(row)}")


def _said(row: CoverageRow) -> str:
    if row.guards:
        return f"guarded by: {', '.join(row.guards)}"
    if row.shown:
        return f"shown by: {', '.join(one.title for one in row.shown)}" + (f", by {row.split}" if row.split else "")
    return f"blind, log: {row.to_log}" if row.to_log else "compared: when two windows are (pilothouse drift)"


def _document(view: CoverageView) -> dict[str, Any]:
    return {"sentence": view.sentence, "steps": [
        {"step": step.step.value, "troubles": [
            {"name": row.name, "sentence": row.sentence, "cover": row.cover.value, "metrics": list(row.metrics),
             "split": row.split or None, "guards": list(row.guards), "compared": row.compared,
             "to_log": row.to_log or None} for row in step.rows]} for step in view.steps]}

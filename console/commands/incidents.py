"""`pilothouse incidents`: what was kept of a log, one of them whole, or a new one from a window or an alarm."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.commands.common import (
    AsJson,
    Fresh,
    iso,
    opened,
    parse_time,
    parse_window,
    print_json,
    say,
    terminal_job,
    window_of,
)
from console.errors import BadSettings
from console.metrics.format import format_span, format_window

if TYPE_CHECKING:
    from console.alarms.view import AlarmRow
    from console.reports.view import Incident, IncidentRow, Milestone
    from console.session import Session
    from console.window import Window

Target = Annotated[Path, typer.Argument(metavar="WORKSPACE|FOLDER", help="A workspace or a log folder.")]


def incidents(target: Target,
              incident: Annotated[str, typer.Argument(help="The id of one that is kept: it is told whole.")] = "",
              start: Annotated[str | None, typer.Option("--from", help="Keep a new one that starts then.")] = None,
              end: Annotated[str | None, typer.Option("--to", help="Its end, not included.")] = None,
              alarm: Annotated[str | None, typer.Option(help="Keep a new one about an alarm: RULE, or RULE@TIME for "
                                                             "that which fired then; else the last.")] = None,
              reference: Annotated[str | None, typer.Option(help="The window to compare with, A..B; by default the "
                                                                 "time before it began.")] = None,
              title: Annotated[str, typer.Option(help="Of a new one.")] = "",
              text: Annotated[str, typer.Option(help="List those in which these words occur.")] = "",
              status: Annotated[str, typer.Option(help="List those of that status.")] = "",
              severity: Annotated[str, typer.Option(help="List those of that severity.")] = "",
              fresh: Fresh = False, json: AsJson = False) -> None:
    """List the incidents of a log, tell one, or keep a new one."""
    from console.session.incidents import chosen

    with opened(target, fresh=fresh) as session:
        if incident:
            _tell(session.incident(incident), json=json)
        elif start or end or alarm is not None:
            made = _made(session, start, end, alarm, reference, title)
            with terminal_job() as job:
                made = session.look_into(made.incident_id, job)
            _tell(made, json=json)
        else:
            rows = chosen(session.incidents(), text=text, status=status, severity=severity)
            _list(rows, json=json)


def _made(session: Session, start: str | None, end: str | None, alarm: str | None, reference: str | None,
          title: str) -> Incident:
    before = parse_window(reference, session=session) if reference else None
    if alarm is None:
        return session.create_incident(title, window=window_of(start, end, session=session), reference=before,
                                       made_from="command")
    if start or end:
        raise BadSettings("An incident is made from a window or from an alarm",
                          do="Leave --alarm out, or --from and --to")
    made = session.incident_from_alarm(_alarm(session, alarm))
    if title or before is not None:
        made = session.update_incident(_changed(made, title, before))
    return made


def _changed(made: Incident, title: str, reference: Window | None) -> Incident:
    from dataclasses import replace

    if title:
        made = replace(made, title=title)
    return made if reference is None else replace(made, reference=reference, reference_chosen=True)


def _alarm(session: Session, text: str) -> AlarmRow:
    """RULE or RULE@TIME. Raises BadSettings."""
    with terminal_job() as job:
        view = session.alarms(job, whole=True)
    rows = [row for row in (*view.rows, *view.past) if row.start is not None]
    name, at, moment = text, None, text.rpartition("@")
    if all(row.rule != text for row in rows) and moment[0]:
        name, at = moment[0], parse_time(moment[2], session=session)
    of_rule = [row for row in rows if row.rule == name]
    if not of_rule:
        rules = ", ".join(dict.fromkeys(row.rule for row in rows)) or "no rule"
        raise BadSettings(f"Rule `{name}` never fired in this log", do=f"These did: {rules}")
    found = [row for row in of_rule if at is None or _fired_at(row, at)]
    if not found:
        raise BadSettings(f"Rule `{name}` did not fire then", do="Times are told by `pilothouse alarms`")
    return max(found, key=lambda row: row.start or row.since)


def _fired_at(row: AlarmRow, at: datetime) -> bool:
    return row.since <= at and (row.end is None or at <= row.end)


def _list(rows: tuple[IncidentRow, ...], *, json: bool) -> None:
    if json:
        print_json({"incidents": [_row(row) for row in rows]})
        return
    for row in rows:
        actions = f"  {row.open_actions} open actions" if row.open_actions else ""
        typer.echo(f"{row.incident_id}  {row.status:<8} {row.severity:<8}  "
                   f"{format_window(row.window, relative=row.relative)}  {row.title}{actions}")
    say("1 incident" if len(rows) == 1 else f"{len(rows):,} incidents")


def _row(row: IncidentRow) -> dict[str, Any]:
    return {"id": row.incident_id, "title": row.title, "status": row.status, "severity": row.severity,
            "from": iso(row.window.start, relative=row.relative), "to": iso(row.window.end, relative=row.relative),
            "created": iso(row.created), "open_actions": row.open_actions}


def _tell(one: Incident, *, json: bool) -> None:
    if json:
        print_json(document(one))
        return
    typer.echo(f"{one.incident_id}  {one.title}")
    typer.echo(f"{one.status}, severity {one.severity}")
    typer.echo(f"window     {format_window(one.window, relative=one.relative)}")
    typer.echo(f"reference  {format_window(one.reference, relative=one.relative)}")
    for milestone in one.milestones:
        typer.echo(f"{milestone.name.value:<13} {_moment(milestone, relative=one.relative)}")
    times = one.times
    for name, seconds in (("to detect", times.detect_s), ("to acknowledge", times.acknowledge_s),
                          ("to mitigate", times.mitigate_s), ("to recover", times.recover_s)):
        if seconds is not None:
            typer.echo(f"{name:<15} {format_span(seconds)}")
    for alarm in one.alarms:
        typer.echo(f"alarm      {iso(alarm.start, relative=one.relative)}  {alarm.sentence}")
    for change in one.changes:
        typer.echo(f"change     {change.sentence}")
    for moved in one.drift:
        typer.echo(f"drift      {moved.sentence}")
    for result in one.results:
        typer.echo(f"result     {result.title}: {result.sentence}")
    if one.notes:
        typer.echo(one.notes)


def _moment(one: Milestone, *, relative: bool) -> str:
    said = iso(one.at, relative=relative) if one.at is not None else "not recorded"
    method = f" ({one.method.value})" if one.at is not None else ""
    return f"{said}{method}  {one.source}"


def document(one: Incident) -> dict[str, Any]:
    """An incident as JSON; moments that are not recorded are null."""
    def at(moment: datetime | None) -> str | None:
        return iso(moment, relative=one.relative)

    lessons, times = one.lessons, one.times
    return {
        "id": one.incident_id, "title": one.title, "status": one.status, "severity": one.severity,
        "service": one.service, "authors": list(one.authors), "made_from": one.made_from, "created": iso(one.created),
        "looked": iso(one.looked), "window": {"from": at(one.window.start), "to": at(one.window.end)},
        "reference": {"from": at(one.reference.start), "to": at(one.reference.end), "chosen": one.reference_chosen},
        "milestones": {each.name.value: {"at": at(each.at), "method": each.method.value, "source": each.source,
                                         "earliest": at(each.earliest), "latest": at(each.latest)}
                       for each in one.milestones},
        "times_s": {"detect": times.detect_s, "acknowledge": times.acknowledge_s, "mitigate": times.mitigate_s,
                    "recover": times.recover_s},
        "alarms": [{"rule": each.rule, "labels": each.labels, "severity": each.severity, "from": at(each.start),
                    "to": at(each.end), "peak": each.peak, "threshold": each.threshold, "sentence": each.sentence,
                    "acknowledged": iso(each.acknowledged)} for each in one.alarms],
        "changes": [{"kind": each.kind, "title": each.title, "onset": at(each.onset), "onset_from": at(each.earliest),
                     "onset_to": at(each.latest), "ended": at(each.ended), "segment": each.segment or None,
                     "column": each.column or None, "sentence": each.sentence} for each in one.changes],
        "drift": [{"column": each.column, "kind": each.kind, "verdict": each.verdict, "sentence": each.sentence}
                  for each in one.drift],
        "rollout": [{"at": at(each.at), "event": each.event, "by": each.by, "reason": each.reason}
                    for each in one.rollout],
        "results": [{"id": each.result_id, "kind": each.kind, "title": each.title, "made": iso(each.made),
                     "sentence": each.sentence} for each in one.results],
        "notes": one.notes, "log": [{"at": at(each.at), "by": each.by, "text": each.text} for each in one.log],
        "lessons": {"trigger": lessons.trigger, "factors": list(lessons.factors), "well": lessons.well,
                    "badly": lessons.badly, "lucky": lessons.lucky, "detection": lessons.detection,
                    "resolution": lessons.resolution},
        "actions": [{"action": each.action, "kind": each.kind.value, "owner": each.owner, "due": each.due,
                     "link": each.link, "done": each.done} for each in one.actions]}

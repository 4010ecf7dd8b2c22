"""`pilothouse alarms` and `pilothouse check`: what the rules of a log say of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.alarms.history import Alarm, AlarmHistory
from console.alarms.machine import State
from console.alarms.rules import Rule
from console.alarms.words import sentence, threshold_text, value_text
from console.commands.common import AsJson, Fresh, iso, opened, print_json, say, terminal_job, window_of
from console.errors import BadSettings
from console.metrics.format import format_span
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from console.session import Session

RulesFile = Annotated[Path | None, typer.Option("--rules", help="A file of rules, TOML or Prometheus YAML, instead of "
                                                                "those of the folder.")]
Target = Annotated[Path, typer.Argument(metavar="WORKSPACE|FOLDER", help="A workspace or a log folder.")]
From = Annotated[str | None, typer.Option("--from", help="Only alarms that fired after that time.")]
To = Annotated[str | None, typer.Option("--to", help="Only alarms that fired before that time.")]


def alarms(target: Target, rules: RulesFile = None, start: From = None, end: To = None, fresh: Fresh = False,
           json: AsJson = False) -> None:
    """Judge the whole log by its rules, and list every alarm with its times."""
    with opened(target, fresh=fresh) as session:
        found = _judged(session, rules)
        fired = _within(found, _window(session, start, end))
        relative = session.store.relative
    if json:
        print_json(_document(found, fired, relative))
        return
    _tell(found, fired, relative)


def check(target: Target, rules: RulesFile = None, start: From = None, end: To = None, fresh: Fresh = False,
          json: AsJson = False) -> None:
    """End with 1 when an alarm fires at the end of the log, or fired between --from and --to."""
    with opened(target, fresh=fresh) as session:
        found = _judged(session, rules)
        window = _window(session, start, end)
        relative = session.store.relative
    fired = [alarm for alarm in _within(found, window) if window is not None or alarm.end is None]
    if json:
        print_json(_document(found, fired, relative))
    else:
        _tell(found, fired, relative)
    broken = {name: state.error for name, state in found.states.items() if state.whole is State.ERROR}
    if fired:
        raise typer.Exit(1)
    for name, error in broken.items():
        raise BadSettings(f"It could not be judged: {error}", where=f"alarm `{name}`", do="Mend the rule")


def read_rules(path: Path) -> tuple[Rule, ...]:
    """The rules of a file, by its ending. Raises BadSettings."""
    from console.alarms.rule_tests import read_any

    return tuple(each.rule for each in read_any(path))


def _judged(session: Session, path: Path | None) -> AlarmHistory:
    from console.alarms.evaluate import history

    rules = read_rules(path) if path is not None else session.rules()
    if not rules:
        raise BadSettings("There are no alarm rules", where=str(path or session.command_target),
                          do="Write [[alarm]] tables into pilothouse.toml, or give --rules FILE")
    with terminal_job() as job:
        return history(session.store, rules, job)


def _window(session: Session, start: str | None, end: str | None) -> Window | None:
    return window_of(start, end, session=session) if start or end else None


def _within(found: AlarmHistory, window: Window | None) -> list[Alarm]:
    return [alarm for alarm in found.alarms if window is None or (
        alarm.start < window.end_s and (alarm.end is None or alarm.end > window.start_s))]


def _document(found: AlarmHistory, fired: list[Alarm], relative: bool) -> dict[str, Any]:
    def at(seconds: float | None) -> str | None:
        return None if seconds is None else iso(from_epoch(seconds), relative=relative)

    rules = {rule.name: rule for rule in found.rules}
    return {
        "alarms": [{"rule": one.rule, "labels": dict(one.labels), "severity": str(one.severity),
                    "pending": at(one.since), "from": at(one.start), "to": at(one.end), "peak": one.peak,
                    "value": one.value, "ended": one.ended or None,
                    "sentence": sentence(rules[one.rule], one.labels, one.peak)} for one in fired],
        "rules": [{"name": rule.name, "metric": rule.metric, "threshold": threshold_text(rule),
                   "enabled": rule.enabled, "state": str(state.state) if state else None,
                   "error": (state.error or None) if state else None, "missed": state.missed if state else 0,
                   "latest": [{"labels": dict(one.labels), "value": one.value, "n": one.n}
                              for one in found.latest.get(rule.name, ())]}
                  for rule in found.rules for state in (found.states.get(rule.name),)],
        "judged": {"from": at(found.first), "to": at(found.last), "evaluations": found.evaluations}}


def _tell(found: AlarmHistory, fired: list[Alarm], relative: bool) -> None:
    rules = {rule.name: rule for rule in found.rules}
    for one in fired:
        until = (f"for {format_span(one.end - one.start)}, {one.ended}" if one.end is not None else "still firing")
        start = iso(from_epoch(one.start), relative=relative)
        typer.echo(f"{start}  {one.severity.value:<6}  {sentence(rules[one.rule], one.labels, one.peak)}; {until}")
    for rule in found.rules:
        state = found.states.get(rule.name)
        if state is None:
            say(f"{rule.name}: off")
        elif state.whole is State.ERROR:
            say(f"{rule.name}: could not be judged: {state.error}")
        else:
            values = ", ".join(value_text(rule, one.value) for one in found.latest.get(rule.name, ())[:3])
            say(f"{rule.name}: {state.state.value.replace('_', ' ')}{f', now {values}' if values else ''}; "
                f"{threshold_text(rule)}")
    said = "1 alarm" if len(fired) == 1 else f"{len(fired):,} alarms"
    say(f"{said}, {found.evaluations:,} evaluations of {len(found.rules):,} rules")

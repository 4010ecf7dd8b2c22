"""How states of alarms and rules look in tables and lanes: an icon, a word, a colour by meaning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import Qt

from console.alarms.machine import State
from console.alarms.rules import Labels
from console.alarms.view import AlarmRow, RuleRow, Silenced
from console.metrics.format import format_since, format_span

LINES = Qt.BrushStyle


@dataclass(frozen=True, slots=True)
class Look:
    """Of one state. hatch: what a span of it is filled with, so that it does not rest on colour."""

    icon: str
    word: str
    tone: str
    hatch: Qt.BrushStyle = LINES.SolidPattern


LOOKS: dict[State, Look] = {
    State.FIRING: Look("bell-ring", "firing", "firing"),
    State.KEPT: Look("bell-ring-outline", "kept firing", "firing", LINES.BDiagPattern),
    State.PENDING: Look("timer-sand", "pending", "warning", LINES.Dense5Pattern),
    State.ERROR: Look("alert-circle-outline", "error", "warning", LINES.DiagCrossPattern),
    State.NO_DATA: Look("help-circle-outline", "no data", "muted", LINES.FDiagPattern),
    State.INSUFFICIENT: Look("dots-horizontal-circle-outline", "few rows", "muted", LINES.Dense6Pattern),
    State.INACTIVE: Look("check", "ended", "muted"),
}
QUIET = Look("check-circle-outline", "quiet", "good")
OFF = Look("bell-off-outline", "off", "muted")
NOT_JUDGED = Look("clock-outline", "not judged yet", "muted")


def look_of_alarm(row: AlarmRow) -> Look:
    """Of an alarm, active or past."""
    return LOOKS[row.state]


def look_of_rule(row: RuleRow) -> Look:
    """Of a rule: that of its worst alarm."""
    if not row.rule.enabled:
        return OFF
    return QUIET if row.state is State.INACTIVE else LOOKS[row.state]


def short_time(at: datetime, newest: datetime | None, *, relative: bool) -> str:
    """`2 Mar 14:05`; with the year where it is another than the newest."""
    if relative:
        return f"+{format_since(at)}"
    year = "" if newest is not None and newest.year == at.year else f" {at.year}"
    return f"{at.day} {at:%b}{year} {at:%H:%M}"


def lasted(row: AlarmRow, newest: datetime | None) -> str:
    """How long it has fired, or has been pending."""
    begin = row.start or row.since
    end = row.end or newest
    return format_span(max(0.0, (end - begin).total_seconds())) if end is not None else ""


def note_of(row: AlarmRow, newest: datetime | None, *, relative: bool) -> str:
    """What people said of it."""
    said = []
    if row.silenced_until is not None:
        said.append(f"silenced until {short_time(row.silenced_until, newest, relative=relative)}")
    if row.acknowledged is not None:
        said.append(f"seen: {row.acknowledged}" if row.acknowledged else "seen")
    if row.end is not None and row.ended and row.ended != "resolved":
        said.append(row.ended)
    return ", ".join(said)


def labels_said(labels: Labels) -> str:
    """`host serve-1`."""
    return ", ".join(f"{name.replace('_', ' ')} {text}" for name, text in labels)


def state_of_silence(one: Silenced, newest: datetime | None) -> tuple[str, str]:
    """Icon and word: whether it holds at the newest row."""
    if newest is None or newest < one.window.start:
        return "clock-outline", "to come"
    return ("bell-sleep-outline", "active") if newest < one.window.end else ("check", "ended")


def silence_left(one: Silenced, newest: datetime | None) -> str:
    """How long it still holds, or how long it will."""
    if newest is None or newest >= one.window.end:
        return ""
    return format_span((one.window.end - max(newest, one.window.start)).total_seconds())


def is_page(text: str) -> bool:
    """Whether a runbook is an address of the web: nothing else is opened."""
    return text.lower().startswith(("https://", "http://")) and not any(one.isspace() for one in text)

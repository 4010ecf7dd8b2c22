"""What people typed about an incident, without values of redacted columns: a user's id in a note goes out of the house
as easily as one in a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from console.metrics.format import format_count
from console.reports.redaction import MASK, Redactor
from console.reports.view import Incident, Lessons, ReportView
from console.roles import StreamKind
from console.session.result_words import results_texts, told_result
from console.store.every_kth import values_in_text
from console.window import Window

if TYPE_CHECKING:
    from console.session.session import Session

LEAST = 4
"""A shorter value stands in any text, and tells of nobody."""

Told = Callable[[str], str]


def without_values(session: Session, view: ReportView, redactor: Redactor) -> ReportView:
    """Values of both windows that stand in words by people as whole words, each with what stands in its place
    elsewhere; the report says how many. Names of authors and owners stay: they sign."""
    texts = [text for text in (*_texts(view), *results_texts(view.results)) if text]
    if not texts or not redactor.columns:
        return view
    about = [view.incident.window, view.incident.reference, *(one.window for one in view.results if one.window)]
    instead = _instead(session, about, redactor, "\n".join(texts))
    if not instead:
        return view
    longest_first = sorted(instead, key=len, reverse=True)
    wanted = re.compile("|".join(rf"(?<!\w){re.escape(value)}(?!\w)" for value in longest_first), re.IGNORECASE)
    taken: set[str] = set()

    def told(text: str) -> str:
        def shown(found: re.Match[str]) -> str:
            taken.add(found[0].lower())
            return instead.get(found[0].lower(), MASK)     # a letter may have two small ones

        return wanted.sub(shown, text)

    changed = replace(view, incident=_incident(view.incident, told),
                      timeline=tuple((at, told(what), source) for at, what, source in view.timeline),
                      results=tuple(told_result(one, told) for one in view.results))
    if not taken:
        return view
    count = "One value of a redacted column was" if len(taken) == 1 else (
        f"{format_count(len(taken))} values of redacted columns were")
    return replace(changed, data_quality=(*changed.data_quality, f"{count} replaced in words by people."))


def _instead(session: Session, about: Sequence[Window], redactor: Redactor, text: str) -> dict[str, str]:
    """Value in small letters -> what is shown. about: the times of the log that are told of."""
    window = Window(min(one.start for one in about), max(one.end for one in about))
    found: dict[str, str] = {}
    for stream in session.store.streams():
        if stream.kind not in (StreamKind.REQUESTS, StreamKind.OUTCOMES) or not stream.rows:
            continue
        for column in stream.columns:
            if redactor.how(column.name):
                for value in values_in_text(session.store.cursor(), stream, column, window, text, LEAST):
                    found.setdefault(value.lower(), redactor.text(column.name, value))
    return found


def _texts(view: ReportView) -> Iterable[str]:
    """All that `_incident` and the timeline change."""
    seen: list[str] = []

    def note(text: str) -> str:
        seen.append(text)
        return text

    _incident(view.incident, note)
    return (*seen, *(what for _, what, _ in view.timeline))


def _incident(incident: Incident, told: Told) -> Incident:
    lessons = incident.lessons
    return replace(
        incident, title=told(incident.title), notes=told(incident.notes),
        lessons=Lessons(told(lessons.trigger), tuple(map(told, lessons.factors)), told(lessons.well),
                        told(lessons.badly), told(lessons.lucky), told(lessons.detection), told(lessons.resolution)),
        log=tuple(replace(one, text=told(one.text)) for one in incident.log),
        actions=tuple(replace(one, action=told(one.action)) for one in incident.actions),
        alarms=tuple(replace(one, said=told(one.said), silenced=told(one.silenced)) for one in incident.alarms),
        rollout=tuple(replace(one, reason=told(one.reason)) for one in incident.rollout),
        results=tuple(replace(one, title=told(one.title), sentence=told(one.sentence)) for one in incident.results),
        milestones=tuple(replace(one, source=told(one.source)) for one in incident.milestones))

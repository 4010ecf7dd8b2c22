"""What of a report may leave the house: personal columns are redacted, and no path of this machine is told."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from console.changes.view import ChangeRow, ChangesView
from console.drift.view import DriftView
from console.errors import ConsoleError
from console.jobs import Job
from console.reports.archive import safe_name
from console.reports.redaction import MASK, How, Redacted, Redactor, chosen
from console.reports.view import (
    AttachedChange,
    ExampleRow,
    Quarantined,
    QuarantinedLine,
    Redaction,
    ReportView,
    Segment,
)
from console.roles import ColumnType, StreamKind
from console.session import settings
from console.session.compare import tested
from console.session.drift_sql import drift_sql
from console.session.result_words import redacted_result
from console.session.typed_words import without_values

if TYPE_CHECKING:
    from console.session.session import Session
    from console.store import ColumnInfo

ROWS_OF = (StreamKind.REQUESTS, StreamKind.OUTCOMES, StreamKind.SAMPLES)
MOST_VALUES = 2000
"""A column with more values is never what requests are split by."""
AS_IT_IS = frozenset({"notes", "lessons", "log", "actions", "authors", "service", "sql", "sql_before",
                      "command", "queries", "reproduce", "rows_sql", "rules", "redacted", "examples", "chart"})
"""What `_mapped` leaves alone."""
LEFT_OUT = frozenset({"input_changes"})
"""Charts that no rows of a window give again: what is no accident in them was learned from the log's first day."""


def redactor_of(session: Session, redact: Iterable[str] = (), keep: Iterable[str] = ()) -> Redactor:
    """What reports of this log leave out: by the columns themselves, by `pilothouse.toml`, and by what is asked now,
    which wins."""
    said = settings.read(session.store, session.folder)
    asked, kept = set(redact), set(keep)
    found = chosen(_columns(session), redact=(set(said.redact) | asked) - kept, keep=(set(said.keep) | kept) - asked)
    return replace(found, key=session.report_key)


def redactor_again(session: Session, view: ReportView) -> Redactor:
    """The one that a view was redacted by."""
    return Redactor(tuple(Redacted(one.column, How(one.how), one.why) for one in view.redacted), session.report_key)


def _columns(session: Session) -> list[ColumnInfo]:
    return [column for stream in session.store.streams() if stream.kind in ROWS_OF for column in stream.columns]


def target_of(session: Session, *, paths: bool = False) -> str:
    """What commands of a report name: the folder's name, as the evidence has it too, or the whole path."""
    return session.command_target if paths else safe_name(session.name)


def for_others(session: Session, view: ReportView, redactor: Redactor, job: Job, *, paths: bool) -> ReportView:
    """The same report without what must not leave, and without charts of nothing. Raises JobStopped."""
    view = replace(view, impacts=tuple(one for one in view.impacts if one.metric not in LEFT_OUT),
                   figures=tuple(one for one in view.figures if one.chart.metric not in LEFT_OUT
                                 and any(np.isfinite(part.values).any() for part in one.chart.series)))
    view = without_values(session, _redacted(session, view, redactor, job), redactor)
    if view.drift is not None:
        view = replace(view, drift_sql=drift_sql(session.store, view.drift))
    return view if paths else _without_paths(view, session.command_target, target_of(session))


# ---- redaction -----------------------------------------------------------------------------------------------


def _redacted(session: Session, view: ReportView, redactor: Redactor, job: Job) -> ReportView:
    if not redactor.columns:
        return view
    incident = view.incident
    drift = _drift_again(session, view.drift, redactor, job)
    instead = dict(_instead(view, redactor))
    by_column = {(row.column, row.kind): row.sentence for row in drift.columns} if drift is not None else {}
    moved = tuple(replace(one, sentence=by_column.get((one.column, one.kind), one.column)) for one in incident.drift
                  if redactor.how(one.column) is not How.MASKED)
    if drift is not view.drift:
        again = "Drift was tested again over what stands in the place of redacted values."
        view = replace(view, data_quality=(*view.data_quality, again))
    results = tuple(redacted_result(one, redactor) for one in view.results)
    by_id = {one.result_id: one for one in results}
    incident = replace(incident, drift=moved, changes=tuple(_change(one, instead) for one in incident.changes),
                       results=tuple(replace(one, title=by_id[one.result_id].title,
                                             sentence=(*by_id[one.result_id].sentences, "")[0])
                                     for one in incident.results if one.result_id in by_id))
    instead |= {old.sentences[0]: new.sentences[0] for old, new in zip(view.results, results, strict=True)
                if old.sentences}
    view = replace(
        view, incident=incident, drift=drift, results=results, changes=_changes(view.changes, instead, redactor),
        segments=tuple(_segment(one, redactor) for one in view.segments if redactor.how(one.column) is not How.MASKED),
        examples=tuple(_example(one, redactor) for one in view.examples),
        quarantined=_quarantined(session, view.quarantined, redactor),
        timeline=tuple((at, instead.get(what, what), source) for at, what, source in view.timeline),
        queries=tuple((what, sql) for what, sql in view.queries
                      if redactor.how(what.removeprefix("Segments by ")) is not How.MASKED),
        redacted=tuple(Redaction(one.column, one.how.value, one.why) for one in redactor.columns))
    pairs = _pairs(session, redactor)
    if pairs is None:
        return view

    def shown(found: re.Match[str]) -> str:
        return f"{found[1]}={redactor.text(found[1], found[2])}"

    told: ReportView = _mapped(view, lambda text: pairs.sub(shown, text))
    return replace(told, incident=replace(told.incident, title=view.incident.title))


def _pairs(session: Session, redactor: Redactor) -> re.Pattern[str] | None:
    """`column=value`, as sentences name a part of the requests, for columns that may be split by."""
    parts = []
    for stream in session.store.streams():
        for column in stream.columns:
            if stream.kind is not StreamKind.REQUESTS or column.type is not ColumnType.TEXT or not redactor.how(
                    column.name):
                continue
            values = session.store.category_counts(stream.stream_id, column.stored, None)
            if len(values) <= MOST_VALUES:
                known = sorted((value for value in values if value), key=len, reverse=True)
                parts.append((column.name, known))
    if not parts:
        return None
    names = "|".join(re.escape(name) for name, _ in parts)
    values_ = "|".join(re.escape(value) for value in sorted({one for _, known in parts for one in known}, key=len,
                                                            reverse=True))
    return re.compile(rf"(?<!\w)({names})=({values_})") if values_ else None


def _mapped(value: Any, told: Callable[[str], str]) -> Any:
    """The same with every text changed, but for what people typed, SQL and commands, and what is redacted already."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return told(value)
    if isinstance(value, tuple):
        changed = tuple(_mapped(one, told) for one in value)
        return changed if any(one is not old for one, old in zip(changed, value, strict=True)) else value
    if is_dataclass(value) and not isinstance(value, type):
        texts = {one.name: getattr(value, one.name) for one in fields(value) if one.init and one.name not in AS_IT_IS}
        changes = {name: new for name, old in texts.items() if (new := _mapped(old, told)) is not old}
        return replace(value, **changes) if changes else value
    return value


def _drift_again(session: Session, drift: DriftView | None, redactor: Redactor, job: Job) -> DriftView | None:
    """Tested over what stands in the place of the values, so that whoever has the evidence finds the same numbers."""
    if drift is None or drift.reference is None or drift.current is None:
        return drift
    columns = tested(session.store)
    if not any(redactor.how(column) for column in columns):
        return drift
    left = tuple(column for column in columns if redactor.how(column) is not How.MASKED)
    try:
        return session.compare(drift.reference, drift.current, job, left if len(left) < len(columns) else None,
                               told=redactor.text)
    except ConsoleError:
        return None


def _instead(view: ReportView, redactor: Redactor) -> Iterable[tuple[str, str]]:
    """Sentences about redacted columns, each with one that tells no value."""
    rows: list[ChangeRow | AttachedChange] = [*(view.changes.rows if view.changes is not None else ()),
                                              *view.incident.changes]
    for one in rows:
        split = one.segment.partition("=")[0]
        if redactor.how(one.column) or redactor.how(split):
            name = one.column or split
            yield one.sentence, f"“{name}” changed; its values are redacted."
            yield f"{one.title} is back", f"“{name}” is back"


def _changes(changes: ChangesView | None, instead: dict[str, str], redactor: Redactor) -> ChangesView | None:
    if changes is None:
        return None
    rows = tuple(row if row.sentence not in instead else replace(
        row, sentence=instead[row.sentence], title=row.column or row.segment.partition("=")[0],
        segment=_part(row.segment, redactor)) for row in changes.rows)
    told = any(row.sentence in instead for row in changes.rows)
    sentence = f"{sum(not row.weak for row in rows)} things changed." if told else changes.sentence
    return replace(changes, rows=rows, sentence=sentence)


def _part(segment: str, redactor: Redactor) -> str:
    name, sign, value = segment.partition("=")
    return f"{name}={redactor.text(name, value)}" if sign and redactor.how(name) else segment


def _change(one: AttachedChange, instead: dict[str, str]) -> AttachedChange:
    if one.sentence not in instead:
        return one
    name = one.column or one.segment.partition("=")[0]
    return replace(one, sentence=instead[one.sentence], title=name, segment="")


def _segment(one: Segment, redactor: Redactor) -> Segment:
    return replace(one, value=redactor.text(one.column, one.value))


def _example(one: ExampleRow, redactor: Redactor) -> ExampleRow:
    return replace(one, cells=tuple((name, redactor.text(name, value) if value else value)
                                    for name, value in one.cells))


def _quarantined(session: Session, found: Quarantined, redactor: Redactor) -> Quarantined:
    """A line is shown where its stream has nothing to redact: a line that could not be read cannot be redacted."""
    named = {one.column for one in redactor.columns}
    entries = {entry.path: entry.stream_id for entry in session.store.ledger()}
    open_ids = {stream.stream_id for stream in session.store.streams()
                if not named & {column.name for column in stream.columns}}

    def shown(line: QuarantinedLine) -> QuarantinedLine:
        return line if entries.get(line.file) in open_ids else replace(line, raw=MASK)

    return replace(found, samples=tuple(map(shown, found.samples)))


# ---- paths ---------------------------------------------------------------------------------------------------


def _without_paths(view: ReportView, target: str, shown: str) -> ReportView:
    """Commands name the folder and not where it lies."""
    before, after = shlex.quote(target), shlex.quote(shown)

    def told(text: str) -> str:
        return re.sub(rf"(?<!\S){re.escape(before)}(?!\S)", after.replace("\\", r"\\"), text)

    drift = replace(view.drift, command=told(view.drift.command)) if view.drift is not None else None
    changes = replace(view.changes, command=told(view.changes.command)) if view.changes is not None else None
    results = tuple(replace(one, command=told(one.command), figures=tuple(
        replace(figure, command=told(figure.command)) for figure in one.figures)) for one in view.results)
    return replace(view, drift=drift, changes=changes, results=results,
                   impacts=tuple(replace(one, command=told(one.command)) for one in view.impacts),
                   figures=tuple(replace(one, command=told(one.command)) for one in view.figures),
                   reproduce=tuple((what, told(command)) for what, command in view.reproduce))


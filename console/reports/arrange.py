"""A report as plain sections of finished strings. All writers write these and format nothing: they cannot differ."""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from console.drift.view import CategoryShape, ColumnDrift, DriftView, Shape, Verdict
from console.metrics.format import (
    NO_DATA,
    format_count,
    format_number,
    format_since,
    format_span,
    format_time,
    format_value,
    format_window,
)
from console.metrics.view import ChartView
from console.reports import charts, shapes
from console.reports.canvas import shorten
from console.reports.charts import Marks, draw_chart, names_width
from console.reports.numbers import DASH, Table, file_name, numbers_csv, numbers_table, value_text
from console.reports.origins import origins
from console.reports.redaction import MASK, How
from console.reports.result_sections import ResultSection, sections
from console.reports.shapes import draw_shape
from console.reports.view import (
    ActionItem,
    Affected,
    AttachedAlarm,
    ExampleRow,
    Figure,
    Impact,
    Incident,
    InputFile,
    Method,
    Moment,
    Quarantined,
    QuarantinedLine,
    ReportView,
    Segment,
    Times,
)
from console.window import Window

MOST_SHAPES = 12
"""Distributions drawn; the table has all columns."""

MAX_CAPTION = 44
"""Characters of a name above its distribution; the table has it in full."""

PROMPTS: tuple[tuple[str, str], ...] = (
    ("Trigger", "what set it off"), ("Contributing factors", "what made it possible, and what made it worse"),
    ("Detection", "who or what noticed, and how it could have been sooner"), ("Resolution", "what ended it, and how"),
    ("What went well", "what helped"), ("What went badly", "what got in the way"),
    ("Where we were lucky", "what could have made it worse"))
"""What people are asked for; where nobody wrote anything the prompt stands, marked "to fill in"."""

TO_FILL_IN = "to fill in"
MOMENTS = {Moment.ONSET: "Onset", Moment.DETECTED: "Detected", Moment.ACKNOWLEDGED: "Acknowledged",
           Moment.MITIGATED: "Mitigated", Moment.RECOVERED: "Recovered"}
METHODS = {Method.DATA: "data", Method.RULE: "alarm rule", Method.PERSON: "done in the program",
           Method.TYPED: "typed by a person", Method.NONE: "not recorded"}
NOT_RECORDED = "not recorded"
REDACTED = {How.PSEUDONYM: "a pseudonym; equal values have equal ones",
            How.MASKED: f"{MASK}; that there was a value is kept"}
MOST_CELL = 200
"""Characters of a cell of an example row, and of a line that could not be read; the evidence has them whole."""
MOST_CHANGES, MOST_FIRINGS = 20, 2
MOST_OF_A_RULE, MOST_ALARMS = 6, 20
MOST_COLUMNS = 14
"""Of example rows; JSON and CSV have all."""
VERDICTS = {Verdict.ALARM: "alarm", Verdict.WATCH: "watch", Verdict.NONE: "no drift",
            Verdict.TOO_FEW: "too few rows"}


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and all that stands beside and behind it."""

    title: str
    unit: str
    svg: str                    # light colours
    alt: str
    sentence: str
    limits: str                 # "right to 1 %" and the like
    formula: str
    compared: tuple[tuple[str, str, str], ...]        # curve, before, during
    command: str
    sql: str
    numbers: Table
    csv: str                    # all buckets in full precision
    csv_name: str
    rules: tuple[str, ...] = ()                       # thresholds, and when rules fired


@dataclass(frozen=True, slots=True)
class Distribution:
    """One column before and now."""

    column: str
    verdict: str                # a key of VERDICTS, as text
    word: str
    svg: str
    alt: str
    note: str                   # the quantiles, or what is not drawn


@dataclass(frozen=True, slots=True)
class Drift:
    """The table of tests; `verdicts` goes with its rows."""

    sentence: str
    sides: str
    table: Table
    verdicts: tuple[str, ...]
    distributions: tuple[Distribution, ...]
    more: str


@dataclass(frozen=True, slots=True)
class Said:
    """What people say about one matter; no lines: nobody said anything, and the prompt stands."""

    title: str
    prompt: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one number comes from: a command line that prints it as JSON, and SQL over the rows ("": none)."""

    number: str
    value: str
    command: str
    sql: str


@dataclass(frozen=True, slots=True)
class OriginGroup:
    """Numbers of one command and one query; the command is "" where it is that of the group before."""

    numbers: tuple[tuple[str, str], ...]
    command: str
    sql: str


@dataclass(frozen=True, slots=True)
class Document:
    """What all writers write, in this order. Words by people stand in `notes`, `said` and `actions`, and nowhere
    else but for the title; all other text was computed from the log."""

    title: str
    incident_id: str
    kicker: str                                       # severity and status
    facts: tuple[tuple[str, str], ...]
    hashes: tuple[tuple[str, str], ...]               # of the rules and the input files
    summary: tuple[str, ...]
    affected: Table
    affected_note: str
    impact: Table
    worse: tuple[str, ...]                            # "worse" or "", goes with the rows of `impact`
    budgets: tuple[str, ...]
    segments: Table
    times: Table
    spans: tuple[tuple[str, str], ...]                # TTD and so on
    timeline: Table
    charts: tuple[Chart, ...]
    charts_note: str
    results: tuple[ResultSection, ...]                # as they were kept with the incident
    drift: Drift | None
    changes: tuple[str, ...]
    changes_note: str
    examples: Table
    unread: Table
    unread_note: str
    alarms: Table
    notes: tuple[str, ...]                            # lines, as people wrote them
    said: tuple[Said, ...]
    actions: Table
    data_quality: tuple[str, ...]
    inputs: Table
    redacted: Table
    commands: tuple[tuple[str, str], ...]
    origins: tuple[Origin, ...]
    queries: tuple[tuple[str, str], ...]
    generated: str = ""
    program: str = ""
    folder: str = ""
    language: str = field(default="en")


_recent: dict[bool, tuple[ReportView, Document]] = {}
"""The last one by `paper`: whoever writes one report in five formats draws its charts twice and not six times."""


def arrange(view: ReportView, *, paper: bool = False) -> Document:
    """All text of the report. What came from a log or from people passes through `visible` on its way.

    paper  the drawings are for a narrower page; nothing else differs
    """
    known = _recent.get(paper)
    if known is None or known[0] is not view:
        known = _recent[paper] = (view, _arranged(view, paper))
    return known[1]


def _arranged(view: ReportView, paper: bool) -> Document:
    incident = view.incident
    changes, changes_note = _changes(view)
    return Document(
        title=visible(incident.title.strip()) or (
            f"Incident of {format_time(incident.window.start, relative=incident.relative)}"),
        incident_id=visible(incident.incident_id),
        kicker=f"Incident report {visible(incident.incident_id)}",
        facts=_facts(view),
        hashes=tuple((name, digest) for name, digest in (
            ("Alarm rules", view.rules_sha256), ("Input files", inputs_digest(view.inputs))) if digest),
        summary=tuple(visible(sentence) for sentence in view.summary),
        affected=_affected_table(view.affected),
        affected_note=visible(view.affected_means),
        impact=_impact_table(view.impacts, incident.window, incident.relative),
        worse=tuple("worse" if impact.worse else "" for impact in view.impacts),
        budgets=tuple(visible(one.sentence) for one in view.budgets) or (
            (visible(view.no_budget),) if view.no_budget else ()),
        segments=_segment_table(view.segments),
        times=_times_table(incident),
        spans=_spans(incident.times),
        timeline=Table(("When", "What", "Source"), (False, False, False), tuple(
            (format_time(at, seconds=True, relative=incident.relative), visible(what), visible(source))
            for at, what, source in _without_flapping(view.timeline, relative=incident.relative))),
        charts=_charts(view, paper),
        charts_note=_charts_note(view),
        results=sections(view, lambda figure: _chart(figure, view, 0.0, paper), visible),
        drift=_drift(view.drift, paper) if view.drift is not None else None,
        changes=changes,
        changes_note=changes_note,
        examples=_examples_table(view.examples, relative=incident.relative),
        unread=_unread_table(view.quarantined.samples),
        unread_note=_unread_note(view.quarantined),
        alarms=_alarm_table(incident.alarms, relative=incident.relative),
        notes=tuple(visible(line) for line in incident.notes.strip().splitlines()),
        said=_said(incident),
        actions=_actions_table(incident.actions),
        data_quality=tuple(visible(line) for line in view.data_quality),
        inputs=_inputs_table(view.inputs),
        redacted=Table(("Column", "What stands in its place", "Why"), (False, False, False), tuple(
            (visible(one.column), REDACTED[How(one.how)], visible(one.why)) for one in view.redacted)),
        commands=tuple((visible(what), visible(command, lines=True)) for what, command in view.reproduce),
        origins=_origins(view),
        queries=tuple((visible(what), visible(sql, lines=True)) for what, sql in view.queries),
        generated=format_time(view.generated),
        program=visible(view.program),
        folder=visible(view.folder),
    )


def visible(text: str, *, lines: bool = False) -> str:
    """Text with all that cannot be seen spelled out: control characters, turned reading direction, broken halves.

    `lines` keeps line ends and tabs (SQL, commands). A name that reorders what stands after it, or that hides a line
    end, must not be able to change how a report reads.
    """
    return "".join(character if (lines and character in "\n\t") or not _hidden(character)
                   else f"\\u{ord(character):04x}" if ord(character) > 0xFF else f"\\x{ord(character):02x}"
                   for character in text)


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _UNSEEN


_UNSEEN = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ufffe\uffff"


def _facts(view: ReportView) -> tuple[tuple[str, str], ...]:
    incident = view.incident
    current, reference = (format_window(window, relative=incident.relative)
                          for window in (incident.window, incident.reference))
    people = [("Service", incident.service), ("Authors", ", ".join(incident.authors))]
    versions = ", ".join(f"{visible(one.name)} ({format_count(one.requests)})" for one in view.versions[:5])
    more = f" and {len(view.versions) - 5} more" if len(view.versions) > 5 else ""
    facts = [
        ("Current window", f"{current} ({format_span(incident.window.seconds)})"),
        ("Reference window", f"{reference} ({format_span(incident.reference.seconds)})"),
        ("Severity", visible(incident.severity)),
        ("Status", visible(incident.status)),
        *((name, visible(value)) for name, value in people if value),
        *([("Model versions", versions + more)] if versions else []),
        ("Requests", format_count(view.requests)),
        ("Users", format_count(view.users) if view.users is not None else NOT_RECORDED),
        ("Log folder", visible(view.folder)),
        ("Incident opened", format_time(incident.created)),
        ("Written", f"{format_time(view.generated)} by {visible(view.program)}"),
    ]
    return tuple(facts)


def inputs_digest(inputs: Sequence[InputFile]) -> str:
    """SHA-256 of the lines `sha256  path`, as sha256sum prints them; "" where one file's own is not known."""
    if not inputs or any(not one.sha256 for one in inputs):
        return ""
    lines = "".join(f"{one.sha256}  {one.path}\n" for one in inputs)
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def _affected_table(affected: Sequence[Affected]) -> Table:
    users = any(one.users is not None for one in affected)
    rows = []
    for one in affected:
        cells = [visible(one.title), format_count(one.requests), _with_interval(one.share, one.share_low,
                                                                                one.share_high),
                 value_text(one.base_share, "share"), _reckoned(one.excess, one.excess_low, one.excess_high)]
        if users:
            cells.append(format_count(one.users) if one.users is not None else DASH)
        rows.append((*cells, visible(one.meaning)))
    heads = ("Requests affected", "n", "Of all, 95 %", "In the reference", "Beyond usual, 95 %",
             *(("Users",) if users else ()), "Meaning")
    return Table(heads, (False, *[True] * (len(heads) - 2), False), tuple(rows))


def _with_interval(share: float, low: float, high: float) -> str:
    if not math.isfinite(low):
        return value_text(share, "share")
    return f"{value_text(share, 'share')} ({format_number(low * 100)} to {format_number(high * 100)})"


def _reckoned(count: float, low: float, high: float) -> str:
    """Requests that were reckoned and not counted."""
    if not math.isfinite(count):
        return DASH
    text = format_count(round(count))
    return text if not math.isfinite(low) else f"{text} ({format_count(round(low))} to {format_count(round(high))})"


def _impact_table(impacts: tuple[Impact, ...], window: Window, relative: bool) -> Table:
    rows = tuple((visible(impact.title), value_text(impact.before, impact.unit), value_text(impact.during, impact.unit),
                  _interval(impact), value_text(impact.peak, impact.unit),
                  _at(impact.peak_at, window, relative) if impact.peak_at is not None else DASH,
                  format_count(impact.n_before), format_count(impact.n_during), visible(impact.sentence))
                 for impact in impacts)
    at = "at" if relative else "at, UTC"
    return Table(("Number", "Before", "During", "During, 95 %", "Peak", at, "n before", "n during", "In words"),
                 (False, True, True, True, True, True, True, True, False), rows)


def _interval(impact: Impact) -> str:
    """Of the number during, in its unit."""
    if not (math.isfinite(impact.during_low) and math.isfinite(impact.during_high)):
        return DASH
    low, high = value_text(impact.during_low, impact.unit), value_text(impact.during_high, impact.unit)
    number, _, unit = low.partition(" ")
    return f"{number} to {high}" if unit and high.endswith(f" {unit}") else f"{low} to {high}"


def _at(at: datetime, window: Window, relative: bool) -> str:
    """The day only where the window has more than one."""
    if relative:
        return format_since(at)
    return f"{at:%H:%M}" if window.start.date() == window.end.date() else f"{at.day} {at:%b} {at:%H:%M}"


def _segment_table(segments: tuple[Segment, ...]) -> Table:
    """Columns that no segment has a number for are left out."""
    columns: list[tuple[str, bool, list[str]]] = [
        ("Column", False, [visible(segment.column) for segment in segments]),
        ("Value", False, [visible(_cut(segment.value)) + (" (new)" if segment.new else "") for segment in segments]),
        ("Requests", True, [format_count(segment.requests) for segment in segments]),
        ("Affected, 95 %", True, [_with_interval(one.affected_share, one.affected_low, one.affected_high)
                                  for one in segments]),
        ("In the reference", True, [value_text(segment.base_share, "share") for segment in segments]),
        ("Failed", True, [value_text(segment.failed_share, "share") for segment in segments]),
        ("Latency p95", True, [value_text(segment.latency_p95, "ms") for segment in segments]),
        ("No prediction", True, [value_text(segment.null_share, "share") for segment in segments]),
        ("CTR", True, [value_text(segment.ctr, "share") for segment in segments]),
    ]
    shown = [column for column in columns if not column[1] or any(cell != DASH for cell in column[2])]
    return Table(tuple(head for head, _, _ in shown), tuple(number for _, number, _ in shown),
                 tuple(zip(*(cells for _, _, cells in shown), strict=True)))


def _without_flapping(timeline: Sequence[tuple[datetime, str, str]], *,
                      relative: bool) -> Iterator[tuple[datetime, str, str]]:
    """A rule that fires again and again would bury what happened: its first time and its last are told, and how often
    between. JSON and CSV have them all."""
    by_rule: dict[str, list[int]] = {}
    for number, (_, _, source) in enumerate(timeline):
        if source.startswith("rule "):
            by_rule.setdefault(source, []).append(number)
    left_out: set[int] = set()
    instead: dict[int, str] = {}
    for found in by_rule.values():
        if len(found) > MOST_OF_A_RULE:
            left_out |= set(found[3:-1])
            instead[found[2]] = (f"It fires again and again, {(len(found) + 1) // 2} times in all, until "
                                 f"{format_time(timeline[found[-1]][0], relative=relative)}")
    for number, (at, what, source) in enumerate(timeline):
        if number not in left_out:
            yield at, instead.get(number, what), source


def _times_table(incident: Incident) -> Table:
    rows = []
    for one in incident.milestones:
        when = NOT_RECORDED if one.at is None else format_time(one.at, seconds=True, relative=incident.relative)
        if one.at is not None and one.earliest is not None and one.latest is not None and one.earliest < one.latest:
            clock = [format_since(at) if incident.relative else f"{at:%H:%M:%S}" for at in (one.earliest, one.latest)]
            when += f" ({clock[0]} to {clock[1]})"
        rows.append((MOMENTS[one.name], when, METHODS[one.method], visible(one.source)))
    return Table(("Moment", "When", "How it is known", "Source"), (False, False, False, False), tuple(rows))


def _spans(times: Times) -> tuple[tuple[str, str], ...]:
    """TTD, TTA, TTM and TTR with what they are."""
    named = (("Time to detect", "onset to detected", times.detect_s),
             ("Time to acknowledge", "detected to acknowledged", times.acknowledge_s),
             ("Time to mitigate", "onset to mitigated", times.mitigate_s),
             ("Time to recover", "onset to recovered", times.recover_s))
    return tuple((f"{name}, {what}", NOT_RECORDED if seconds is None else _signed_span(seconds))
                 for name, what, seconds in named)


def _signed_span(seconds: float) -> str:
    return f"{'-' if seconds < 0 else ''}{format_span(abs(seconds))}"


def _changes(view: ReportView) -> tuple[tuple[str, ...], str]:
    if view.changes is None:
        return (), visible(view.changes_problem)
    strong = [visible(row.sentence) for row in view.changes.rows if not row.weak]
    weak = sum(row.weak for row in view.changes.rows)
    said = [visible(view.changes.sentence)]
    if len(strong) > MOST_CHANGES:
        said.append(f"{len(strong) - MOST_CHANGES} more are left out.")
    if weak:
        said.append(f"{format_count(weak)} more may be nothing: small, or explained by the time of week.")
    return tuple(strong[:MOST_CHANGES]), " ".join(said)


def _examples_table(examples: Sequence[ExampleRow], *, relative: bool) -> Table:
    """Columns are those that the first rows have, in their order; the first MOST_COLUMNS of them."""
    names = list(dict.fromkeys(name for one in examples for name, _ in one.cells))[:MOST_COLUMNS]
    rows = []
    for one in examples:
        place = f"{one.file}:{one.line}" if one.line is not None else f"{one.file}, record {one.record + 1}"
        cells = dict(one.cells)
        rows.append((visible(place), visible(one.why), *(visible(_cut(cells.get(name, DASH))) for name in names)))
    return Table(("Place", "Why", *(visible(name) for name in names)), (False, False, *[False] * len(names)),
                 tuple(rows))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CELL else f"{text[:MOST_CELL]}… ({format_count(len(text))} characters)"


def _unread_table(samples: Sequence[QuarantinedLine]) -> Table:
    return Table(("Place", "Why it could not be read", "What stands there"), (False, False, False), tuple(
        (visible(f"{one.file}:{one.line}"), visible(one.reason), visible(_cut(one.raw))) for one in samples))


def _unread_note(unread: Quarantined) -> str:
    if not unread.count:
        return "All records of these files could be read." if unread.of else ""
    share = f" ({value_text(unread.count / unread.of, 'share')} of {format_count(unread.of)})" if unread.of else ""
    reasons = "; ".join(f"{visible(reason)}: {format_count(count)}" for reason, count in unread.reasons)
    return f"{format_count(unread.count)} records could not be read{share}. {reasons}".strip()


def _alarm_table(alarms: Sequence[AttachedAlarm], *, relative: bool) -> Table:
    def at(moment: datetime | None) -> str:
        return "still firing" if moment is None else format_time(moment, seconds=True, relative=relative)

    return Table(("Rule", "Of", "Severity", "Pending", "Fired", "Ended", "Peak", "Threshold"),
                 (False, False, False, False, False, False, True, False), tuple(
        (visible(one.rule), visible(one.labels), visible(one.severity), at(one.since), at(one.start), at(one.end),
         visible(one.peak), visible(one.threshold)) for one in alarms[:MOST_ALARMS]),
        f"{len(alarms) - MOST_ALARMS} more are in JSON and CSV." if len(alarms) > MOST_ALARMS else "")


def _said(incident: Incident) -> tuple[Said, ...]:
    lessons = incident.lessons
    words = (lessons.trigger, "\n".join(lessons.factors), lessons.detection, lessons.resolution, lessons.well,
             lessons.badly, lessons.lucky)
    return tuple(Said(title, prompt, tuple(visible(line) for line in text.strip().splitlines()))
                 for (title, prompt), text in zip(PROMPTS, words, strict=True))


def _actions_table(actions: Sequence[ActionItem]) -> Table:
    return Table(("Action", "Kind", "Owner", "Due", "Link", "Done"), (False,) * 6, tuple(
        (visible(one.action), one.kind.value, visible(one.owner) or TO_FILL_IN, visible(one.due) or TO_FILL_IN,
         visible(one.link), "yes" if one.done else "no") for one in actions))


def _inputs_table(inputs: Sequence[InputFile]) -> Table:
    return Table(("File", "Bytes", "Records", "SHA-256"), (False, True, True, False), tuple(
        (visible(one.path), format_count(one.size), format_count(one.records),
         one.sha256 or visible(one.why_not or NOT_RECORDED)) for one in inputs))


def _origins(view: ReportView) -> tuple[Origin, ...]:
    """Of every number of the tables; charts name theirs beside them."""
    return tuple(Origin(visible(one.title), one.text, visible(one.command, lines=True), visible(one.sql, lines=True))
                 for one in origins(view))


def _charts(view: ReportView, paper: bool) -> tuple[Chart, ...]:
    names_px = max((names_width(figure.chart) for figure in view.figures), default=0.0)
    return tuple(_chart(figure, view, names_px, paper) for figure in view.figures)


def _chart(figure: Figure, view: ReportView, names_px: float, paper: bool) -> Chart:
    chart = _with_visible_names(figure.chart)
    compared = _compared(figure.chart, view.impacts)
    alt = " ".join([visible(figure.alt), *(f"{name or visible(chart.title)}: {before} in the reference window, "
                                           f"{during} in the current one." for name, before, during in compared)])
    relative = view.incident.relative
    marks = Marks(tuple(level for level, _ in figure.thresholds), tuple(span for span, _ in figure.firing),
                  tuple(span for span, _ in figure.pending),
                  tuple((one.first, visible(one.name)) for one in view.versions if one.first is not None))
    svg = draw_chart(chart, window=view.incident.window, reference=view.incident.reference, alt=alt,
                     names_px=names_px, size=charts.PAPER if paper else charts.SCREEN, marks=marks)
    rules = [visible(text) for _, text in figure.thresholds]
    rules += [visible(text) for text in _firings(figure.firing, relative=relative)]
    unit = {"share": "%"}.get(chart.unit, chart.unit)
    return Chart(chart.title, unit, svg, alt, visible(chart.sentence), visible(chart.error), visible(chart.formula),
                 compared, visible(figure.command, lines=True),
                 visible(chart.sql, lines=True), numbers_table(chart), numbers_csv(chart), file_name(chart.metric),
                 tuple(rules))


def _firings(firing: Sequence[tuple[Window, str]], *, relative: bool) -> Iterator[str]:
    """When each rule fired; of one that did again and again, how often and from when to when."""
    by_name: dict[str, list[Window]] = {}
    for span, name in firing:
        by_name.setdefault(name, []).append(span)
    for name, spans in by_name.items():
        if len(spans) > MOST_FIRINGS:
            whole = Window(min(one.start for one in spans), max(one.end for one in spans))
            yield f"{name} fired {format_count(len(spans))} times, {format_window(whole, relative=relative)}"
        else:
            yield from (f"{name} fired {format_window(one, relative=relative)}" for one in spans)


def _compared(chart: ChartView, impacts: tuple[Impact, ...]) -> tuple[tuple[str, str, str], ...]:
    """What the impact table says about the curves of this chart, to stand beside it: name, before, during."""
    of_curve = {f"{chart.metric}_{series.name}" if series.name else chart.metric: series.name
                for series in chart.series}
    return tuple((visible(of_curve[impact.metric]), value_text(impact.before, impact.unit),
                  value_text(impact.during, impact.unit)) for impact in impacts if impact.metric in of_curve)[:5]


def _with_visible_names(chart: ChartView) -> ChartView:
    series = tuple(replace(part, name=visible(part.name)) for part in chart.series)
    return replace(chart, title=visible(chart.title), unit=visible(chart.unit), series=series)


def _charts_note(view: ReportView) -> str:
    if not view.figures:
        return ""
    axis = "counted from the start that the log does not name" if view.incident.relative else "in UTC"
    return (f"All charts share one time axis, {axis}. The blue band with dashed edges is the reference window, the "
            "orange band with solid edges the current one. A gap means that nothing is known."
            + (" A dashed line is the level of an alarm rule; the strip below says when it fired."
               if any(figure.thresholds for figure in view.figures) else ""))


def _drift(drift: DriftView, paper: bool) -> Drift:
    heads = ("Verdict", "Column", "Test", "Statistic", "p, adjusted", "Effect", "n reference", "n current",
             "In words")
    rows = tuple(_drift_row(row) for row in drift.columns)
    moved = list(dict.fromkeys(row.column for row in drift.columns if row.verdict in (Verdict.ALARM, Verdict.WATCH)))
    drawn = [(column, shape) for column in moved if (shape := drift.shape(column)) is not None]
    worst = {row.column: row.verdict for row in reversed(drift.columns)}
    distributions = tuple(_distribution(shape, worst[column], paper) for column, shape in drawn[:MOST_SHAPES])
    more = f"{len(drawn) - MOST_SHAPES} more columns moved; the table has them all." if len(drawn) > MOST_SHAPES else ""
    sides = (f"Reference: {visible(drift.reference_name)}, {format_count(drift.n_reference)} rows. "
             f"Current: {visible(drift.current_name)}, {format_count(drift.n_current)} rows. "
             f"{format_count(drift.n_tests)} tests; p is adjusted for their number.")
    return Drift(visible(drift.sentence), sides,
                 Table(heads, (False, False, False, True, True, True, True, True, False), rows),
                 tuple(row.verdict.value for row in drift.columns), distributions, more)


def _drift_row(row: ColumnDrift) -> tuple[str, ...]:
    effect = f"{row.effect_name} {format_number(row.effect)}" if math.isfinite(row.effect) else DASH
    if math.isfinite(row.effect) and math.isfinite(row.effect_low) and math.isfinite(row.effect_high):
        effect += f" ({format_number(row.effect_low)} to {format_number(row.effect_high)})"
    kind = " (missing values)" if row.kind == "missing" else ""
    return (VERDICTS[row.verdict], visible(row.column) + kind, visible(row.test), _plain(row.statistic),
            _probability(row.p_adjusted), effect, format_count(row.n_reference), format_count(row.n_current),
            visible(row.sentence))


def _plain(value: float) -> str:
    return format_number(value) if math.isfinite(value) else DASH


def _probability(p: float) -> str:
    """A p-value; one too small for the machine is written as a bound, since no test gives certainty."""
    if not math.isfinite(p):
        return DASH
    return "< 1e-300" if p < 1e-300 else format_number(p)


def _distribution(shape: Shape, verdict: Verdict, paper: bool) -> Distribution:
    column, size = visible(shape.column), shapes.PAPER if paper else shapes.SCREEN
    caption = shorten(column, MAX_CAPTION)
    if isinstance(shape, CategoryShape):
        clean = replace(shape, labels=tuple(visible(label) for label in shape.labels))
        parts = [f"{label} {format_value(float(before), 'share')} and {format_value(float(now), 'share')}"
                 for label, before, now in zip(clean.labels[:shapes.MOST_LABELS], clean.reference, clean.current,
                                               strict=False)]
        rest = len(clean.labels) - shapes.MOST_LABELS
        left_out = f"The {shapes.MOST_LABELS} values that changed most; {rest} more are not drawn." if rest > 0 else ""
        alt = f"Shares in {column}, reference and current: {'; '.join(parts)}."
        return Distribution(caption, verdict.value, VERDICTS[verdict], draw_shape(clean, alt, size), alt, left_out)
    named = {0.05: "p5", 0.25: "p25", 0.5: "median", 0.75: "p75", 0.95: "p95"}
    parts = [f"{named.get(q, f'p{q * 100:g}')}\u00a0{format_number(before)}\u00a0→\u00a0{format_number(now)}"
             for q, before, now in shape.quantiles]
    alt = f"Distribution of {column}, reference and current: {', '.join(parts) or NO_DATA}."
    shown = ", ".join(part for part in parts if part.startswith(("p5\u00a0", "median", "p95")))
    return Distribution(caption, verdict.value, VERDICTS[verdict], draw_shape(shape, alt, size), alt, shown)


def all_charts(document: Document) -> tuple[Chart, ...]:
    """Those of the board, then those of results; files are named by their number in it."""
    return (*document.charts, *(chart for one in document.results for chart in one.charts))


def grouped(found: Sequence[Origin]) -> list[OriginGroup]:
    """Numbers that come from one command and one query stand together, in their order."""
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for one in found:
        groups.setdefault((one.command, one.sql), []).append((one.number, one.value))
    made, said = [], ""
    for (command, sql), numbers in groups.items():
        made.append(OriginGroup(tuple(numbers), command if command != said else "", sql))
        said = command
    return made

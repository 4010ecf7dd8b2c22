"""A report as plain sections of finished strings. Both writers write these and format nothing: they cannot differ."""

from __future__ import annotations

import math
import unicodedata
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
from console.reports.charts import draw_chart, names_width
from console.reports.numbers import DASH, Table, file_name, numbers_csv, numbers_table, value_text
from console.reports.shapes import draw_shape
from console.reports.view import Figure, Impact, ReportView, Segment
from console.window import Window

MOST_SHAPES = 12
"""Distributions drawn; the table has all columns."""

MAX_CAPTION = 44
"""Characters of a name above its distribution; the table has it in full."""

PROMPTS = ("Trigger: what set it off", "Contributing factors: what made it possible, and what made it worse",
           "Detection: who or what noticed, and how it could have been sooner",
           "Resolution: what ended it, and when", "What went well, what went badly, where we were lucky",
           "Actions: what, who, until when")
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
class Document:
    """What both writers write, in this order."""

    title: str
    incident_id: str
    kicker: str                                       # severity and status
    facts: tuple[tuple[str, str], ...]
    summary: tuple[str, ...]
    impact: Table
    worse: tuple[str, ...]                            # "worse" or "", goes with the rows of `impact`
    charts: tuple[Chart, ...]
    charts_note: str
    segments: Table
    drift: Drift | None
    timeline: Table
    data_quality: tuple[str, ...]
    notes: tuple[str, ...]                            # lines, as people wrote them; empty: the prompts stand
    prompts: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]
    queries: tuple[tuple[str, str], ...]
    generated: str = ""
    program: str = ""
    folder: str = ""
    language: str = field(default="en")


def arrange(view: ReportView, *, paper: bool = False) -> Document:
    """All text of the report. What came from a log or from people passes through `visible` on its way.

    paper  the drawings are for a narrower page; nothing else differs
    """
    incident = view.incident
    notes = tuple(visible(line) for line in incident.notes.strip().splitlines())
    return Document(
        title=visible(incident.title.strip()) or (
            f"Incident of {format_time(incident.window.start, relative=incident.relative)}"),
        incident_id=visible(incident.incident_id),
        kicker=f"Incident report {visible(incident.incident_id)}",
        facts=_facts(view),
        summary=tuple(visible(sentence) for sentence in view.summary),
        impact=_impact_table(view.impacts, incident.window, incident.relative),
        worse=tuple("worse" if impact.worse else "" for impact in view.impacts),
        charts=_charts(view, paper),
        charts_note=_charts_note(view),
        segments=_segment_table(view.segments),
        drift=_drift(view.drift, paper) if view.drift is not None else None,
        timeline=Table(("When", "What", "Source"), (False, False, False), tuple(
            (format_time(at, seconds=True, relative=incident.relative), visible(what), visible(source))
            for at, what, source in view.timeline)),
        data_quality=tuple(visible(line) for line in view.data_quality),
        notes=notes,
        prompts=() if notes else PROMPTS,
        commands=tuple((visible(what), visible(command, lines=True)) for what, command in view.reproduce),
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
    facts = [
        ("Current window", f"{current} ({format_span(incident.window.seconds)})"),
        ("Reference window", f"{reference} ({format_span(incident.reference.seconds)})"),
        ("Severity", visible(incident.severity)),
        ("Status", visible(incident.status)),
        ("Requests", format_count(view.requests)),
        ("Users", format_count(view.users) if view.users is not None else "not recorded"),
        ("Log folder", visible(view.folder)),
        ("Incident opened", format_time(incident.created)),
        ("Written", f"{format_time(view.generated)} by {visible(view.program)}"),
    ]
    return tuple(facts)


def _impact_table(impacts: tuple[Impact, ...], window: Window, relative: bool) -> Table:
    rows = tuple((visible(impact.title), value_text(impact.before, impact.unit), value_text(impact.during, impact.unit),
                  value_text(impact.peak, impact.unit),
                  _at(impact.peak_at, window, relative) if impact.peak_at is not None else DASH,
                  format_count(impact.n_before), format_count(impact.n_during), visible(impact.sentence))
                 for impact in impacts)
    at = "at" if relative else "at, UTC"
    return Table(("Number", "Before", "During", "Peak", at, "n before", "n during", "In words"),
                 (False, True, True, True, True, True, True, False), rows)


def _at(at: datetime, window: Window, relative: bool) -> str:
    """The day only where the window has more than one."""
    if relative:
        return format_since(at)
    return f"{at:%H:%M}" if window.start.date() == window.end.date() else f"{at.day} {at:%b} {at:%H:%M}"


def _segment_table(segments: tuple[Segment, ...]) -> Table:
    """Columns that no segment has a number for are left out."""
    columns: list[tuple[str, bool, list[str]]] = [
        ("Column", False, [visible(segment.column) for segment in segments]),
        ("Value", False, [visible(segment.value) for segment in segments]),
        ("Requests", True, [format_count(segment.requests) for segment in segments]),
        ("Failed", True, [value_text(segment.failed_share, "share") for segment in segments]),
        ("Latency p95", True, [value_text(segment.latency_p95, "ms") for segment in segments]),
        ("No prediction", True, [value_text(segment.null_share, "share") for segment in segments]),
        ("CTR", True, [value_text(segment.ctr, "share") for segment in segments]),
    ]
    shown = [column for column in columns if not column[1] or any(cell != DASH for cell in column[2])]
    return Table(tuple(head for head, _, _ in shown), tuple(number for _, number, _ in shown),
                 tuple(zip(*(cells for _, _, cells in shown), strict=True)))


def _charts(view: ReportView, paper: bool) -> tuple[Chart, ...]:
    names_px = max((names_width(figure.chart) for figure in view.figures), default=0.0)
    return tuple(_chart(figure, view, names_px, paper) for figure in view.figures)


def _chart(figure: Figure, view: ReportView, names_px: float, paper: bool) -> Chart:
    chart = _with_visible_names(figure.chart)
    alt = visible(figure.alt)
    svg = draw_chart(chart, window=view.incident.window, reference=view.incident.reference, alt=alt,
                     names_px=names_px, size=charts.PAPER if paper else charts.SCREEN)
    unit = {"share": "%"}.get(chart.unit, chart.unit)
    return Chart(chart.title, unit, svg, alt, visible(chart.sentence), visible(chart.error), visible(chart.formula),
                 _compared(figure.chart, view.impacts), visible(figure.command, lines=True),
                 visible(chart.sql, lines=True), numbers_table(chart), numbers_csv(chart), file_name(chart.metric))


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
            "orange band with solid edges the current one. A gap means that nothing is known.")


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

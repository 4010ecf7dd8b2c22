"""The sentences: plain words and numbers. Names and values from the log are data in them, cut and on one line."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.changes.view import ChangeKind, ChangeRow
from console.metrics.format import format_number, format_span, format_time, format_value, format_window
from console.window import Window

LONGEST = 100


def named(text: str) -> str:
    """A name or value from the log, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"


def between_marks(text: str) -> list[str]:
    """The names that a sentence of ours holds, as they stand between its quotation marks."""
    return re.findall("“([^”]*)”", text)


def short(row: ChangeRow) -> str:
    """What it is about, as a title."""
    match row.kind:
        case ChangeKind.COLUMN:
            return f"column {named(row.name)}"
        case ChangeKind.SCHEMA:
            return named(row.title)
        case ChangeKind.VERSION:
            return f"{named(row.column)} {named(row.segment.partition('=')[2])}"
        case _ if row.segment and "=" not in row.segment:
            return f"{row.title} against {named(row.segment)}"      # what it follows
        case _:
            return row.title + (f" in {named(row.segment)}" if row.segment else "")


@dataclass(frozen=True, slots=True)
class When:
    """`since 6 Mar 2026 04:30 UTC`, or `from 6 Mar 2026 04:30 to 08:00 UTC` where it ended."""

    said: str
    ended: bool = False

    def of(self, now: str, then: str) -> str:
        """The verb for what lasts, or for what was."""
        return then if self.ended else now


def when(onset: datetime, earliest: datetime, latest: datetime, ended: datetime | None, bucket_s: float, *,
         relative: bool, slope: bool, earlier: bool) -> When:
    """`since 6 Mar 2026 04:30 UTC (give or take 20 min)`. earlier: it had begun when the search for it begins."""
    begun = format_time(onset, seconds=bucket_s < 60, relative=relative)
    shown = onset if bucket_s < 60 or relative else onset.replace(second=0, microsecond=0)
    if ended is not None and ended > onset:
        text = f"from {format_window(Window(shown, ended), relative=relative).replace(' - ', ' to ')}"
        if earlier:
            return When(f"{text} (or from before)", ended=True)
    elif earlier:
        return When(f"{'more and more from' if slope else 'since'} {begun} or before")
    else:
        text = f"{'more and more from' if slope else 'since'} {begun}"
    unsure = max((latest - onset).total_seconds(), (onset - earliest).total_seconds())
    sure = f" (its beginning give or take {format_span(unsure)})" if ended is not None else (
        f" (give or take {format_span(unsure)})")
    return When(text + (sure if unsure >= 2 * bucket_s else ""), ended is not None and ended > onset)


def from_to(before: float, after: float, unit: str) -> str:
    """`16.4 ms → 70.2 ms, x4.3`."""
    said = f"{format_value(before, unit)} → {format_value(after, unit)}"
    if unit == "share" or not before or before * after < 0 or not math.isfinite(after / before):
        return said
    ratio = after / before
    return f"{said}, ×{format_number(ratio)}" if ratio >= 2 or ratio <= 0.5 else f"{said}, {(ratio - 1) * 100:+.0f} %"


def of_metric(title: str, column: str, before: float, after: float, unit: str, *, when: When, beside: Sequence[str],
              segment: str = "") -> str:
    """A metric of the catalogue, or within one segment."""
    of = f" (“{named(column)}”)" if column and column.casefold() not in title.casefold() else ""
    within = f" in {named(segment)}" if segment else ""
    extra = f"; {', '.join(beside)}" if beside else ""
    return f"{title}{of}{within} {_moved(title, before, after, when)}: {from_to(before, after, unit)}{extra}."


def _moved(title: str, before: float, after: float, when: When) -> str:
    many = title.endswith("s") and not title.endswith("ss")       # null responses were, log loss was
    was = "were" if many else "was"
    verb = when.of("rose", f"{was} higher") if after > before else when.of("fell", f"{was} lower")
    return f"{verb} {when.said}"


def of_column(name: str, what: str, before: float, after: float, sd: float, *, when: When,
              values: Sequence[tuple[str, float, float]]) -> str:
    """A column's level, spread, missing cells, or values (value, share before, share after)."""
    said = f"“{named(name)}”"
    match what:
        case "missing":
            return (f"{said} {when.of('is', 'was')} missing in {format_value(after, 'share')} of its rows {when.said}; "
                    f"in {format_value(before, 'share')} before.")
        case "values":
            new = [one for one in values if one[1] < 0.0005]
            shown = "; ".join(f"{named(value)} {format_value(low, 'share')} → {format_value(high, 'share')}"
                              for value, low, high in values[:3])
            unseen = f", some never seen before ({', '.join(named(one[0]) for one in new[:3])})" if new else ""
            return f"{said} {when.of('holds', 'held')} other values {when.said}{unseen}: {shown}."
        case _:
            far = f" ({abs(after - before) / sd:.1f} standard deviations)" if sd > 0 else ""
            return f"{said} {_moved('', before, after, when)}: mean {from_to(before, after, '')}{far}."


def of_version(column: str, value: str, before: float, after: float, *, when: When, bad: Sequence[str]) -> str:
    """A model version that came, went or has another share; `bad`: what is so within it only."""
    name, share = f"{named(column)} {named(value)}", format_value(after, "share")
    if before < 0.0005:
        said = (f"{name} was there {when.said} only, with {share} of the requests" if when.ended else
                f"{name} is new {when.said}, with {share} of the requests")
    elif after < 0.0005:
        said = (f"{name} {when.of('is', 'was')} gone {when.said}; it had {format_value(before, 'share')} of the "
                "requests")
    else:
        said = f"{name} {when.of('has', 'had')} another share of the requests {when.said}: " + from_to(
            before, after, "share")
    return f"{said}; only there: {', '.join(bad)}." if bad else f"{said}."


def of_following(title: str, column: str, number: str, low: float, low_now: float, high: float, high_now: float, *,
                 when: When) -> str:
    """How an outcome goes along with a number: its rate in the two lowest and the two highest fifths of it."""
    of = f" (“{named(column)}”)" if column and column.casefold() not in title.casefold() else ""
    what = "the score" if number == "score" else f"“{named(number)}”"
    return (f"{title}{of} {when.of('follows', 'followed')} {what} otherwise than before {when.said}: where it is low "
            f"{from_to(low, low_now, 'share')}, where it is high {from_to(high, high_now, 'share')}.")


def overall(rows: Sequence[tuple[str, bool]], at: str, looked_back: str) -> str:
    """(title, weak) of all rows, in their order."""
    strong = [title for title, weak in rows if not weak]
    back = f" Looked from {looked_back} before that time on." if looked_back else ""
    if not rows:
        return f"Nothing moved beyond chance since {at}.{back}"
    if not strong:
        return f"Nothing that matters moved since {at}; {len(rows)} weak sign{'s' if len(rows) > 1 else ''}.{back}"
    more = f" and {len(strong) - 3} more" if len(strong) > 3 else ""
    return (f"{len(strong)} thing{'s' if len(strong) > 1 else ''} moved since {at}: "
            f"{', '.join(strong[:3])}{more}.{back}")

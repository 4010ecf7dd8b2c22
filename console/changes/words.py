"""The sentences: plain words and numbers. Names and values from the log are data in them, cut and on one line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from console.changes.view import ChangeKind, ChangeRow
from console.metrics.format import format_number, format_span, format_time, format_value

LONGEST = 100


def named(text: str) -> str:
    """A name or value from the log, on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"


def short(row: ChangeRow) -> str:
    """What it is about, as a title."""
    match row.kind:
        case ChangeKind.COLUMN:
            return f"column {named(row.name)}"
        case ChangeKind.SCHEMA:
            return named(row.title)
        case ChangeKind.VERSION:
            return named(row.segment.replace("=", " "))
        case _:
            return row.title + (f" in {named(row.segment)}" if row.segment else "")


def when(onset: datetime, earliest: datetime, latest: datetime, bucket_s: float, *, relative: bool,
         slope: bool, earlier: bool) -> str:
    """`since 6 Mar 2026 04:30 UTC (give or take 20 min)`. earlier: it had begun when the search for it begins."""
    seconds = bucket_s < 60
    text = f"{'more and more from' if slope else 'since'} {format_time(onset, seconds=seconds, relative=relative)}"
    if earlier:
        return f"{text} or before"
    unsure = max((latest - onset).total_seconds(), (onset - earliest).total_seconds())
    return f"{text} (give or take {format_span(unsure)})" if unsure >= 2 * bucket_s else text


def from_to(before: float, after: float, unit: str) -> str:
    """`16.4 ms → 70.2 ms, x4.3`."""
    said = f"{format_value(before, unit)} → {format_value(after, unit)}"
    if unit == "share" or not before or before * after < 0 or not math.isfinite(after / before):
        return said
    ratio = after / before
    return f"{said}, ×{format_number(ratio)}" if ratio >= 2 or ratio <= 0.5 else f"{said}, {(ratio - 1) * 100:+.0f} %"


def of_metric(title: str, column: str, before: float, after: float, unit: str, *, since: str, until: str,
              beside: Sequence[str], segment: str = "") -> str:
    """A metric of the catalogue, or within one segment."""
    rose = "rose" if after > before else "fell"
    of = f" (`{named(column)}`)" if column and column.casefold() not in title.casefold() else ""
    within = f" in {named(segment)}" if segment else ""
    extra = f"; {', '.join(beside)}" if beside else ""
    return f"{title}{of}{within} {rose} {since}{until}: {from_to(before, after, unit)}{extra}."


def of_column(name: str, what: str, before: float, after: float, sd: float, *, since: str, until: str,
              values: Sequence[tuple[str, float, float]]) -> str:
    """A column's level, spread, missing cells, or values (value, share before, share after)."""
    said = f"`{named(name)}`"
    match what:
        case "missing":
            return (f"{said} is missing in {format_value(after, 'share')} of its rows {since}{until}; "
                    f"{format_value(before, 'share')} before.")
        case "values":
            new = [one for one in values if one[1] < 0.0005]
            shown = "; ".join(f"{named(value)} {format_value(low, 'share')} → {format_value(high, 'share')}"
                              for value, low, high in values[:3])
            unseen = f", with values never seen before ({', '.join(named(one[0]) for one in new[:3])})" if new else ""
            return f"{said} holds other values {since}{until}{unseen}: {shown}."
        case _:
            far = f" ({abs(after - before) / sd:.1f} standard deviations)" if sd > 0 else ""
            rose = "rose" if after > before else "fell"
            return f"{said} {rose} {since}{until}: mean {from_to(before, after, '')}{far}."


def of_version(column: str, value: str, before: float, after: float, *, since: str, until: str,
               bad: Sequence[str]) -> str:
    """A model version that came, went or has another share; `bad`: what is so within it only."""
    name = f"{named(column)} {named(value)}"
    if before < 0.0005:
        said = f"{name} is new {since}{until}, with {format_value(after, 'share')} of the requests"
    elif after < 0.0005:
        said = f"{name} is gone {since}{until}; it had {format_value(before, 'share')} of the requests"
    else:
        said = f"{name} has another share of the requests {since}{until}: {from_to(before, after, 'share')}"
    return f"{said}; only there: {', '.join(bad)}." if bad else f"{said}."


def of_following(title: str, column: str, number: str, low: float, low_now: float, high: float, high_now: float, *,
                 since: str, until: str) -> str:
    """How an outcome goes along with a number: its rate in the two lowest and the two highest fifths of it."""
    of = f" (`{named(column)}`)" if column and column.casefold() not in title.casefold() else ""
    what = "the score" if number == "score" else f"`{named(number)}`"
    return (f"{title}{of} follows {what} otherwise than before {since}{until}: where it is low "
            f"{from_to(low, low_now, 'share')}, where it is high {from_to(high, high_now, 'share')}.")


def lasted(ended: datetime | None, *, relative: bool) -> str:
    """Until when."""
    return "" if ended is None else f" until {format_time(ended, relative=relative)}"


def overall(rows: Sequence[tuple[str, bool, ChangeKind]], at: str, looked_back: str) -> str:
    """(title, weak, kind) of all rows, in their order."""
    strong = [title for title, weak, _ in rows if not weak]
    if not rows:
        return f"Nothing moved beyond chance since {at} (looked from {looked_back} before it on)."
    if not strong:
        return (f"Nothing that matters moved since {at}; {len(rows)} weak sign{'s' if len(rows) > 1 else ''} "
                f"(looked from {looked_back} before it on).")
    more = f" and {len(strong) - 3} more" if len(strong) > 3 else ""
    return (f"{len(strong)} thing{'s' if len(strong) > 1 else ''} moved since {at}: "
            f"{', '.join(strong[:3])}{more} (looked from {looked_back} before it on).")

"""From counts of rows to impact with intervals. Values in, values out.

Intervals hold in 95 % of cases, and say how they were made
    shares        Wilson's, for the share of one window; Newcombe's, for the difference of two (console.drift)
    percentiles   order statistics: the ranks q n -+ 1.96 sqrt(q (1 - q) n), whatever the distribution
    means         the normal law of the mean
Rows are taken to be independent; requests of one user are not quite, and the intervals are then a little too narrow.

Affected is a request that failed, got no answer, was slower than nearly all of the reference (its SLOW percentile), or
lacks a value in a column that lost values. Some requests are so at all times: the excess is what is beyond the share of
the reference, and a kind of harm counts in `any` only where that excess is beyond chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from console.drift.proportions import Z_95, newcombe, wilson
from console.metrics.format import format_count, format_number, format_value
from console.reports.view import NAN, Affected, Budget, Impact, Segment

SLOW = 0.99
"""A request is slow when it took longer than this percentile of the reference's."""

WILSON, NEWCOMBE, RANKS, NORMAL = "Wilson", "Newcombe", "order statistics", "normal"

ANY = "any"


@dataclass(frozen=True, slots=True)
class Side:
    """One number of one window, as a query over the rows gave it.

    hits       of a share: rows of which it is true
    low, high  of a percentile: the values at the ranks of its interval
    spread     of a mean: the standard deviation of its rows
    """

    value: float
    n: int
    hits: int | None = None
    low: float = NAN
    high: float = NAN
    spread: float = NAN
    sql: str = ""


def rank_shares(q: float, n: int) -> tuple[float, float]:
    """Which quantiles bound the interval of the quantile q of n values; (0, 1) where n is too small to tell."""
    if n <= 0:
        return 0.0, 1.0
    half = Z_95 * math.sqrt(q * (1 - q) / n)
    return max(0.0, q - half), min(1.0, q + half)


def with_counts(impact: Impact, before: Side, during: Side) -> Impact:
    """The impact with numbers counted from rows, their intervals, and that of the difference."""
    sides = [_interval(side) for side in (before, during)]
    (before_low, before_high, _), (low, high, method) = sides
    difference_low = difference_high = NAN
    difference = ""
    if before.hits is not None and during.hits is not None and before.n and during.n:
        difference_low, difference_high = newcombe(before.hits, before.n, during.hits, during.n)
        difference = NEWCOMBE
    elif math.isfinite(before.spread) and math.isfinite(during.spread) and before.n and during.n:
        half = Z_95 * math.sqrt(before.spread ** 2 / before.n + during.spread ** 2 / during.n)
        difference_low, difference_high = during.value - before.value - half, during.value - before.value + half
        difference = "Welch"
    sentence = impact.sentence
    if impact.metric == "ctr" and impact.worse and math.isfinite(difference_low):
        lost = [-each * during.n for each in (during.value - before.value, difference_high, difference_low)]
        sentence += (f" At the rate before there would have been {count(lost[0])} clicks more "
                     f"(95 %: {count(lost[1])} to {count(lost[2])}).")
    return replace(
        impact, sentence=sentence, n_before=before.n, n_during=during.n, before_low=before_low, before_high=before_high,
        during_low=low, during_high=high, interval=method, difference_low=difference_low,
        difference_high=difference_high, difference=difference, hits_before=before.hits, hits_during=during.hits,
        sql=during.sql, sql_before=before.sql)


def _interval(side: Side) -> tuple[float, float, str]:
    if not side.n or not math.isfinite(side.value):
        return NAN, NAN, ""
    if side.hits is not None:
        return (*wilson(side.hits, side.n), WILSON)
    if math.isfinite(side.low) and math.isfinite(side.high):
        return side.low, side.high, RANKS
    if math.isfinite(side.spread):
        half = Z_95 * side.spread / math.sqrt(side.n)
        return side.value - half, side.value + half, NORMAL
    return NAN, NAN, ""


# ---- affected --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Harm:
    """One kind of harm, counted in both windows. users None: the log names none."""

    what: str
    title: str
    meaning: str
    hits_before: int
    n_before: int
    hits: int
    n: int
    users: int | None = None
    of_users: int | None = None
    sql: str = ""
    sql_before: str = ""


def affected(harm: Harm) -> Affected:
    """The counts with their intervals and a sentence."""
    share, base = _share(harm.hits, harm.n), _share(harm.hits_before, harm.n_before)
    low, high = wilson(harm.hits, harm.n) if harm.n else (NAN, NAN)
    base_low, base_high = wilson(harm.hits_before, harm.n_before) if harm.n_before else (NAN, NAN)
    excess = excess_low = excess_high = NAN
    if harm.n and harm.n_before:
        beyond_low, beyond_high = newcombe(harm.hits_before, harm.n_before, harm.hits, harm.n)
        excess, excess_low, excess_high = harm.hits - base * harm.n, beyond_low * harm.n, beyond_high * harm.n
    users_low = users_high = users_share = NAN
    if harm.users is not None and harm.of_users:
        users_share = harm.users / harm.of_users
        users_low, users_high = wilson(harm.users, harm.of_users)
    made = Affected(harm.what, harm.title, harm.meaning, harm.hits, harm.n, share, low, high, harm.hits_before,
                    harm.n_before, base, base_low, base_high, excess, excess_low, excess_high, harm.users,
                    harm.of_users, users_share, users_low, users_high, "", harm.sql, harm.sql_before)
    return replace(made, sentence=_affected_sentence(made))


def beyond_chance(one: Affected) -> bool:
    """More requests are affected than the reference's share gives, and not by chance."""
    return math.isfinite(one.excess_low) and one.excess_low > 0


def _affected_sentence(one: Affected) -> str:
    text = (f"{format_count(one.requests)} of {format_count(one.of_requests)} requests "
            f"({percent(one.share, one.share_low, one.share_high)})")
    if one.users is not None and one.of_users:
        users = "user" if one.users == 1 else "users"
        text += f", of {format_count(one.users)} {users} ({percent(one.users_share, one.users_low, one.users_high)})"
    if math.isfinite(one.base_share):
        text += f"; {format_value(one.base_share, 'share')} in the reference"
        if beyond_chance(one):
            text += (f", so {count(one.excess)} more than usual (95 %: {count(one.excess_low)} to "
                     f"{count(one.excess_high)})")
    return text + "."


def percent(share: float, low: float, high: float) -> str:
    """`4.20 %, 95 %: 3.91 to 4.51 %`."""
    if not math.isfinite(low):
        return format_value(share, "share")
    return f"{format_value(share, 'share')}, 95 %: {format_number(low * 100)} to {format_value(high, 'share')}"


def count(number: float) -> str:
    """A number of requests that was reckoned and not counted: whole."""
    return format_count(round(number))


def _share(hits: int, n: int) -> float:
    return hits / n if n else NAN


# ---- segments --------------------------------------------------------------------------------------------------


def ordered_segments(segments: Sequence[Segment], most: int, *, keep: Sequence[str] = ()) -> tuple[Segment, ...]:
    """The hardest hit first; `keep`: columns whose segments are never cut off."""
    ranked = sorted(segments, key=lambda one: (-one.hit if math.isfinite(one.hit) else math.inf, -one.requests,
                                               one.column, one.value))
    kept = [one for number, one in enumerate(ranked) if number < most or one.column in keep]
    return tuple(kept)


def hit_by(segment: Segment, base_share: float, total: int, base_total: int, *, harmed: bool) -> Segment:
    """With how hard it was hit, and a sentence.

    base_share         of all requests of the reference that were affected; for a segment that the reference has not
    total, base_total  requests of the windows
    harmed             whether any kind of harm is beyond chance; else what moved is the segment's share of the traffic
    """
    new = segment.base_requests == 0
    if harmed and math.isfinite(segment.affected_share):
        usual = segment.base_share if math.isfinite(segment.base_share) else base_share
        hit = segment.affected - (usual if math.isfinite(usual) else 0.0) * segment.requests
        low, high = wilson(segment.affected, segment.requests) if segment.requests else (NAN, NAN)
        said = (f"{format_count(segment.affected)} of {format_count(segment.requests)} requests affected "
                f"({percent(segment.affected_share, low, high)})")
        if new:
            said += "; not seen in the reference"
        elif math.isfinite(segment.base_share):
            said += f"; {format_value(segment.base_share, 'share')} in the reference"
        return replace(segment, affected_low=low, affected_high=high, hit=hit, new=new, sentence=said + ".")
    usual = segment.base_requests / base_total if base_total else NAN
    hit = segment.requests - usual * total if math.isfinite(usual) else NAN
    said = (f"{format_value(segment.requests / total if total else NAN, 'share')} of the requests"
            + ("; not seen in the reference" if new else
               f"; {format_value(usual, 'share')} in the reference" if math.isfinite(usual) else ""))
    return replace(segment, hit=hit, new=new, sentence=said + ".")


# ---- objectives ------------------------------------------------------------------------------------------------


def budget(rule: str, metric: str, title: str, objective: float, period_s: int, bad: int, total: int, *,
           expected: float, assumed: bool, sql: str = "") -> Budget:
    """How much of an objective's error budget the window used.

    expected  events of a whole period; assumed: reckoned from the log's rate, for the log is younger than a period
    """
    allowed = (1 - objective) * expected
    used = bad / allowed if allowed > 0 else math.inf if bad else 0.0
    burn = bad / total / (1 - objective) if total else NAN
    days = period_s / 86400
    period = f"{format_number(days)} {'day' if days == 1 else 'days'}"
    text = (f"{title}: {format_count(bad)} bad of {format_count(total)}, {format_value(used, 'share')} of the budget "
            f"of {period} at {format_number(objective * 100)} %")
    if math.isfinite(burn):
        text += f", {format_number(burn)} times as fast as it lasts"
    if assumed:
        text += f"; a period is taken to have {count(expected)} events, at the log's rate"
    return Budget(rule, metric, objective, period_s, bad, total, expected, assumed, used, burn, text + ".", sql)

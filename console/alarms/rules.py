"""An alarm rule: which number, when it is bad, and for how long it must be so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from console.errors import BadSettings
from console.roles import SERIES_ROLES, Role

MONTH_S = 30 * 86400
LEAST_EVERY_S = 10
"""Rollups are kept at ten seconds: what is judged more often would be read from the rows."""

MOST_STEPS = 10_000
"""A window holds at most so many evaluation steps."""

LONGEST_S = 366 * 86400

UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}
"""As Prometheus counts them: a year has 365 days (model/time.go)."""


class Severity(StrEnum):
    """Who should know: somebody at once, somebody tomorrow, nobody in particular."""

    PAGE = "page"
    TICKET = "ticket"
    INFO = "info"


class NoData(StrEnum):
    """What becomes of a rule that has had nothing to judge for `no_data_for_s`."""

    NO_DATA = "no_data"     # a state of its own; what was pending or firing ends
    FIRING = "firing"       # as if the condition held
    OK = "ok"               # as if it did not
    KEEP = "keep"           # all stays as it was


class Op(StrEnum):
    """How a value is compared with its threshold."""

    GREATER = ">"
    AT_LEAST = ">="
    LESS = "<"
    AT_MOST = "<="
    EQUAL = "=="
    UNEQUAL = "!="

    @property
    def upwards(self) -> bool | None:
        """True where large values are bad, False where small ones are; None where neither is."""
        return {Op.GREATER: True, Op.AT_LEAST: True, Op.LESS: False, Op.AT_MOST: False}.get(self)


class Side(StrEnum):
    """On which side of a band values are bad."""

    ABOVE = "above"
    BELOW = "below"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Threshold:
    """The value compared with a number, in the metric's unit (a share is 0 to 1).

    clear  hysteresis: an alarm that fires goes on until the value is no longer beyond this; None: the same number
    """

    op: Op
    value: float
    clear: float | None = None

    def __post_init__(self) -> None:
        if self.clear is None:
            return
        if self.op.upwards is None:
            raise BadSettings(f"A rule with {self.op.value} has no clear level", do="Leave `clear` out")
        if (self.clear > self.value) if self.op.upwards else (self.clear < self.value):
            raise BadSettings(f"The clear level {self.clear:g} lies beyond the threshold {self.value:g}",
                              do="Give a level on the good side of the threshold")


@dataclass(frozen=True, slots=True)
class Band:
    """The value compared with what is usual at that time: median +- width * scale.

    period_s      86400 or 604800 for a baseline by time of day or week (weeks begin on Thursday, as 1970 did);
                  0 for one number at all times
    width         how many scales away is bad
    side          which side is
    median, scale one pair for each slot of the period, of equal length; the slot of an instant T is that in which the
                  judged stretch [T - over, T) has its middle
    clear_width   hysteresis, at most `width`; None: the same
    """

    period_s: int
    width: float
    side: Side
    median: tuple[float, ...]
    scale: tuple[float, ...]
    clear_width: float | None = None

    def __post_init__(self) -> None:
        if not self.median or len(self.median) != len(self.scale):
            raise BadSettings("A band needs as many scales as medians, and one at least",
                              do="Write `median` and `scale` with one number for each slot")
        if self.period_s < 0 or (self.period_s == 0 and len(self.median) > 1):
            raise BadSettings("A band without a period has one median", do="Give a period such as 1d or 1w")
        if self.period_s and self.period_s % len(self.median):
            raise BadSettings(f"{len(self.median)} slots do not divide {length(self.period_s)}",
                              do="Give 24 medians for a day by hours, 168 for a week by hours")
        if not self.width > 0 or min(self.scale) < 0:
            raise BadSettings("The width of a band must be above zero, and no scale below", do="Mend the numbers")
        if self.clear_width is not None and not 0 < self.clear_width <= self.width:
            raise BadSettings("`clear` of a band is a width, above zero and no more than `width`",
                              do="Give a smaller one, or leave it out")

    @property
    def slot_s(self) -> int:
        """Length of a slot; 0 without a period."""
        return self.period_s // len(self.median)


@dataclass(frozen=True, slots=True)
class Factor:
    """The error budget is used up `factor` times too fast, over the long window and still over the short one."""

    factor: float
    long_s: int
    short_s: int


PAGE_FACTORS = (Factor(14.4, 3600, 300), Factor(6.0, 6 * 3600, 1800))
TICKET_FACTORS = (Factor(1.0, 3 * 86400, 6 * 3600),)
"""For an objective over 30 days: SRE workbook, table 5-8 (2 and 5 % of the budget for a page, 10 % for a ticket)."""


LEAST_PERIOD_S = 6 * 3600
"""The youngest age that windows of a burn rate are made shorter for: an hour for 30 days is half a minute then."""


@dataclass(frozen=True, slots=True)
class BurnRate:
    """An objective, and how fast its error budget is used: the metric is the share of what is bad.

    objective  share that should be good, 0.999
    factors    any of them sets the alarm off
    period_s   what the objective and the windows of `factors` are for. While the log is younger, all windows are
               as much shorter as the log is (as if it were LEAST_PERIOD_S old, at least). An instant looks at the
               log up to then and never at how long it became: a replay says what was said live.
    """

    objective: float
    factors: tuple[Factor, ...] = PAGE_FACTORS
    period_s: int = MONTH_S

    def __post_init__(self) -> None:
        if not 0 < self.objective < 1:
            raise BadSettings(f"An objective is a share between 0 and 1, not {self.objective:g}",
                              do="Write 0.999 for 99.9 %")
        if not self.factors or any(not one.factor > 0 or not 0 < one.short_s <= one.long_s for one in self.factors):
            raise BadSettings("A burn rate needs factors above zero, each with a short window within a long one",
                              do="Leave `factors` out for those of the SRE workbook")


Condition = Threshold | Band | BurnRate


@dataclass(frozen=True, slots=True)
class Rule:
    """One alarm rule. Raises BadSettings where it says what cannot be.

    metric            name in the catalogue, or `sampled:` and the name of a series
    by                one alarm for each value of that role; None: one alarm
    where             only rows whose role has that value; one role, and the same as `by` where both are given
    over_s            length of the stretch whose value is judged, a whole number of `every_s`; 0: one step
    every_s           seconds from one evaluation to the next, on the epoch's grid
    lag_s             judged so much later than the rest: for numbers that take their time, as clicks do
    for_s             so long must the condition hold before the alarm fires
    keep_firing_for_s so long must it not hold before a firing alarm ends
    min_samples       with fewer rows (cells, outcomes) behind the value there is no verdict
    no_data, no_data_for_s    what becomes of a rule without a value, and after how long
    limit             more alarms at once than this are an error, and all are cleared; 0: no limit
    sentence          what is said when it fires; `$value` and `$labels.host` are filled in
    proposed          made from a healthy window, and not yet accepted by anybody
    """

    name: str
    metric: str
    condition: Condition
    by: Role | None = None
    where: Mapping[Role, str] = field(default_factory=dict)
    over_s: int = 0
    every_s: int = 60
    lag_s: int = 0
    for_s: float = 0.0
    keep_firing_for_s: float = 0.0
    min_samples: int = 0
    no_data: NoData = NoData.NO_DATA
    no_data_for_s: float = 300.0
    limit: int = 0
    severity: Severity = Severity.TICKET
    sentence: str = ""
    runbook: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True
    proposed: bool = False

    def __post_init__(self) -> None:
        def refuse(what: str, do: str) -> BadSettings:
            return BadSettings(what, where=f"alarm `{self.name}`", do=do)

        if not self.name.strip():
            raise BadSettings("An alarm has no name", do="Give it a `name` of its own")
        if self.every_s < LEAST_EVERY_S:
            raise refuse(f"`every` is {length(self.every_s)}", "Give 10s or more")
        if self.over_s == 0:
            object.__setattr__(self, "over_s", self.every_s)
        if self.over_s % self.every_s or not 0 < self.over_s <= MOST_STEPS * self.every_s:
            raise refuse(f"`over` is {length(self.over_s)}, which is no whole number of {length(self.every_s)}",
                         "Give a multiple of `every`")
        if self.by is not None and self.by not in SERIES_ROLES:
            raise refuse(f"There is no split by {self.by}", f"Allowed: {', '.join(SERIES_ROLES)}")
        if len(self.where) > 1 or any(role not in SERIES_ROLES for role in self.where):
            raise refuse("`where` names one role that series are kept apart by", f"Allowed: {', '.join(SERIES_ROLES)}")
        if self.by is not None and self.where and self.by not in self.where:
            raise refuse("`by` and `where` name different roles", "Use one of them, or the same role for both")
        numbers = (self.for_s, self.keep_firing_for_s, self.no_data_for_s, self.lag_s, self.min_samples, self.limit)
        if min(numbers) < 0 or max(numbers[:4]) > LONGEST_S:
            raise refuse("A time or a count lies below zero or above a year", "Give another one")

    @property
    def split(self) -> Role | None:
        """The role that its numbers are read by."""
        return self.by or next(iter(self.where), None)

    def labels_of(self, series: str) -> Labels:
        """The labels of the alarm for one value of the split ("" without one)."""
        own = {str(self.by): series} if self.by is not None else {str(role): text for role, text in self.where.items()}
        return labels_from({**self.labels, **own})


Labels = tuple[tuple[str, str], ...]
"""Sorted by name; together with the rule's name the identity of an alarm."""


def labels_from(labels: Mapping[str, str]) -> Labels:
    """As identities are kept; empty labels count as absent, as in Prometheus."""
    return tuple(sorted((name, text) for name, text in labels.items() if text))


def fingerprint(rule: str, labels: Labels) -> str:
    """The identity of an alarm as text: rule name and labels, `p95 latency{host="a"}`."""
    inside = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
    return f"{rule}{{{inside}}}" if inside else rule


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def same_names(rules: Iterable[Rule]) -> str | None:
    """A name that two rules have; None when each has its own."""
    seen: set[str] = set()
    for rule in rules:
        if rule.name in seen:
            return rule.name
        seen.add(rule.name)
    return None


# ---- lengths of time -------------------------------------------------------------------------------------------

_LENGTH = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")


def seconds(text: str) -> float:
    """A length of time as Prometheus writes it: `1h30m`, `90s`, `1w`, `0`; units from large to small, each once.

    Raises BadSettings.
    """
    found = _LENGTH.fullmatch(text.strip()) if len(text) < 100 else None
    if text.strip() == "0":
        return 0.0
    if found is None or not any(found.groups()):
        raise BadSettings(f"`{text[:40]}` is no length of time", do="Write it as 90s, 5m, 1h30m, 2d or 1w")
    units = ("y", "w", "d", "h", "m", "s", "ms")
    total = sum(int(part) * UNITS_MS[unit] for part, unit in zip(found.groups(), units, strict=True) if part)
    return total / 1000


def length(seconds_: float) -> str:
    """The other way round: `5400` is `1h30m`; years and weeks only where nothing is left over, as Prometheus does."""
    rest = round(seconds_ * 1000)
    if rest == 0:
        return "0s"
    text = ""
    for unit, whole in (("y", True), ("w", True), ("d", False), ("h", False), ("m", False), ("s", False),
                        ("ms", False)):
        size = UNITS_MS[unit]
        if rest < size or (whole and rest % size):
            continue
        text += f"{rest // size}{unit}"
        rest %= size
    return text

"""Rules as they are written: `[[alarm]]` tables in `pilothouse.toml` or in a file of their own.

    [[alarm]]
    name = "slow answers"
    metric = "latency_p95"
    by = "model_version"
    when = "> 250"          # or band = { ... }, or objective = 0.999
    clear = 200
    for = "5m"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from console.alarms.rules import (
    MONTH_S,
    PAGE_FACTORS,
    Band,
    BurnRate,
    Condition,
    Factor,
    NoData,
    Op,
    Rule,
    Severity,
    Side,
    Threshold,
    length,
    same_names,
    seconds,
)
from console.errors import BadSettings
from console.logs.names import SETTINGS
from console.roles import SERIES_ROLES, Role

MOST_BYTES = 5_000_000
WHEN = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(%?)\s*")

ALLOWED: dict[str, str] = {
    "name": "a name that no other alarm has",
    "metric": "the name of a metric, as in latency_p95, or sampled: and the name of a series",
    "when": "a comparison with a number, as in \"> 250\" or \"< 2%\"",
    "clear": "a number on the good side of the threshold; of a band a smaller width",
    "band": "{ width = 4, side = \"above\", median = [...], scale = [...], period = \"1d\" }",
    "objective": "a share between 0 and 1, as in 0.999",
    "factors": "a list of { factor = 14.4, long = \"1h\", short = \"5m\" }",
    "period": "a length of time, as in \"30d\"",
    "by": ", ".join(SERIES_ROLES),
    "where": "{ host = \"serve-1\" }, with one of " + ", ".join(SERIES_ROLES),
    "min_samples": "a whole number",
    "limit": "a whole number",
    "no_data": ", ".join(NoData),
    "severity": ", ".join(Severity),
    "sentence": "text in quotes",
    "runbook": "text in quotes",
    "labels": "{ team = \"search\" }",
    "enabled": "true or false",
    "proposed": "true or false",
    **dict.fromkeys(("over", "every", "lag", "for", "keep_firing_for", "no_data_for"),
                    "a length of time, as in 90s, 5m or 1h30m"),
}
"""Every key of an alarm, and what it may be."""


class _Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    width: float
    median: tuple[float, ...]
    scale: tuple[float, ...]
    side: Side = Side.BOTH
    period: str = "0s"


class _Factor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    factor: float
    long: str
    short: str


class _Alarm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"for_": "for"}):
    name: str
    metric: str
    when: str | None = None
    clear: float | None = None
    band: _Band | None = None
    objective: float | None = None
    factors: tuple[_Factor, ...] | None = None
    period: str | None = None
    by: str | None = None
    where: dict[str, str] = {}
    over: str = "0s"
    every: str = "1m"
    lag: str = "0s"
    for_: str = "0s"
    keep_firing_for: str = "0s"
    min_samples: int = 0
    no_data: NoData = NoData.NO_DATA
    no_data_for: str = "5m"
    limit: int = 0
    severity: Severity = Severity.TICKET
    sentence: str = ""
    runbook: str = ""
    labels: dict[str, str] = {}
    enabled: bool = True
    proposed: bool = False


# ---- reading ---------------------------------------------------------------------------------------------------

def rules_from(tables: Iterable[Mapping[str, Any]], *, file: str = SETTINGS) -> tuple[Rule, ...]:
    """The rules of these tables. Raises BadSettings that names file, rule, key and what is allowed."""
    rules = tuple(_rule(table, f"{file}, alarm {number}", file) for number, table in enumerate(tables, start=1))
    twice = same_names(rules)
    if twice is not None:
        raise BadSettings("Two alarms have this name", where=f"{file}, alarm `{twice}`", do="Give each one its own")
    return rules


def read_toml(path: Path) -> tuple[Rule, ...]:
    """The rules of a file of their own: nothing but `[[alarm]]` tables. Raises BadSettings."""
    text = text_of(path)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"It is not valid TOML: {error}", where=path.name, do="Mend this line") from error
    other = next((key for key in raw if key != "alarm"), None)
    tables = raw.get("alarm", [])
    if other is not None:
        raise BadSettings(f"There is no setting `{other}` in a file of rules", where=path.name,
                          do="Write rules as [[alarm]] tables")
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise BadSettings("`alarm` must be a list of tables", where=path.name, do="Write each as [[alarm]]")
    return rules_from(tables, file=path.name)


def text_of(path: Path) -> str:
    """A file of rules as text. Raises BadSettings."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadSettings(f"The file is larger than {MOST_BYTES:,} bytes", where=path.name, do="Make it shorter")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadSettings("The file is not UTF-8 text", where=path.name, do="Save it as UTF-8") from error
    except OSError as error:
        raise BadSettings(f"The file could not be read ({error.strerror or error})", where=str(path),
                          do="Check the path") from error


def _rule(table: Mapping[str, Any], where: str, file: str) -> Rule:
    name = table.get("name")
    if isinstance(name, str) and name.strip():
        where = f"{file}, alarm `{name[:80]}`"

    def fail(key: str, what: str) -> BadSettings:
        allowed = f"`{key}` must be {ALLOWED[key]}" if key in ALLOWED else f"Allowed are {', '.join(ALLOWED)}"
        return BadSettings(what, where=where, do=allowed)

    unknown = next((key for key in table if key not in ALLOWED), None)
    if unknown is not None:
        raise fail(unknown, f"There is no setting `{unknown}` of an alarm")
    missing = next((key for key in ("name", "metric") if key not in table), None)
    if missing is not None:
        raise fail(missing, f"`{missing}` is not given")
    try:
        said = msgspec.convert(dict(table), _Alarm)
    except msgspec.ValidationError as error:
        found = re.search(r"\$\.(\w+)", str(error))
        key = found[1] if found else "name"
        raise fail(key, f"`{key}` cannot be {table.get(key)!r:.80} ({re.sub(r' - at .*', '', str(error))})") from error

    def time(key: str, text: str) -> float:
        try:
            return seconds(text)
        except BadSettings as error:
            raise fail(key, error.what) from error

    def whole(key: str, text: str) -> int:
        found = time(key, text)
        if found != int(found):
            raise fail(key, f"`{key}` is no whole number of seconds")
        return int(found)

    def role(key: str, text: str) -> Role:
        if text not in SERIES_ROLES:
            raise fail(key, f"There is no split by {text!r}")
        return Role(text)

    try:
        condition = _condition(said, fail, time)
        return Rule(
            said.name, said.metric, condition, role("by", said.by) if said.by is not None else None,
            {role("where", key): text for key, text in said.where.items()}, whole("over", said.over),
            whole("every", said.every), whole("lag", said.lag), time("for", said.for_),
            time("keep_firing_for", said.keep_firing_for), said.min_samples, said.no_data,
            time("no_data_for", said.no_data_for), said.limit, said.severity, said.sentence, said.runbook, said.labels,
            said.enabled, said.proposed)
    except BadSettings as error:
        if error.where == where:
            raise
        raise BadSettings(error.what, where=where, do=error.do) from error


def _condition(said: _Alarm, fail: Any, time: Any) -> Condition:
    given = [key for key in ("when", "band", "objective") if getattr(said, key) is not None]
    if len(given) != 1:
        raise fail("when", "One of `when`, `band` and `objective` must say what is bad"
                   + (f", not {' and '.join(given)}" if given else ""))
    if said.objective is None and (said.factors is not None or said.period is not None):
        raise fail("objective", "`factors` and `period` belong to an `objective`, which is not given")
    if said.band is not None:
        band = said.band
        period = time("band", band.period)
        if period != int(period):
            raise fail("band", "The period is no whole number of seconds")
        return Band(int(period), band.width, band.side, band.median, band.scale, said.clear)
    if said.objective is not None:
        if said.clear is not None:
            raise fail("objective", "A burn rate has no `clear` level: its short window ends it")
        factors = PAGE_FACTORS if said.factors is None else tuple(
            Factor(one.factor, int(time("factors", one.long)), int(time("factors", one.short)))
            for one in said.factors)
        return BurnRate(said.objective, factors, int(time("period", said.period)) if said.period else MONTH_S)
    assert said.when is not None
    found = WHEN.fullmatch(said.when)
    if found is None:
        raise fail("when", f"`{said.when[:60]}` is no comparison with a number")
    value = float(found[2]) / 100 if found[3] else float(found[2])
    return Threshold(Op(found[1]), value, said.clear)


# ---- writing ---------------------------------------------------------------------------------------------------

def tables_of(rules: Iterable[Rule]) -> tuple[dict[str, Any], ...]:
    """The tables of these rules; what is as usual is left out, and what is read again is the same."""
    return tuple(_table(rule) for rule in rules)


def as_toml(rules: Iterable[Rule]) -> str:
    """A file of rules."""
    from console.logs.config import as_tables

    return "\n".join(as_tables("alarm", tables_of(rules))).rstrip("\n") + "\n"


def _table(rule: Rule) -> dict[str, Any]:
    table: dict[str, Any] = {"name": rule.name, "metric": rule.metric}
    match rule.condition:
        case Threshold(op, value, clear):
            table["when"] = f"{op.value} {value!r}".removesuffix(".0")
            table |= {"clear": clear} if clear is not None else {}
        case Band() as band:
            table["band"] = {"width": band.width, "side": str(band.side), "median": list(band.median),
                             "scale": list(band.scale)} | ({"period": length(band.period_s)} if band.period_s else {})
            table |= {"clear": band.clear_width} if band.clear_width is not None else {}
        case BurnRate(objective, factors, period_s):
            table["objective"] = objective
            if factors != PAGE_FACTORS:
                table["factors"] = [{"factor": one.factor, "long": length(one.long_s), "short": length(one.short_s)}
                                    for one in factors]
            if period_s != MONTH_S:
                table["period"] = length(period_s)
    usual = _Alarm("", "")
    plain: dict[str, Any] = {
        "by": str(rule.by) if rule.by is not None else None, "where": {str(key): text for key, text in
                                                                       rule.where.items()},
        "over": length(rule.over_s) if rule.over_s != rule.every_s else usual.over, "every": length(rule.every_s),
        "lag": length(rule.lag_s), "for": length(rule.for_s), "keep_firing_for": length(rule.keep_firing_for_s),
        "min_samples": rule.min_samples, "no_data": str(rule.no_data), "no_data_for": length(rule.no_data_for_s),
        "limit": rule.limit, "severity": str(rule.severity), "sentence": rule.sentence, "runbook": rule.runbook,
        "labels": dict(rule.labels), "enabled": rule.enabled, "proposed": rule.proposed}
    names = {"for": "for_"}
    return table | {key: value for key, value in plain.items() if value != getattr(usual, names.get(key, key))}

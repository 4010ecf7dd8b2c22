"""The sentences: plain words and numbers. Names and values from the log are data in them, cut and on one line."""

from __future__ import annotations

import re

import numpy as np

from console.drift.counts import CountTable
from console.drift.finding import Finding
from console.drift.result import TestResult
from console.drift.shapes import cut
from console.drift.verdict import LEVEL, MIN_ROWS, Scale, limits
from console.drift.view import ColumnDrift, Verdict
from console.metrics.format import format_count, format_number, format_value

PLAIN_NAME = re.compile(r"[A-Za-z_][\w.\-]{0,39}", re.ASCII)
LEAST_NAMED = 0.01
"""A value that is new or gone is named from this share on, and a change of share from half of it."""
NAMED_AT_MOST = 3


def sentence(finding: Finding, verdict: Verdict, p_adjusted: float) -> str:
    """One sentence with the numbers that the verdict rests on."""
    name = quoted(finding.column)
    if finding.kind == "missing":
        return f"{_missing(name, finding)}{_why_not(finding, verdict, p_adjusted)}."
    if verdict is Verdict.TOO_FEW or finding.result is None:
        return f"{name}: too few to say: {_too_few(*finding.sizes)}."
    cause = f"; {finding.cause}" if finding.cause and verdict in (Verdict.ALARM, Verdict.WATCH) else ""
    whole = finding.reference.values == finding.reference.rows and finding.current.values == finding.current.rows
    subject = name if whole else f"the values of {name}"
    return f"{subject} {_did(finding, verdict, p_adjusted)}: {finding.facts}, {_size(finding)}, " \
           f"{p_text(p_adjusted)}, {_against(*finding.sizes)}{cause}."


def overall(columns: tuple[ColumnDrift, ...], verdict: Verdict, n_tests: int) -> str:
    """All columns in one sentence, the worst named."""
    if not columns:
        return "No column to compare."
    if verdict is Verdict.TOO_FEW:
        return f"Too few to say: every column has fewer than {MIN_ROWS} values on a side."
    names = len({row.column for row in columns})
    tests = f"{format_count(n_tests)} {'test' if n_tests == 1 else 'tests'}"
    moved = [row for row in columns if row.verdict in (Verdict.ALARM, Verdict.WATCH)]
    if not moved:
        few = len({row.column for row in columns if row.verdict is Verdict.TOO_FEW})
        return f"None of {names} columns moved ({tests})" + (f"; {few} with too few values to say." if few else ".")
    shown = ", ".join(_named(row) for row in moved[: NAMED_AT_MOST])
    rest = f" and {len(moved) - NAMED_AT_MOST} more" if len(moved) > NAMED_AT_MOST else ""
    several = len({row.column for row in moved})
    return f"{several} of {names} {'column' if names == 1 else 'columns'} moved: {shown}{rest} ({tests})."


def quoted(name: str) -> str:
    """A name from the log: as it is when it looks like a name, in quotation marks when it could be taken for words."""
    return name if PLAIN_NAME.fullmatch(name) else f"“{cut(name)}”"


def value_text(value: str) -> str:
    """A value from the log, the same way, shorter."""
    return value if PLAIN_NAME.fullmatch(value) or _is_number(value) else f"“{cut(value, 30)}”"


def from_to(before: float, after: float) -> str:
    """`24.5 → 44.1`; more digits where three would look the same."""
    texts = format_number(before), format_number(after)
    if texts[0] == texts[1] and before != after:
        texts = f"{before:.6g}", f"{after:.6g}"
    return f"{texts[0]} → {texts[1]}"


def shares_from_to(before: float, after: float) -> str:
    """`3.10 % → 37.0 %`."""
    return f"{format_value(before, 'share')} → {format_value(after, 'share')}"


def p_text(p_value: float) -> str:
    """Adjusted p, in words; below 1e-12 its digits mean nothing."""
    return "adjusted p < 1e-12" if p_value < 1e-12 else f"adjusted p {p_value:.2g}"


def points(result: TestResult) -> str:
    """`+34 points, 95 % interval 33 to 35`: as many digits as the interval is narrow."""
    width = (result.effect_high - result.effect_low) * 100
    digits = 0 if width >= 1.5 else 1 if width >= 0.15 else 2
    low, high = (round(end * 100, digits) + 0.0 for end in (result.effect_low, result.effect_high))
    middle = round(result.effect * 100, digits) + 0.0
    return f"{middle:+.{digits}f} points, 95 % interval {low:.{digits}f} to {high:.{digits}f}"


def changes(table: CountTable, unseen: float) -> str:
    """New and vanished values, and the largest changes of share."""
    p, q = table.shares()
    order = [int(i) for i in np.argsort(-np.abs(p - q), kind="stable")]
    new = [i for i in order if p[i] == 0 and q[i] >= LEAST_NAMED][:NAMED_AT_MOST]
    gone = [i for i in order if q[i] == 0 and p[i] >= LEAST_NAMED][:NAMED_AT_MOST]
    others = [i for i in order if p[i] > 0 and q[i] > 0 and abs(p[i] - q[i]) >= LEAST_NAMED / 2][:NAMED_AT_MOST]
    clauses = [_listed("new value", new, [f"at {format_value(float(q[i]), 'share')}" for i in new], table),
               _listed("vanished value", gone, [f"({format_value(float(p[i]), 'share')} before)" for i in gone], table),
               _listed("largest change", others, [shares_from_to(float(p[i]), float(q[i])) for i in others], table)]
    if unseen:
        clauses.append(f"{format_value(unseen, 'share')} of the rows hold values that the reference never had")
    said = "; ".join(clause for clause in clauses if clause)
    return said or f"no share of {len(table.labels)} {'value' if len(table.labels) == 1 else 'values'} " \
                   f"changed by half a point"


def _listed(what: str, places: list[int], numbers: list[str], table: CountTable) -> str:
    if not places:
        return ""
    named = [f"{value_text(table.labels[i])} {number}" for i, number in zip(places, numbers, strict=True)]
    return f"{what}{'s' if len(named) > 1 else ''} {', '.join(named)}"


def _missing(name: str, finding: Finding) -> str:
    before, after = finding.reference, finding.current
    if not before.values and not after.values:
        return f"{name} is empty on both sides"
    if not after.values:
        return f"{name} vanished: in no row of the current window"
    if not before.values:
        return f"{name} is new: in no row of the reference"
    return f"{name} is missing in {format_value(after.missing_share, 'share')} of rows, " \
           f"{format_value(before.missing_share, 'share')} before ({finding.facts})"


def _why_not(finding: Finding, verdict: Verdict, p_adjusted: float) -> str:
    """Why a change of a missing rate was not called one."""
    if verdict is Verdict.TOO_FEW:
        return f"; too few to say: {_too_few(*finding.sizes, 'rows')}"
    if verdict is not Verdict.NONE or not finding.result or not finding.result.effect or not finding.reference.values:
        return ""
    return ": too little to matter" if p_adjusted < LEVEL else ": no more than chance explains"


def _did(finding: Finding, verdict: Verdict, p_adjusted: float) -> str:
    if verdict is not Verdict.NONE:
        return finding.moved
    if p_adjusted < LEVEL:
        return "moved too little to matter"
    watch, _ = limits(finding.scale)
    assert finding.result is not None
    return "moved no more than chance explains" if abs(finding.result.effect) >= watch else "did not move"


def _size(finding: Finding) -> str:
    assert finding.result is not None
    watch, alarm = limits(finding.scale)
    effect = abs(finding.result.effect)
    name, limit = ("alarm", alarm) if effect >= watch else ("watch", watch)
    if finding.scale is Scale.RATE:
        return f"{name} at {limit * 100:.0f} {'point' if limit < 0.015 else 'points'}"
    what = {"D": "D", "excess TVD": "distance beyond chance"}.get(finding.result.effect_name, "new rows beyond chance")
    return f"{what} {_effect_text(effect)} ({name} at {limit:.2f})"


def _named(row: ColumnDrift) -> str:
    if row.kind == "missing":
        if row.missing_current == 1 or row.missing_reference == 1:
            return f"{quoted(row.column)} ({'vanished' if row.missing_current == 1 else 'new'})"
        return f"{quoted(row.column)} (missing {shares_from_to(row.missing_reference, row.missing_current)})"
    if row.effect_name == "difference":
        return f"{quoted(row.column)} ({row.effect * 100:+.2g} points)"
    what = "D" if row.effect_name == "D" else "distance"
    return f"{quoted(row.column)} ({what} {_effect_text(row.effect)})"


def _effect_text(effect: float) -> str:
    return format_number(effect) if effect >= 0.001 or not effect else "under 0.001"


def _too_few(n_reference: int, n_current: int, what: str = "values") -> str:
    short = [f"{format_count(n)} {what} in the {side}"
             for n, side in ((n_reference, "reference"), (n_current, "current window")) if n < MIN_ROWS]
    return f"{' and '.join(short)}, {MIN_ROWS} needed"


def _against(n_reference: int, n_current: int) -> str:
    return f"{format_count(n_reference)} against {format_count(n_current)} rows"


def _is_number(value: str) -> bool:
    return bool(re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", value, re.ASCII))

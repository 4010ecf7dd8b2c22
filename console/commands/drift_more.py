"""`pilothouse drift --outcomes | --joint | --skew`: the questions of drift beyond single columns."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from console.commands.common import iso, opened, print_json, say, terminal_job
from console.drift.estimated import Estimate
from console.drift.outcomes_view import Figure, OutcomesView
from console.drift.together import TogetherView
from console.drift.training import SkewRow, TrainingView
from console.drift.view import Verdict
from console.errors import BadSettings
from console.metrics.format import format_value
from console.window import Window, from_epoch

if TYPE_CHECKING:
    from console.session import Session
    from console.session.selection import Side as ChosenSide

NOT_YET = "no labels"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was given on the command line."""

    outcomes: bool
    joint: bool
    skew: bool
    reference: str | None
    reference_file: Path | None
    reference_stream: str
    current: str | None
    reference_version: str
    current_version: str


WindowOf = Callable[[str, "ChosenSide", "Window | None", "Session"], Window]
"""A window from what was given for a side; the other one is known where that side is the reference."""


def answer(target: Path | None, asked: Asked, window_of: WindowOf, *, fresh: bool, json: bool) -> Verdict:
    """Print it; gives the verdict."""
    if target is None:
        raise BadSettings("These questions need a folder", do="Give the log folder before the options")
    if asked.outcomes + asked.joint + asked.skew > 1:
        raise BadSettings("One question at a time", do="Give one of --outcomes, --joint and --skew")
    given = [bool(asked.reference), asked.reference_file is not None, bool(asked.reference_stream)]
    if sum(given) > 1 or (not any(given) and not asked.skew and not asked.reference_version):
        raise BadSettings("One reference is needed", do="Give --reference A..B, --reference-stream NAME, "
                                                        "--reference-file F or --reference-version V")
    if asked.current is None and not asked.skew:
        raise BadSettings("The current window is not given", do="Give --current C..D")
    from console.session.sides import Reference, others

    with opened(target, fresh=fresh) as session, terminal_job() as job:
        current = window_of(asked.current, "current", None, session) if asked.current else None
        window = window_of(asked.reference, "reference", current, session) if asked.reference else None
        relative = session.store.relative
        if asked.reference_version and not any(given):
            window = current
        reference = Reference(window, asked.reference_stream, asked.reference_file, asked.reference_version)
        version = asked.current_version or (others(asked.reference_version) if asked.reference_version else "")
        if asked.outcomes:
            outcomes = session.outcomes(job, reference, current, version)
            print_json(outcomes_document(outcomes)) if json else _tell_outcomes(outcomes)
            return outcomes.verdict
        if asked.joint:
            joint = session.together(job, reference, current, version)
            print_json(together_document(joint, relative=relative)) if json else _tell_together(joint)
            return joint.verdict
        skew = session.training(job, reference, current, version)
        print_json(training_document(skew, relative=relative)) if json else _tell_training(skew)
        return skew.verdict


# ---- documents ---------------------------------------------------------------------------------------------


def outcomes_document(view: OutcomesView) -> dict[str, Any]:
    """As JSON: what moved, figures, signals, buckets."""
    buckets = view.buckets
    relative = view.relative
    shown = [{"start": iso(from_epoch(float(start)), relative=relative), "requests": int(n), "outcomes": int(told),
              "expected_share": _number(expected), "state": state.value,
              **{_key(measure.name): {"value": _number(measure.value[place]), "low": _number(measure.low[place]),
                                      "high": _number(measure.high[place])} for measure in buckets.measures}}
             for place, (start, n, told, expected, state) in enumerate(zip(
                 buckets.start_s, buckets.n, buckets.n_told, buckets.expected, buckets.state, strict=True))]
    return {"outcomes": {
        "task": view.task.value, "answer": view.answer_name, "outcome": view.outcome_name,
        "moved": [{"what": one.what, "name": one.name, "verdict": one.verdict.value if one.verdict else None,
                   "sentence": one.sentence} for one in view.moved],
        "figures": [{"name": one.name, "unit": one.unit or None, "reference": _number(one.reference),
                     "current": _number(one.current), "expected": _estimate(Estimate(one.expected, one.low, one.high))}
                    for one in view.figures],
        "label_shift": [{"label": one.label, "reference": one.reference,
                         "expected": _estimate(Estimate(one.current, one.low, one.high))} for one in view.shift],
        "signals": [{"detector": one.detector, "at": iso(one.at, relative=relative),
                     "began": iso(one.began, relative=relative), "rising": one.rising, "before": one.before,
                     "after": one.after, "alarms": one.times, "sentence": one.sentence} for one in view.signals],
        "strata": [{"name": name, "n_reference": one.n_reference, "n_current": one.n_current,
                    "reference": one.reference, "current": one.current}
                   for name, one in zip(view.strata_names, view.strata, strict=True)],
        "bucket_s": buckets.bucket_s,
        "usual": {_key(measure.name): _number(measure.usual) for measure in buckets.measures},
        "ripe_until": iso(view.ripe_until, relative=relative), "usual_wait_s": view.usual_wait_s, "buckets": shown},
        "dataset": {
            "reference": _side(view.reference, view.reference_name, view.n_reference, relative)
            | {"outcomes": view.told_reference},
            "current": _side(view.current, view.current_name, view.n_current, relative)
            | {"outcomes": view.told_current, "judged": view.judged_current},
            "each": view.each, "verdict": view.verdict.value, "sentence": view.sentence, "notes": list(view.notes),
            "command": view.command, "seconds": round(view.seconds, 6)}}


def together_document(view: TogetherView, *, relative: bool) -> dict[str, Any]:
    """As JSON: the classifier with its columns, and the pairs."""
    return {"classifier": {"auc": view.auc, "low": view.auc_low, "high": view.auc_high, "p_value": view.p_value,
                           "sentence": view.sentence,
                           "columns": [{"column": one.column, "auc_lost": one.auc_lost} for one in view.columns]},
            "correlations": [{"column": pair.change.column, "other": pair.change.other,
                              "reference": pair.change.reference, "current": pair.change.current, "z": pair.change.z,
                              "p_value": pair.change.p_value, "p_adjusted": pair.change.p_adjusted,
                              "verdict": pair.verdict.value} for pair in view.pairs],
            "dataset": {"reference": _side(view.reference, view.reference_name, view.n_reference, relative),
                        "current": _side(view.current, view.current_name, view.n_current, relative),
                        "pairs_sentence": view.pairs_sentence, "verdict": view.verdict.value,
                        "sentence": view.sentence, "command": view.command, "seconds": round(view.seconds, 6)}}


def training_document(view: TrainingView, *, relative: bool) -> dict[str, Any]:
    """As JSON: a row for each column."""
    return {"columns": [_skew_row(row) for row in view.columns],
            "dataset": {"reference": _side(view.reference, view.reference_name, view.n_reference, relative),
                        "current": _side(view.current, view.current_name, view.n_current, relative),
                        "same_requests": view.compared, "verdict": view.verdict.value, "sentence": view.sentence,
                        "command": view.command, "seconds": round(view.seconds, 6)}}


def _skew_row(row: SkewRow) -> dict[str, Any]:
    drift, same = row.drift, row.mismatch
    return {"column": row.column, "training": row.training or None, "serving": row.serving or None,
            "test": drift.test if drift else None, "effect": _number(drift.effect) if drift else None,
            "effect_name": drift.effect_name if drift else None,
            "p_adjusted": _number(drift.p_adjusted) if drift else None,
            "mismatch": None if same is None or not same.compared else
            {"rate": same.rate, "compared": same.compared, "differing": same.differing,
             "missing_training": same.missing_training, "missing_serving": same.missing_serving,
             "usual_ratio": _number(same.usual_ratio), "usual_offset": _number(same.usual_offset),
             "examples": [list(one) for one in same.examples]},
            "cause": row.cause or None, "verdict": row.verdict.value, "sentence": row.sentence}


def _side(window: Window | None, name: str, n: int, relative: bool) -> dict[str, Any]:
    start, end = (window.start, window.end) if window else (None, None)
    return {"name": name, "from": iso(start, relative=relative), "to": iso(end, relative=relative), "rows": n}


def _key(name: str) -> str:
    return name.lower().replace(" ", "_")


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _estimate(found: Estimate) -> dict[str, float | None]:
    return {"value": _number(found.value), "low": _number(found.low), "high": _number(found.high)}


# ---- for people --------------------------------------------------------------------------------------------


def _tell_outcomes(view: OutcomesView) -> None:
    say(f"{view.reference_name} ({view.n_reference:,} requests, {view.told_reference:,} with outcomes) against "
        f"{view.current_name} ({view.n_current:,} requests, {view.told_current:,} with outcomes, "
        f"{view.judged_current:,} old enough)")
    for one in view.moved:
        verdict = one.verdict.value.replace("_", " ") if one.verdict is not None else NOT_YET
        typer.echo(f"{one.what:<7} {verdict:<9} {one.sentence}")
    for figure in view.figures:
        typer.echo(f"        {_told(figure)}")
    for signal in view.signals:
        typer.echo(f"        {signal.sentence}")
    for note in view.notes:
        typer.echo(f"        {note}")
    say(view.sentence)


def _told(figure: Figure) -> str:
    old, new, expected = (format_value(value, figure.unit) for value in (figure.reference, figure.current,
                                                                          figure.expected))
    said = f"{figure.name}: {old} → {new if math.isfinite(figure.current) else NOT_YET}"
    return said if not math.isfinite(figure.expected) else \
        f"{said}; expected without labels {expected} ({format_value(figure.low, figure.unit)} to " \
        f"{format_value(figure.high, figure.unit)})"


def _tell_together(view: TogetherView) -> None:
    say(f"{view.reference_name} ({view.n_reference:,} rows) against {view.current_name} ({view.n_current:,} rows)")
    for one in view.columns:
        typer.echo(f"{one.auc_lost:8.4f}  {one.column}")
    for pair in view.pairs:
        if pair.verdict is not Verdict.NONE:
            change = pair.change
            typer.echo(f"{pair.verdict.value:<8} {change.column} and {change.other}: {change.reference:+.3f} → "
                       f"{change.current:+.3f}, adjusted p {change.p_adjusted:.2g}")
    say(view.sentence)
    say(view.pairs_sentence)


def _tell_training(view: TrainingView) -> None:
    say(f"{view.reference_name} ({view.n_reference:,} rows) against {view.current_name} ({view.n_current:,} rows)")
    for row in view.columns:
        typer.echo(f"{row.verdict.value.replace('_', ' '):<8} {row.sentence}")
    say(view.sentence)

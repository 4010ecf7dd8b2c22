"""`pilothouse drift --outcomes | --joint | --skew`: the questions of drift beyond single columns."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from console.commands.common import opened, print_json, say, terminal_job
from console.drift.outcomes_view import Figure, OutcomesView
from console.drift.together import TogetherView
from console.drift.training import TrainingView
from console.drift.view import Verdict
from console.errors import BadSettings
from console.metrics.format import format_value
from console.session.drift_documents import outcomes_document, together_document, training_document
from console.window import Window

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
    incident: str | None = None


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
            _attach(session, asked, outcomes)
            print_json(outcomes_document(outcomes)) if json else _tell_outcomes(outcomes)
            return outcomes.verdict
        if asked.joint:
            joint = session.together(job, reference, current, version)
            _attach(session, asked, joint)
            print_json(together_document(joint, relative=relative)) if json else _tell_together(joint)
            return joint.verdict
        skew = session.training(job, reference, current, version)
        _attach(session, asked, skew)
        print_json(training_document(skew, relative=relative)) if json else _tell_training(skew)
        return skew.verdict


def _attach(session: Session, asked: Asked, view: OutcomesView | TogetherView | TrainingView) -> None:
    if asked.incident is not None:
        session.attach_answer(asked.incident, view)
        say(f"Attached to {asked.incident}.")


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

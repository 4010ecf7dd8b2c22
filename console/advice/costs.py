"""What right and wrong answers cost, and none at all: as set, or by defaults that say what they mean."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from console.advice.labelled import Labelled, OutcomeKind
from console.advice.view import CostsUsed
from console.drift.result import NAN, Floats
from console.metrics.format import format_number


def costs_used(rows: Labelled, before: Floats, said: Mapping[str, float]) -> CostsUsed:
    """What is reckoned with.

    before  outcomes that had come before the shock
    said    false_positive, false_negative and pause, as far as the user says them
    """
    if rows.kind is OutcomeKind.AMOUNTS:
        pause = said.get("pause", float(np.abs(before - np.median(before)).mean()))
        return CostsUsed(rows.kind.value, 1.0, 1.0, pause, NAN, "the outcome's unit",
                         f"An answer costs what it misses the outcome by; none costs {format_number(pause)}"
                         f"{_set(said, 'pause', 'as much as the median did before the shock')}.")
    if rows.kind is OutcomeKind.CLASSES:
        share = float(np.bincount(before.astype(np.int64)).max()) / len(before)
        pause = said.get("pause", 1 - share)
        return CostsUsed(rows.kind.value, 1.0, 1.0, pause, NAN, "a wrong answer",
                         f"A wrong answer costs 1; none costs {format_number(pause)}"
                         f"{_set(said, 'pause', 'as much as the most frequent class did before the shock')}.")
    rate = min(max(float(before.mean()), 1e-6), 1 - 1e-6)
    positive = said.get("false_positive", 1.0)
    negative = said.get("false_negative", positive * (1 - rate) / rate if positive > 0 else 1.0)
    pause = said.get("pause", min(rate * negative, (1 - rate) * positive))
    return CostsUsed(rows.kind.value, positive, negative, pause, positive / (positive + negative), "a false positive",
                     f"A false positive costs {format_number(positive)}; a false negative {format_number(negative)}"
                     f"{_set(said, 'false_negative', 'so that always yes and always no were equally dear before')}; "
                     f"no answer {format_number(pause)}"
                     f"{_set(said, 'pause', 'as much as the best constant answer did before')}.")


def of_choices(rows: Labelled, choice: Floats, costs: CostsUsed) -> Floats:
    """The cost of each request: NaN where no outcome is known, that of a pause where there is no answer.

    choice  0 or 1, the number of a class, or an amount; NaN for no answer
    """
    y = rows.truth
    if rows.kind is OutcomeKind.AMOUNTS:
        paid = np.abs(choice - y)
    elif rows.kind is OutcomeKind.CLASSES:
        paid = (choice != y).astype(np.float64)
    else:
        paid = np.where(choice >= 0.5, np.where(y < 0.5, costs.false_positive, 0.0),
                        np.where(y >= 0.5, costs.false_negative, 0.0))
    paid = np.where(np.isfinite(choice), paid, costs.pause)
    return np.where(np.isfinite(y), paid, NAN)


def decided(rows: Labelled, costs: CostsUsed) -> Floats:
    """What the model decided, as logged; a score without a decision is yes from the threshold on."""
    if rows.kind is not OutcomeKind.YES_NO:
        return rows.answer
    by_score = np.where(np.isfinite(rows.answer), (rows.answer >= costs.threshold).astype(np.float64), NAN)
    return np.where(np.isfinite(rows.choice), rows.choice, by_score)


def _set(said: Mapping[str, float], key: str, default: str) -> str:
    return "" if key in said else f" ({default})"

"""The table of false alarms of P(Y|X): the relation stands still, 200 seeds for each size of the windows."""

from __future__ import annotations

import numpy as np
import pytest

from console.drift.concept import residuals, stratified, within_classes
from console.drift.view import Verdict

SEEDS = 200
SIZES = ((1000, 500), (2000, 1000), (5000, 2500))
WATCHED_AT_MOST, ALARMED_AT_MOST = 18, 7


def even(generator, rows, moved):
    """Calibrated scores, half of the labels are 1."""
    score = generator.beta(4.0 if moved else 2.0, 2.0, rows)
    return score, (generator.random(rows) < score).astype(float)


def rare(generator, rows, moved):
    """Clicks in about 4 of 100 requests."""
    score = generator.beta(1.5 if moved else 1.0, 24.0, rows)
    return score, (generator.random(rows) < score).astype(float)


def classes(generator, rows, moved):
    """Four answers, each right as often as it ever was."""
    answer = generator.choice(4, rows, p=(0.1, 0.2, 0.3, 0.4) if moved else (0.4, 0.3, 0.2, 0.1))
    return answer.astype(float), (generator.random(rows) < np.array([0.9, 0.8, 0.7, 0.95])[answer]).astype(float)


def numbers(generator, rows, moved):
    """A regression with errors of one size."""
    predicted = generator.normal(1.0 if moved else 0.0, 1, rows)
    return predicted, predicted + generator.normal(size=rows)


JUDGES = (("label by score, half of them 1", even, stratified), ("label by score, 4 % of them 1", rare, stratified),
          ("right or wrong by class", classes, within_classes), ("errors of a regression", numbers, residuals))


@pytest.mark.long
def test_that_a_relation_that_stands_still_seldom_alarms_whether_the_inputs_moved_or_not(capsys):
    lines = [f"{'P(Y|X) stands still, share of runs':36}{'rows':>12}{'watch':>8}{'alarm':>8}{'inputs moved:':>15}"
             f"{'watch':>8}{'alarm':>8}"]
    over = []
    for name, draw, judged in JUDGES:
        for n, m in SIZES:
            found = []
            for moved in (False, True):
                verdicts = []
                for seed in range(SEEDS):
                    generator = np.random.default_rng(20_000 + seed)
                    verdicts.append(judged(*draw(generator, n, False), *draw(generator, m, moved)).verdict)
                alarms = verdicts.count(Verdict.ALARM)
                found.append((alarms + verdicts.count(Verdict.WATCH), alarms))
            (watched, alarmed), (also, worse) = found
            lines.append(f"{name:36}{f'{n:,}/{m:,}':>12}{watched / SEEDS:8.3f}{alarmed / SEEDS:8.3f}{'':15}"
                         f"{also / SEEDS:8.3f}{worse / SEEDS:8.3f}")
            if max(watched, also) > WATCHED_AT_MOST or max(alarmed, worse) > ALARMED_AT_MOST:
                over.append(lines[-1])
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert not over

"""What could have answered costs what a sum over the rows says, and is recommended only beyond chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.tree import DecisionTreeClassifier

from console.advice.differences import estimate
from console.advice.labelled import OutcomeKind
from console.advice.response import TRAILING, simulate
from console.errors import TooFewRows
from tests.console.advice.made import END_S, SHOCK_S, made

COSTS = {"false_positive": 1.0, "false_negative": 1.0, "pause": 0.7}
HOURS = (END_S - SHOCK_S) / 3600


def test_that_costs_per_hour_are_those_of_a_plain_sum() -> None:
    rows = made(wait_s=0.0)
    view = simulate(rows, SHOCK_S, END_S, COSTS)
    since = rows.at_s >= SHOCK_S
    lines = {line.name: line for line in view.lines}
    wrong = (rows.answer[since] >= 0.5) != (rows.truth[since] == 1)
    assert lines["model"].mean == pytest.approx(wrong.sum() / HOURS)
    assert lines["pause"].mean == pytest.approx(0.7 * since.sum() / HOURS)
    assert lines["pause"].mean_low == pytest.approx(lines["pause"].mean_high)
    first = since & (rows.at_s < SHOCK_S + view.bucket_s)
    wrong_first = (rows.answer[first] >= 0.5) != (rows.truth[first] == 1)
    assert lines["model"].costs[0] == pytest.approx(wrong_first.sum() / (view.bucket_s / 3600))


def test_that_costs_differences_and_intervals_are_those_of_pandas() -> None:
    rows = made(3000, wait_s=0.0)
    view = simulate(rows, SHOCK_S, END_S, {"false_positive": 2.0, "false_negative": 3.0, "pause": 0.9})
    lines = {line.name: line for line in view.lines}
    table = pd.DataFrame({"at": rows.at_s, "y": rows.truth, "score": rows.answer, "x": rows.inputs["x"]})
    before, table = table[table["at"] < SHOCK_S], table[table["at"] >= SHOCK_S].copy()
    tree = DecisionTreeClassifier(max_depth=1, min_samples_leaf=20).fit(
        before[["x"]], before["y"], sample_weight=before["y"].map({1.0: 3.0, 0.0: 2.0}))
    said = {"model": table["score"] >= 2 / 5, "constant": pd.Series(before["y"].mean() > 2 / 5, table.index),
            "stump": pd.Series(tree.predict(table[["x"]]) == 1, table.index)}
    for name, yes in said.items():
        table[name] = np.select([yes & (table["y"] == 0), ~yes & (table["y"] == 1)], [2.0, 3.0], 0.0)
    table["pause"] = 0.9
    table["stretch"] = ((table["at"] - SHOCK_S) // view.bucket_s).astype(int)
    rate = len(table) / HOURS
    for name in ("model", "pause", "constant", "stump"):
        assert lines[name].mean == pytest.approx(table[name].mean() * rate), name
        hourly = table.groupby("stretch")[name].sum() / (view.bucket_s / 3600)
        assert lines[name].costs[:len(hourly)] == pytest.approx(hourly.to_numpy(), nan_ok=True)
        if name == "model":
            continue
        less = table[name] - table["model"]
        blocks = (less - less.mean()).groupby(table["stretch"]).sum()
        k, n, level = len(blocks), len(less), 1 - 0.05 / 2 / (len(lines) - 1)
        half = max(stats.t.ppf(level, n - 1) * less.sem(),
                   stats.t.ppf(level, k - 1) * np.sqrt((blocks**2).sum() * k / (k - 1)) / n)
        assert lines[name].difference == pytest.approx(less.mean() * rate)
        assert (lines[name].difference_low, lines[name].difference_high) == pytest.approx(
            ((less.mean() - half) * rate, (less.mean() + half) * rate)), name


def test_that_the_moment_of_switching_back_is_the_first_at_which_eight_buckets_speak_for_the_model() -> None:
    back_s = SHOCK_S + 40 * 3600
    rows = made(6000, flipped=(SHOCK_S, back_s), wait_s=0.0)
    view = simulate(rows, SHOCK_S, END_S, {"false_positive": 1.0, "false_negative": 1.0, "pause": 0.4})
    table = pd.DataFrame({"at": rows.at_s, "less": 0.4 - ((rows.answer >= 0.5) != (rows.truth == 1))})
    table = table[table["at"] >= SHOCK_S]
    bucket = ((table["at"] - SHOCK_S) // view.bucket_s).astype(int)
    fallen = next(end for end in range(1, 60) if _surely(table["less"][bucket < end], bucket[bucket < end], -1))
    back = next(end for end in range(fallen + TRAILING, 60) if _surely(
        table["less"][(bucket >= end - TRAILING) & (bucket < end)],
        bucket[(bucket >= end - TRAILING) & (bucket < end)], 1))
    assert view.switch_back is not None and "pause" in view.switch_sentence
    assert view.switch_back.timestamp() == pytest.approx(SHOCK_S + back * view.bucket_s)
    assert 0 < view.switch_back.timestamp() - back_s <= (TRAILING + 1) * view.bucket_s


def _surely(less: pd.Series, bucket: pd.Series, sign: int) -> bool:
    """Whether the mean lies beyond 0 on that side, by rows and by buckets."""
    n, sums = len(less), (less - less.mean()).groupby(bucket).sum()
    k = len(sums)
    if n < 30 or k < 3:
        return False
    half = max(stats.t.ppf(0.975, n - 1) * less.sem(),
               stats.t.ppf(0.975, k - 1) * np.sqrt((sums**2).sum() * k / (k - 1)) / n)
    return bool(sign * less.mean() - half > 0)


def test_that_a_model_that_has_turned_wrong_is_fallen_back_from() -> None:
    view = simulate(made(), SHOCK_S, END_S, COSTS)
    assert view.distinguishable and view.recommended == "constant"
    line = next(line for line in view.lines if line.name == "constant")
    assert line.difference_high < 0 and "Fall back" in view.sentence
    assert view.switch_back is None and "not justified yet" in view.switch_sentence


def test_that_a_model_that_is_right_again_is_switched_back_to() -> None:
    back_s = SHOCK_S + 40 * 3600
    view = simulate(made(8000, flipped=(SHOCK_S, back_s)), SHOCK_S, END_S, COSTS)
    assert view.switch_back is not None
    assert 0 < view.switch_back.timestamp() - back_s <= (TRAILING + 1) * view.bucket_s


def test_that_a_good_model_is_kept_and_a_rule_is_learned_from_before_only() -> None:
    rows = made(flipped=(END_S, END_S))
    view = simulate(rows, SHOCK_S, END_S, COSTS)
    assert (view.recommended, view.distinguishable) == ("model", False)     # sign(x) is as good as the model
    rule = next(line for line in view.lines if line.name == "stump")
    assert rule.title.startswith("A rule: x over")
    after = rows.at_s >= SHOCK_S
    turned = replace(rows, truth=np.where(after, 1 - rows.truth, rows.truth))
    assert next(line for line in simulate(turned, SHOCK_S, END_S, COSTS).lines if line.name == "stump").title \
        == rule.title


def test_that_a_shadow_and_an_expression_and_an_earlier_version_are_put_beside_it() -> None:
    rows = made()
    version = np.where(np.arange(len(rows)) % 4 == 0, "v1", "v2").astype(object)
    better = (-rows.inputs["x"] > 0).astype(np.float64)
    rows = replace(rows, shadow=better, expression=1 - better, version=version)
    lines = {line.name: line for line in simulate(rows, SHOCK_S, END_S, COSTS).lines}
    assert lines["shadow"].difference_high < 0
    assert lines["expression"].difference == pytest.approx(0, abs=1e-9)     # says what the model says
    assert lines["version"].n == int(np.sum((rows.at_s >= SHOCK_S) & (version == "v1") & (rows.told_s <= END_S)))
    assert lines["version"].difference_low < 0 < lines["version"].difference_high


def test_that_outcomes_that_have_not_come_do_not_count() -> None:
    rows = made(wait_s=50 * 3600.0)
    view = simulate(rows, SHOCK_S, END_S, COSTS)
    assert view.lines[0].n == int(np.sum((rows.at_s >= SHOCK_S) & (rows.at_s <= END_S - 50 * 3600)))
    with pytest.raises(TooFewRows, match="since the shock"):
        simulate(rows, END_S - 51 * 3600, END_S, COSTS)
    with pytest.raises(TooFewRows, match="before the shock"):
        simulate(rows, 51 * 3600.0, END_S, COSTS)


def test_that_the_defaults_make_both_constants_equally_dear_before() -> None:
    rows = made()
    rare = replace(rows, truth=np.where(np.arange(len(rows)) % 10 == 0, rows.truth, 0.0))
    costs = simulate(rare, SHOCK_S, END_S, {}).costs
    before = rare.truth[rare.known(SHOCK_S) & (rare.at_s < SHOCK_S)]
    assert before.mean() * costs.false_negative == pytest.approx((1 - before.mean()) * costs.false_positive)
    assert costs.pause == pytest.approx(1 - before.mean())
    assert costs.threshold == pytest.approx(before.mean())


def test_that_amounts_and_classes_have_costs_of_their_own() -> None:
    rows = made()
    amounts = replace(rows, kind=OutcomeKind.AMOUNTS, truth=3 * rows.inputs["x"], answer=np.zeros(len(rows)))
    view = simulate(amounts, SHOCK_S, END_S, {})
    since = (rows.at_s >= SHOCK_S) & (rows.told_s <= END_S)
    assert view.lines[0].mean * HOURS / np.sum(rows.at_s >= SHOCK_S) == \
        pytest.approx(np.abs(amounts.truth[since]).mean())
    classes = replace(rows, kind=OutcomeKind.CLASSES, answer=np.round(rows.answer), classes=("no", "yes"))
    found = simulate(classes, SHOCK_S, END_S, {})
    assert found.recommended == "constant" and found.lines[2].title in ("Always no", "Always yes")


def test_that_intervals_hold_their_level_where_neighbours_are_alike() -> None:
    rng = np.random.default_rng(7)
    stretch = np.repeat(np.arange(30), 40)
    surely = sum(not found.low <= 0 <= found.high for found in (
        estimate(np.repeat(rng.normal(size=30), 40) + rng.normal(size=1200), stretch) for _ in range(400)))
    assert 5 <= surely <= 40        # 5 % of 400 are 20

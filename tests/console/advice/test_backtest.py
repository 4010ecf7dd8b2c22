"""Training again is tried in the order in which outcomes came; nothing later is known; figures are scikit-learn's."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from console.advice import backtest as room
from console.advice.backtest import backtest
from console.advice.differences import Estimate
from console.advice.labelled import Labelled
from console.errors import TooFewRows
from console.jobs import JobStopped
from tests.console.advice.made import END_S, SHOCK_S, made


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four steps of few rows, the slow architectures left out."""
    monkeypatch.setattr(room, "SHARES", (0.1, 0.3, 0.6, 0.8))
    monkeypatch.setattr(room, "MOST_TRAINED", 600)
    monkeypatch.setattr(room, "TITLES", {name: title for name, title in room.TITLES.items()
                                         if name not in ("boosting", "neighbours", "importance")})


@pytest.mark.long
def test_that_a_turned_relation_asks_for_new_data_and_a_standing_one_for_nothing() -> None:
    view = backtest(made(3000), SHOCK_S, END_S)
    assert view.chosen in ("post", "weighted", "composed"), view.sentence
    curves = {curve.name: curve for curve in view.strategies}
    assert curves["post"].points[-1].loss < curves["all"].points[-1].loss
    assert curves["post"].beats_old is not None and curves["post"].beats_heuristic is not None
    still = backtest(made(3000, flipped=(END_S, END_S)), SHOCK_S, END_S)
    assert still.chosen == "" and "not distinguishable yet" in still.sentence


def test_that_no_decision_knows_a_later_outcome() -> None:
    rows = made(2500, wait_s=5 * 3600.0)
    view = backtest(rows, SHOCK_S, END_S)
    at = view.decisions[1].at.timestamp()
    later = np.flatnonzero(rows.told_s > at)
    truth = rows.truth.copy()
    truth[later] = np.random.default_rng(5).permutation(1 - truth[later])
    other = backtest(replace(rows, truth=truth), SHOCK_S, END_S)
    assert other.decisions[:2] == view.decisions[:2]
    assert other.decisions[-1] != view.decisions[-1]


def test_that_accuracy_is_that_of_a_plain_script_on_the_same_split() -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, log_loss
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

    rows = made(2000, wait_s=0.0)
    view = backtest(rows, SHOCK_S, END_S)
    points = next(curve for curve in view.strategies if curve.name == "post").points
    first, then = points[1].at.timestamp(), points[2].at.timestamp()
    table = pd.DataFrame({"x": rows.inputs["x"], "noise": rows.inputs["noise"], "device": rows.inputs["device"],
                          "at": rows.at_s, "y": rows.truth})
    train = table[(table["at"] >= SHOCK_S) & (table["at"] <= first)]
    judged = table[(table["at"] > first) & (table["at"] <= then)]
    plain = make_pipeline(make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median", add_indicator=True),
                       QuantileTransformer(n_quantiles=100, output_distribution="normal", subsample=None)),
         ["x", "noise"]), (OneHotEncoder(), ["device"])), LogisticRegression(max_iter=300))
    plain.fit(train[["x", "noise", "device"]], train["y"])
    chance = plain.predict_proba(judged[["x", "noise", "device"]])[:, 1]
    assert points[1].trained_on == len(train) and points[1].n == len(judged)
    assert points[1].accuracy == pytest.approx(accuracy_score(judged["y"], chance >= 0.5))
    assert points[1].loss == pytest.approx(log_loss(judged["y"], chance))


def test_that_what_is_ranked_before_all_data_is_better_beyond_chance_and_by_so_much_that_it_matters() -> None:
    far, near, alike, worse = (Estimate(mean, mean - half, mean + half, 1000) for mean, half in
                               ((-0.02, 0.01), (-0.001, 0.0005), (-0.03, 0.05), (0.02, 0.01)))
    beside = {"all": Estimate(0, 0, 0, 1000), "worse": worse, "near": near, "alike": alike, "far": far}
    assert room._ranked(beside, 0.5) == ("far", "all", "alike", "near", "worse")
    assert room._ranked({"all": beside["all"], "near": near}, 0.05) == ("near", "all")      # 2 % of that loss


def test_that_curves_and_decisions_tell_all_data_from_newer() -> None:
    view = backtest(made(3000), SHOCK_S, END_S)
    ranked = view.decisions[-1].ranked
    assert ranked.index("post") < ranked.index("all")
    curves = {curve.name: curve for curve in view.strategies}
    assert curves["post"].beats_all is not None and curves["all"].beats_all is None
    point, everything = curves["post"].points[-1], curves["all"].points[-1]
    assert point.n == everything.n and point.against_all == pytest.approx(point.loss - everything.loss)
    assert "than all data from" in curves["post"].sentence


THREADS = """
from threadpoolctl import threadpool_info
from console.advice.backtest import backtest
from console.advice.differences import Estimate
from tests.console.advice.made import END_S, SHOCK_S, made

class Watch:
    def report(self, done, total, note): self.seen = [one["num_threads"] for one in threadpool_info()]
    def stop_if_asked(self): pass

watch = Watch()
backtest(made(1500), SHOCK_S, END_S, watch)
assert len(watch.seen) >= 2 and set(watch.seen) == {1}, watch.seen
"""


@pytest.mark.long
def test_that_a_process_that_has_not_learned_before_uses_one_thread_too() -> None:
    subprocess.run([sys.executable, "-c", THREADS], check=True, cwd=Path(__file__).parents[3])


class _Stop:
    def report(self, done: int, total: int, note: str) -> None:
        self.done = done

    def stop_if_asked(self) -> None:
        if getattr(self, "done", 0) >= 3:
            raise JobStopped


def test_that_it_can_be_stopped_and_says_when_there_is_too_little() -> None:
    rows: Labelled = made(2000)
    with pytest.raises(JobStopped):
        backtest(rows, SHOCK_S, END_S, _Stop())
    with pytest.raises(TooFewRows):
        backtest(rows, END_S - 3600, END_S)

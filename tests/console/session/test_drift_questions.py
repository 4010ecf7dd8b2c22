"""Outcomes, all columns at once, and training/serving skew of folders whose truth is known."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from typer.testing import CliRunner

from console.commands.main import app
from tests.console.folders import truth_of


def asked(*words):
    """What the command prints as JSON."""
    result = CliRunner().invoke(app, ["drift", *map(str, words), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def causes(document):
    return {row["column"]: row["cause"] for row in document["columns"] if row["verdict"] in ("alarm", "watch")}


@pytest.fixture(scope="module")
def skewed(log_folder):
    return log_folder("skew", rows=3000, days=1)


def test_that_what_serving_computes_otherwise_is_named_against_the_reference_stream(skewed):
    found = asked(skewed, "--skew")
    assert set(causes(found)) == set(truth_of(skewed)["injections"][0]["columns"])
    assert causes(found) == {"category": "labels written otherwise", "days_since_last": "another unit",
                             "seq_len": "cut off"}
    assert found["dataset"]["reference"]["name"] == "reference" and found["dataset"]["verdict"] == "alarm"
    assert "× about 24" in next(row["sentence"] for row in found["columns"] if row["column"] == "days_since_last")


def test_that_the_same_requests_are_compared_by_their_key(skewed, tmp_path):
    import pandas as pd

    served = pd.concat(map(pd.read_parquet, sorted((skewed / "predictions").iterdir()))).iloc[:400]
    trained = served[["ts", "request_id", "age", "price", "device", "days_since_last"]].copy()
    trained["price"] = trained["price"] * 2
    trained["device"] = ["none"] * 20 + trained["device"].astype(str).tolist()[20:]
    trained.to_csv(tmp_path / "training.csv", index=False)
    found = asked(skewed, "--skew", "--reference-file", tmp_path / "training.csv")
    rates = {row["column"]: row["mismatch"]["rate"] for row in found["columns"] if row["mismatch"]}
    assert found["dataset"]["same_requests"] == 400
    assert rates == {"price": 1.0, "device": pytest.approx(20 / 400), "age": 0.0, "days_since_last": 0.0}
    assert "usually × 0.5" in next(row["sentence"] for row in found["columns"] if row["column"] == "price")
    assert next(row for row in found["columns"] if row["column"] == "country")["cause"] == "not trained on"


@pytest.mark.long
def test_that_a_changed_relation_is_told_from_changed_inputs(log_folder):
    folder = log_folder("concept-drift", rows=60_000, days=7)
    began = datetime.fromisoformat(truth_of(folder)["injections"][0]["start"])
    found = asked(folder, "--outcomes", "--reference", "2026-03-02T00:00:00Z..2026-03-05T00:00:00Z",
                  "--current", "2026-03-07T00:00:00Z..2026-03-09T00:00:00Z")
    inputs, _, relation = (one["verdict"] for one in found["outcomes"]["moved"])
    assert inputs == "none" and relation in ("watch", "alarm")
    auc = next(one for one in found["outcomes"]["figures"] if one["name"] == "AUC")
    assert auc["current"] < auc["expected"]["low"]
    first = [one["auc"]["value"] for one in found["outcomes"]["buckets"]
             if datetime.fromisoformat(one["start"]) + timedelta(seconds=found["outcomes"]["bucket_s"]) <= began]
    after = [one["auc"]["value"] for one in found["outcomes"]["buckets"]
             if datetime.fromisoformat(one["start"]) >= began]
    assert sum(first) / len(first) > sum(after) / len(after) + 0.05
    assert found["outcomes"]["ripe_until"] is not None and found["outcomes"]["usual_wait_s"] == 1800


@pytest.mark.long
def test_that_nothing_is_called_moved_in_a_healthy_log(log_folder):
    folder = log_folder("healthy", rows=60_000, days=7)
    windows = ("--reference", "2026-03-02T00:00:00Z..2026-03-05T00:00:00Z",
               "--current", "2026-03-06T00:00:00Z..2026-03-08T00:00:00Z")
    moved = asked(folder, "--outcomes", *windows)["outcomes"]["moved"]
    assert [one["verdict"] for one in moved] == ["none"] * 3
    assert asked(folder, "--joint", *windows)["dataset"]["verdict"] == "none"
    assert causes(asked(folder, "--skew")) == {}


@pytest.mark.long
def test_that_the_published_loans_moved_in_car_value_and_loan_length_and_not_in_what_was_repaid(shared_logs):
    folder = shared_logs / "nannyml-car-loan"
    windows = ("--reference-stream", "reference", "--current", "2019-06-29T00:00:00Z..2019-08-30T00:00:00Z")
    joint = asked(folder, "--joint", *windows)
    assert {"car_value", "loan_length"} <= {one["column"] for one in joint["classifier"]["columns"][:3]}
    assert joint["classifier"]["low"] > 0.8
    found = asked(folder, "--outcomes", *windows)["outcomes"]
    inputs, outcome, _ = found["moved"]
    assert inputs["verdict"] == "alarm" and "car_value" in inputs["sentence"] and "loan_length" in inputs["sentence"]
    assert outcome["verdict"] == "none"
    rise = next(one for one in found["signals"] if one["detector"] == "CUSUM" and one["alarms"] > 1)
    # half of the third fifth has drifted (KS 0.2188 of 0.4369): it began a half of the way through the analysis
    assert datetime(2019, 3, 15).date() <= datetime.fromisoformat(rise["began"]).date() <= datetime(2019, 4, 15).date()


@pytest.mark.long
def test_that_random_against_bandit_shows_no_difference(shared_logs):
    whole = "2019-11-24T00:00:00Z..2019-12-01T00:00:00Z"
    found = asked(shared_logs / "open-bandit-all", "--outcomes", "--reference", whole, "--reference-version", "random",
                  "--current", whole, "--current-version", "bts")
    assert [one["verdict"] for one in found["outcomes"]["moved"]] == ["none"] * 3
    assert found["dataset"]["sentence"].startswith("No difference shown")
    rate = found["outcomes"]["figures"][0]
    assert (rate["reference"], rate["current"]) == pytest.approx((38 / 10_000, 42 / 10_000))

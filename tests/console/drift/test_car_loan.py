"""The published car-loan data: its drift is known, and its KS distances were computed with scipy by the keepers."""

from __future__ import annotations

import json

import pytest

from console.drift import TESTS, ColumnSample, Verdict, compare

MOVED = {"car_value", "loan_length", "y_pred_proba"}


@pytest.fixture(scope="module")
def loans(shared_logs):
    """Reference, the fifths of the analysis, and what the keepers computed."""
    import numpy as np
    import pandas as pd

    folder = shared_logs / "nannyml-car-loan"
    truth = json.loads((shared_logs.parent / "truth.json").read_text())["nannyml-car-loan"]
    analysis = pd.read_csv(folder / "analysis.csv.gz")
    fifths = [analysis.iloc[part] for part in np.array_split(np.arange(len(analysis)), 5)]
    return pd.read_csv(folder / "reference.csv.gz"), fifths, truth["ks_reference_vs_analysis_fifth"]


def test_that_the_distance_of_every_fifth_is_the_known_one(loans):
    reference, fifths, known = loans
    for column, distances in known.items():
        for fifth, distance in zip(fifths, distances, strict=True):
            assert TESTS["ks"](reference[column], fifth[column]).statistic == pytest.approx(distance, abs=5.1e-5)


@pytest.mark.parametrize("fifth, moved", [(0, set()), (1, set()), (2, MOVED), (3, MOVED), (4, MOVED)])
def test_that_what_drifts_and_only_that_is_told_from_the_third_fifth_on(loans, fifth, moved):
    reference, fifths, known = loans
    sides = [[ColumnSample(column, frame[column].to_numpy(dtype=float)) for column in known]
             for frame in (reference, fifths[fifth])]
    found = {row.column for row in compare(*sides).columns if row.verdict in (Verdict.ALARM, Verdict.WATCH)}
    assert found == moved

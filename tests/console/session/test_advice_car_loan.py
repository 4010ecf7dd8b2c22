"""NannyML's car loan: training again has the figures of a plain scikit-learn script that reads the files itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from console.advice import backtest as room
from console.jobs import SilentJob
from console.session import Session
from console.session.advice_rows import labelled_rows

SINCE = datetime(2019, 5, 15, tzinfo=UTC)


@pytest.mark.long
def test_that_accuracy_is_that_of_a_plain_script(shared_logs: Path, tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

    folder = shared_logs / "nannyml-car-loan"
    monkeypatch.setattr(room, "MOST_TRAINED", 10**6)
    monkeypatch.setattr(room, "MOST_JUDGED", 10**6)
    monkeypatch.setattr(room, "TITLES", {name: room.TITLES[name] for name in ("old", "heuristic", "all", "post")})
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    try:
        session.load(SilentJob())
        rows, _ = labelled_rows(session.store, SilentJob())
        span = session.store.span()
    finally:
        session.close()
    assert rows is not None and span is not None
    curves = {curve.name: curve.points for curve in room.backtest(rows, SINCE.timestamp(), span.end_s).strategies}
    loans = pd.read_csv(folder / "analysis.csv.gz").merge(pd.read_csv(folder / "targets.csv.gz"), on="id")
    loans["at"] = pd.to_datetime(loans["timestamp"], utc=True)
    texts = ["salary_range", "size_of_downpayment"]
    numbers = ["car_value", "debt_to_income_ratio", "loan_length", "repaid_loan_on_prev_car", "driver_tenure"]
    loans[texts] = loans[texts].astype(str)
    for name in ("all", "post"):
        first, then = curves[name][0], curves[name][1].at
        train = loans[(loans["at"] <= first.at) & ((loans["at"] >= SINCE) | (name == "all"))]
        judged = loans[(loans["at"] > first.at) & (loans["at"] <= then)]
        plain = make_pipeline(make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="median", add_indicator=True), QuantileTransformer(
                n_quantiles=100, output_distribution="normal", subsample=None)), numbers),
            (OneHotEncoder(handle_unknown="ignore"), texts)), LogisticRegression(max_iter=300))
        plain.fit(train[[*numbers, *texts]], train["repaid"])
        assert (first.trained_on, first.n) == (len(train), len(judged))
        assert first.accuracy == pytest.approx(
            accuracy_score(judged["repaid"], plain.predict(judged[[*numbers, *texts]])))
        assert curves["old"][0].accuracy == pytest.approx(
            accuracy_score(judged["repaid"], judged["y_pred_proba"] >= 0.5))

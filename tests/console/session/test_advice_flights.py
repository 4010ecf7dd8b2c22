"""The winter of flights out of New York: the blizzard is a shock, and training again has the figures of a plain script.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from console.advice import backtest as room
from console.advice.shock import ChangeCause
from console.jobs import SilentJob
from console.session import Session
from console.session.advice_rows import labelled_rows

BLIZZARD = datetime(2013, 2, 8, tzinfo=UTC)
TEXTS, NUMBERS = ["carrier", "origin", "dest"], ["sched_dep_time", "sched_arr_time", "flight", "distance"]
ROLES = "".join(f'[streams.flights.columns.{name}]\nrole = "{role}"\n' for name, role in (
    ("arr_delay", "label"), ("dep_time", "none"), ("dep_delay", "none"), ("arr_time", "none"), ("air_time", "none")))


@pytest.mark.long
def test_that_the_blizzard_is_a_shock_without_a_calendar(shared_logs: Path, tmp_path: Path) -> None:
    session = Session.open(shared_logs / "flights-winter", workspace=tmp_path / "w.duckdb")
    try:
        session.load(SilentJob())
        view = session.advise(SilentJob(), training=False)
    finally:
        session.close()
    assert view.shock.cause is ChangeCause.SHOCK, view.sentence
    assert view.shock.onset is not None and view.shock.onset.date() == BLIZZARD.date()
    assert view.response is None and any("log outcomes" in note for note in view.notes)


@pytest.mark.long
def test_that_errors_are_those_of_a_plain_script(shared_logs: Path, tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import Ridge
    from sklearn.metrics import mean_absolute_error
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

    folder = tmp_path / "flights"
    shutil.copytree(shared_logs / "flights-winter", folder)
    (folder / "pilothouse.toml").write_text(ROLES)
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
    assert rows is not None and span is not None and set(rows.inputs) == {*TEXTS, *NUMBERS}
    curves = {curve.name: curve.points for curve in room.backtest(rows, BLIZZARD.timestamp(), span.end_s).strategies}
    flights = pd.concat(pd.read_csv(path) for path in sorted(folder.glob("*.csv.gz")))
    flights["at"] = pd.to_datetime(flights["time_hour"], utc=True)
    flights = flights[flights["arr_delay"].notna()]
    for name in ("all", "post"):
        first, then = curves[name][0], curves[name][1].at
        train = flights[(flights["at"] <= first.at) & ((flights["at"] >= BLIZZARD) | (name == "all"))]
        judged = flights[(flights["at"] > first.at) & (flights["at"] <= then)]
        plain = make_pipeline(make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="median", add_indicator=True), QuantileTransformer(
                n_quantiles=100, output_distribution="normal", subsample=None)), NUMBERS),
            (OneHotEncoder(max_categories=20, handle_unknown="infrequent_if_exist", sparse_output=False), TEXTS)),
            Ridge())
        plain.fit(train[[*NUMBERS, *TEXTS]], train["arr_delay"])
        assert (first.trained_on, first.n) == (len(train), len(judged))
        assert first.loss == pytest.approx(
            mean_absolute_error(judged["arr_delay"], plain.predict(judged[[*NUMBERS, *TEXTS]])))
        before = flights[flights["at"] < BLIZZARD]["arr_delay"].median()
        assert curves["heuristic"][0].loss == pytest.approx((judged["arr_delay"] - before).abs().mean())

"""Advice on made logs: the shock is found where it was put, and nothing else is called one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from console.advice.events import EventKind
from console.advice.shock import ChangeCause
from console.advice.view import AdviceView
from console.errors import BadSettings
from console.jobs import SilentJob
from console.logs import config
from console.session import Session
from console.session.advice_settings import costs_of, events_of
from tests.console.folders import MakeFolder, truth_of
from tests.tiers import once

QUIET = ("healthy", "seasonal", "data-drift-gradual", "bad-canary", "schema-change", "null-burst")


def advised(folder: Path, tmp_path: Path) -> tuple[AdviceView, float]:
    """And how long a bucket is."""
    session = Session.open(folder, workspace=tmp_path / "workspace.duckdb")
    try:
        session.load(SilentJob())
        return session.advise(SilentJob(), training=False), session.drift_over_time(SilentJob()).bucket_s
    finally:
        session.close()


@pytest.mark.parametrize("seed", once(31, *range(100, 105)))
def test_that_a_shock_is_found_within_a_bucket(seed: int, log_folder: MakeFolder, tmp_path: Path) -> None:
    folder = log_folder("shock", rows=20_000, days=14, seed=seed)
    view, bucket_s = advised(folder, tmp_path)
    assert view.shock.cause is ChangeCause.SHOCK, view.sentence
    start = datetime.fromisoformat(truth_of(folder)["injections"][0]["start"].replace("Z", "+00:00"))
    assert view.shock.onset is not None
    assert abs((view.shock.onset - start).total_seconds()) <= bucket_s


@pytest.mark.long
@pytest.mark.parametrize("scenario", QUIET)
@pytest.mark.parametrize("seed", range(31, 34))
def test_that_no_shock_is_called(scenario: str, seed: int, log_folder: MakeFolder, tmp_path: Path) -> None:
    view, _ = advised(log_folder(scenario, rows=20_000, days=14, seed=seed), tmp_path)
    assert view.shock.cause is not ChangeCause.SHOCK, view.sentence


def test_that_the_calendar_stands_in_the_settings() -> None:
    said = config.parse('zone = "Europe/Berlin"\n[advice]\nfalse_negative = 5\n[[event]]\nname = "Lockdown"\n'
                        'start = 2020-03-16\nkind = "policy"\n[[event]]\nname = "Sale"\nstart = 2020-11-27T08:00:00Z\n'
                        'end = 2020-11-27T20:00:00Z\n')
    first, second = events_of(said)
    assert (first.name, first.kind) == ("Lockdown", EventKind.POLICY)
    assert first.start == datetime(2020, 3, 15, 23, tzinfo=UTC)
    assert second.end == datetime(2020, 11, 27, 20, tzinfo=UTC)
    assert costs_of(said) == {"false_negative": 5.0}
    assert config.parse(config.as_text(said)) == said


@pytest.mark.parametrize(("text", "words"), [
    ('[[event]]\nname = "A"', "no `start`"), ('[[event]]\nstart = 2020-01-01', "no `name`"),
    ('[[event]]\nname = "A"\nstart = 3', "date or a time"), ('[[event]]\nname = "A"\nstart = 2020-01-01\nkind = "x"',
                                                           "no kind"),
    ('[[event]]\nname = "A"\nstart = 2020-01-02\nend = 2020-01-01', "ends before"), ('[advice]\nprice = 3', "`price`"),
    ('[advice]\npause = "much"', "number"), ('[advice]\nfalse_positive = 0\nfalse_negative = 0', "cost nothing"),
])
def test_that_a_wrong_calendar_is_named(text: str, words: str) -> None:
    said = config.parse(text)
    with pytest.raises(BadSettings, match=words):
        events_of(said)
        costs_of(said)


@pytest.mark.long
def test_that_an_expression_of_the_user_answers_instead_of_the_model(log_folder: MakeFolder, tmp_path: Path) -> None:
    folder = log_folder("shock", rows=20_000, days=14, seed=31)
    session = Session.open(folder, workspace=tmp_path / "w.duckdb")
    try:
        session.load(SilentJob())
        view = session.advise(SilentJob(), fallback="device = 'phone'", training=False)
        assert view.response is not None and view.at is not None
        line = next(line for line in view.response.lines if line.name == "expression")
        span, wait_s = session.store.span(), session.store.outcome_wait(0.99)
        assert span is not None and wait_s is not None
        with pytest.raises(BadSettings):
            session.advise(SilentJob(), fallback="(SELECT 1)")
    finally:
        session.close()
    costs, since = view.response.costs, view.at.timestamp()
    paid, n = duckdb.execute(
        "SELECT sum(CASE WHEN device = 'phone' AND clicked = 0 THEN $fp WHEN device != 'phone' AND clicked = 1 "
        f"THEN $fn ELSE 0 END), count(*) FROM '{folder}/predictions/*.parquet' JOIN '{folder}/labels/*.parquet' "
        "USING (request_id) WHERE epoch_us(ts) / 1e6 BETWEEN $since AND $until",
        {"fp": costs.false_positive, "fn": costs.false_negative, "since": since,
         "until": span.end_s - wait_s}).fetchall()[0]
    assert line.n == pytest.approx(n, abs=40)
    assert line.mean == pytest.approx(paid / n * view.response.requests / (span.end_s - since) * 3600, rel=0.01)

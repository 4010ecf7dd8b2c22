"""Metrics of the user's own: listed at once, run when the folder is trusted, and never by the folder's own word."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from console.commands import app
from console.errors import BadSettings
from console.jobs import SilentJob
from console.logs import config
from console.metrics.catalogue import find
from console.metrics.charts import available, chart, metric_series
from console.session import Session
from console.session.own_metrics import own_of
from tests.console.folders import MakeFolder, own_copy

TOML = """\
churn_days = 2
prices = { input = 2.5, output = 10.0 }

[[metric]]
name = "dear_share"
expression = "avg(CASE WHEN price > 50 THEN 1 ELSE 0 END)"
unit = "share"
group = "input"

[[metric]]
name = "phones"
expression = "count(*) FILTER (WHERE device = 'phone') / count(*)"
"""


@pytest.fixture
def folder(log_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PILOTHOUSE_HOME", str(tmp_path / "home"))
    copy = own_copy(log_folder("healthy", "csv", rows=2000), tmp_path / "logs")
    (copy / "pilothouse.toml").write_text(TOML)
    return copy


def opened(folder: Path) -> Session:
    session = Session.open(folder)
    session.load(SilentJob())
    return session


def values(session: Session, name: str) -> pd.Series:
    store, whole = session.store, session.selection().whole
    assert whole is not None
    times, parts = metric_series(store, find(name, store.own.metrics), whole, 3600, None)
    return pd.Series(parts[0].values, index=times.astype("int64")).dropna()


def rows_of(folder: Path) -> pd.DataFrame:
    rows = pd.concat([pd.read_csv(path) for path in sorted(folder.glob("predictions/*.csv"))])
    rows["hour"] = pd.to_datetime(rows["ts"], utc=True).dt.floor("h").dt.tz_localize(None).astype(
        "datetime64[s]").astype("int64")
    return rows


def test_that_they_are_listed_and_not_run_before_the_folder_is_trusted(folder: Path) -> None:
    session = opened(folder)
    try:
        whole = session.selection().whole
        assert whole is not None
        assert {"dear_share", "phones"} <= {metric.name for metric in available(session.store)}
        assert not session.trusted
        with pytest.raises(BadSettings, match="pilothouse trust"):
            chart(session.store, "dear_share", whole)
        session.trust_folder()
        rows = rows_of(folder)
        shown = chart(session.store, "dear_share", whole)
        assert shown is not None
        assert (shown.unit, shown.group, len(shown.series)) == ("share", "input", 1)
        told = session.store.execute_readonly(f"SELECT epoch(bucket), value FROM ({shown.sql})")
        drawn = dict(zip(shown.times, shown.series[0].values, strict=True))
        assert told and all(drawn[at] == pytest.approx(value, rel=1e-9) for at, value in told)
        expected = (rows["price"] > 50).groupby(rows["hour"]).mean()
        pd.testing.assert_series_equal(values(session, "dear_share"), expected, check_names=False, rtol=1e-9)
        expected = (rows["device"] == "phone").groupby(rows["hour"]).mean()
        pd.testing.assert_series_equal(values(session, "phones"), expected, check_names=False, rtol=1e-9)
        session.trust_folder(False)
        with pytest.raises(BadSettings, match="not run"):
            chart(session.store, "dear_share", whole)
    finally:
        session.close()


def test_that_trust_is_kept_outside_of_the_folder_and_for_that_folder_alone(folder: Path, tmp_path: Path) -> None:
    session = opened(folder)
    session.trust_folder()
    session.close()
    again = Session.open(folder)
    assert again.trusted
    again.close()
    moved = own_copy(folder, tmp_path / "elsewhere")
    other = Session.open(moved)
    assert not other.trusted
    other.close()
    assert [path.name for path in folder.iterdir() if "trust" in path.name] == []


def test_that_a_workspace_cannot_say_that_it_is_trusted(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "sent.duckdb"
    session = Session.open(folder, workspace=path)
    session.load(SilentJob())
    session.trust_folder()
    session.close()
    alone = Session.open(path)
    assert not alone.trusted
    alone.close()


def test_that_the_folder_says_when_a_user_has_left_and_what_tokens_cost(folder: Path) -> None:
    session = Session.open(folder)
    own = session.store.own
    assert (own.churn_days, own.input_price, own.output_price) == (2, 2.5, 10)
    session.close()


def test_that_a_fault_in_them_is_said_and_hinders_nothing_else(folder: Path) -> None:
    (folder / "pilothouse.toml").write_text('[[metric]]\nname = "throughput"\nexpression = "count(*)"\n')
    session = opened(folder)
    try:
        assert session.store.own.metrics == ()
        assert "throughput" in session.status().message
        assert session.board() is not None
    finally:
        session.close()


def test_that_an_expression_that_is_not_allowed_is_told_when_it_is_asked_for(folder: Path) -> None:
    (folder / "pilothouse.toml").write_text("[[metric]]\nname = \"x\"\nexpression = \"sum(length(getenv('HOME')))\"\n")
    session = opened(folder)
    try:
        session.trust_folder()
        with pytest.raises(BadSettings, match=r"getenv\(\)"):
            values(session, "x")
        (folder / "pilothouse.toml").write_text('[[metric]]\nname = "x"\nexpression = "sum(device * 2)"\n')
        session.trust_folder()
        with pytest.raises(BadSettings, match="cannot be computed"):
            values(session, "x")
    finally:
        session.close()


@pytest.mark.parametrize("text, said", [
    ('name = "a b"\nexpression = "count(*)"', "no name for a metric"),
    ('name = "sampled:x"\nexpression = "count(*)"', "no name for a metric"),
    ('name = "missing:age"\nexpression = "count(*)"', "no name for a metric"),
    ('name = "latency"\nexpression = "count(*)"', "already"),
    ('name = "x"', "no `expression`"), ('expression = "count(*)"', "no `name`"),
    ('name = "x"\nexpression = 3', "must be text"), ('name = "x"\nexpression = "count(*)"\nsql = "x"', "no setting"),
    ('name = "x"\nexpression = "count(*)"\nbetter = "more"', "no better"),
    ('name = "x"\nexpression = "count(*)"\ngroup = "all"', "no group"),
    ('name = "x"\nexpression = "count(*)"\n[[metric]]\nname = "x"\nexpression = "count(*)"', "Two metrics"),
])
def test_that_what_is_wrong_with_a_table_is_named(text: str, said: str) -> None:
    with pytest.raises(BadSettings, match=said) as error:
        own_of(config.parse("[[metric]]\n" + text), trusted=True)
    assert "[[metric]]" in error.value.where


@pytest.mark.parametrize("text", ["churn_days = 0", "churn_days = true", "churn_days = nan", 'churn_days = "7"',
                                  "prices = 3", "prices = { input = -1 }", "prices = { tokens = 1 }", "metric = 3",
                                  "metric = [3]"])
def test_that_wrong_numbers_are_refused_with_their_line(text: str) -> None:
    with pytest.raises(BadSettings) as error:
        config.parse('zone = "UTC"\n' + text)
    assert "line 2" in error.value.where


def test_that_they_survive_being_written_again() -> None:
    assert config.parse(config.as_text(config.parse(TOML))) == config.parse(TOML)


def test_that_the_command_line_trusts_lists_and_splits(folder: Path) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        return done.exit_code, done.stdout, done.stderr if done.stderr_bytes is not None else ""

    listed = json.loads(run("metrics", str(folder), "--json")[1])["metrics"]
    assert {one["metric"]: one["runs"] for one in listed}["dear_share"] is False
    assert run("metrics", str(folder), "--metric", "dear_share", "--json")[0] != 0
    code, shown, _ = run("trust", str(folder))
    assert (code, "dear_share = avg(CASE" in shown) == (0, True)
    code, text, _ = run("metrics", str(folder), "--metric", "dear_share", "--bucket", "1h", "--json")
    assert (code, len(json.loads(text)["buckets"]) > 10) == (0, True)
    code, text, _ = run("metrics", str(folder), "--metric", "throughput", "--by", "device", "--bucket", "1h", "--json")
    rows, found = rows_of(folder), json.loads(text)["buckets"]
    assert {one["by"] for one in found} == set(rows["device"])
    assert sum(one["n"] for one in found if one["by"] == "phone") == (rows["device"] == "phone").sum()
    assert run("metrics", str(folder), "--metric", "throughput", "--by", "nothing")[0] != 0

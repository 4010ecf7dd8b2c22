"""A file joined to what advice learns from: by id or by time, never from later, and only where it may be read."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from console.advice.backtest import backtest
from console.errors import BadSettings
from console.jobs import SilentJob
from console.logs import config
from console.session import Session
from console.session.advice_join import Join, join_of
from console.session.advice_rows import labelled_rows
from console.store.joined import joined_by_key, joined_by_time, outer_file
from tests.console.advice.made import END_S, SHOCK_S, made
from tests.console.folders import MakeFolder


def test_that_rows_are_found_by_key_and_the_last_of_two_counts(tmp_path: Path) -> None:
    path = tmp_path / "users'; DROP.csv"
    path.write_text('id,age,"odd ""name",note\n1,20,x,2026-01-01\n2,30,y,\n2,31,z,\n7,40,,\n')
    file = outer_file(path)
    found = joined_by_key(file, "id", ["2", "9", None, "1", "2"])
    assert found.cells["age"].tolist()[0] == 31 and math.isnan(found.cells["age"][1])
    assert found.cells['odd "name'].tolist() == ["z", None, None, "x", "z"]
    assert (found.matched, found.twice, found.left_out) == (3, 1, ("note",))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_that_by_time_the_last_row_up_to_each_request_counts_and_none_of_later(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"weather.{ending}"
    hours = "SELECT make_timestamp(h * 3600000000::BIGINT) AS time, h::DOUBLE AS rain FROM range(1, 5) t(h)"
    duckdb.execute(f"COPY ({hours}) TO '{path}'")
    found = joined_by_time(outer_file(path), "time", np.array([10.0, 3599.0, 3600.0, 7300.0, 99_999.0]))
    assert found.matched == 3 and np.isnan(found.cells["rain"][:2]).all()
    assert found.cells["rain"][2:].tolist() == [1.0, 2.0, 4.0]


def test_that_settings_name_a_file_in_the_folder_or_of_a_trusted_one(tmp_path: Path) -> None:
    said = config.parse('[advice]\njoin = {file = "more.csv", key = "user"}')
    assert config.parse(config.as_text(said)) == said
    assert join_of(said, tmp_path, trusted=False) == (Join(tmp_path.resolve() / "more.csv", "user"), "")
    out = config.parse('[advice]\njoin = {file = "../more.csv", key = "user"}')
    refused, why = join_of(out, tmp_path, trusted=False)
    assert refused is None and "not trusted" in why
    assert join_of(out, tmp_path, trusted=True)[0] == Join(tmp_path.resolve().parent / "more.csv", "user")
    with pytest.raises(BadSettings, match="file and its key"):
        join_of(config.parse('[advice]\njoin = "more.csv"'), tmp_path, trusted=True)


def test_that_a_log_gets_columns_by_its_own_ids_with_the_share_that_matched(log_folder: MakeFolder, tmp_path: Path
                                                                              ) -> None:
    session = Session.open(log_folder("shock", rows=2_000, days=2, seed=5), workspace=tmp_path / "w.duckdb")
    try:
        session.load(SilentJob())
        users = sorted({one for (one,) in session.store.execute_readonly("SELECT user_id FROM events")})
        half = users[::2]
        path = tmp_path / "users.csv"
        lines = [f"{one},1,{number % 3}\n" for number, one in enumerate(half)]
        path.write_text("".join(["user_id,clicked,tier\n", *lines]))
        rows, notes = labelled_rows(session.store, SilentJob(), join=Join(path, "user_id"))
        ((n, of),) = session.store.execute_readonly(
            f"SELECT count(*) FILTER (user_id IN ({', '.join(map(repr, half))})), count(*) FROM events")
        assert rows is not None and list(rows.added) == ["users.tier"]         # the outcome's name is left out
        assert np.count_nonzero(np.isfinite(rows.added["users.tier"])) == n and len(rows) == of
        assert any("users.csv was joined by user_id" in note and f"of {of:,} rows matched" in note for note in notes)
        for key, words in (("nothing", "no column"), ("tier", "The log has no column")):
            with pytest.raises(BadSettings, match=words):
                labelled_rows(session.store, SilentJob(), join=Join(path, key))
    finally:
        session.close()


@pytest.mark.long
def test_that_new_data_sources_learn_from_the_joined_columns_and_no_other_way_does() -> None:
    rows = made(2500, flipped=(SHOCK_S, END_S))
    rng = np.random.default_rng(3)
    told = replace(rows, added={"file.answer": rows.truth + rng.normal(0, 0.2, len(rows))})
    plain, more = (backtest(one, SHOCK_S, END_S) for one in (rows, told))
    assert "sources" not in [one.name for one in plain.strategies]
    last = {one.name: one.points[-1].loss for one in more.strategies}
    assert last["sources"] < 0.3 < last["post"]
    assert {one.name: one.points for one in plain.strategies}["post"] == {
        one.name: one.points for one in more.strategies}["post"]

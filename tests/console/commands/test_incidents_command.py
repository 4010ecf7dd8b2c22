"""`pilothouse incidents`: kept from a window or an alarm, listed, filtered, told."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.console import make_logs
from tests.console.commands.test_command_line import document, run


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("incidents") / "shop"
    make_logs.main([str(folder), "--quiet", "--rows", "5000", "--days", "1", "--scenario", "null-burst", "--seed", "7"])
    (folder / "pilothouse.toml").write_text(
        '[[alarm]]\nname = "nulls"\nmetric = "null_responses"\nwhen = "> 0.08"\nover = "5m"\nfor = "2m"\n', "utf-8")
    return folder


def test_that_incidents_are_kept_from_windows_and_alarms_and_found_again(logs: Path, tmp_path: Path) -> None:
    start, end = (json.loads((logs.parent / "shop.truth.json").read_text())["injections"][0][side]
                  for side in ("start", "end"))
    made = document(run("incidents", logs, "--from", start, "--to", end, "--title", "Nulls in age", "--json",
                        home=tmp_path))
    assert made["window"]["from"].startswith(start[:16]) and made["made_from"] == "command"
    onset = made["milestones"]["onset"]
    assert onset["method"] == "data"
    assert abs(datetime.fromisoformat(onset["at"]) - datetime.fromisoformat(start)) < timedelta(minutes=11)
    assert {"age", "user_ctr_7d", "prediction"} <= {one["column"] for one in made["drift"]}
    alarmed = document(run("incidents", logs, "--alarm", f"nulls@{start[:11]}15:00:00Z", "--json", home=tmp_path))
    assert alarmed["milestones"]["detected"]["method"] == "rule" and alarmed["alarms"][0]["rule"] == "nulls"
    listed = document(run("incidents", logs, "--json", home=tmp_path))["incidents"]
    assert [one["id"] for one in listed] == [alarmed["id"], made["id"]]
    found = document(run("incidents", logs, "--text", "NULLS age", "--json", home=tmp_path))["incidents"]
    assert made["id"] in [one["id"] for one in found]
    assert document(run("incidents", logs, "--status", "resolved", "--json", home=tmp_path)) == {"incidents": []}
    assert document(run("incidents", logs, made["id"], "--json", home=tmp_path)) == made
    told = run("incidents", logs, made["id"], home=tmp_path)
    assert "Nulls in age" in told.stdout and "not recorded" in told.stdout


def test_that_what_cannot_be_is_refused_with_what_to_do(logs: Path, tmp_path: Path) -> None:
    for words, said in ((("INC-none",), "There is no incident `INC-none`"),
                        (("--alarm", "nulls@2026-03-02T02:00:00Z"), "did not fire then"),
                        (("--alarm", "nulls", "--from", "start"), "from a window or from an alarm")):
        refused = run("incidents", logs, *words, home=tmp_path)
        assert refused.returncode == 2 and said in refused.stderr, refused.stderr

"""`pilothouse report`: several formats at once, no windows needed, and no half file left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from console.commands import app
from console.errors import BadSettings
from console.jobs import SilentJob
from console.reports import archive
from console.session import Session
from console.session.worst import worst_window
from console.window import Window
from tests.console.folders import MakeFolder, truth_of
from tests.console.reports.sample import sample_report


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(log_folder: MakeFolder) -> Path:
    return log_folder("null-burst", "parquet", rows=8000, days=1)


@pytest.fixture(scope="module")
def workspace(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report-command") / "w.duckdb"
    assert run("load", folder, "--workspace", path).exit_code == 0
    return path


@pytest.fixture(scope="module")
def written(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Result]]:
    out = tmp_path_factory.mktemp("written")
    yield out, run("report", workspace, "--out", out / "a.html", "--out", out / "b.md", "--out", out / "c.json")


def test_that_one_command_without_windows_writes_all_that_is_named(written: tuple[Path, Result]) -> None:
    out, result = written
    assert result.exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == ["a.html", "b.md", "c.json"]
    assert result.stdout.splitlines() == [str(out / name) for name in ("a.html", "b.md", "c.json")]


def test_that_the_worst_time_is_the_one_that_was_injected(written: tuple[Path, Result], folder: Path) -> None:
    data: dict[str, Any] = json.loads((written[0] / "c.json").read_text())
    start, end = (datetime.fromisoformat(truth_of(folder)["injections"][0][side]) for side in ("start", "end"))
    found = data["incident"]["window"]
    assert abs(datetime.fromisoformat(found["from"]) - start) <= timedelta(minutes=5)
    assert abs(datetime.fromisoformat(found["to"]) - end) <= timedelta(minutes=10)
    assert data["incident"]["title"] == "Null responses (prediction) were higher"
    worse = {row["metric"] for row in data["impact"] if row["worse"]}
    assert {"null_responses", "missing_values"} <= worse


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3, 7, 11])
@pytest.mark.parametrize("scenario", ["latency-spike", "data-drift-sudden", "bad-canary", "null-burst"])
def test_that_the_start_of_what_was_injected_is_found_within_a_bucket(log_folder: MakeFolder, scenario: str, seed: int,
                                                                      tmp_path: Path) -> None:
    """At this rate columns and metrics are looked at in buckets of five minutes and more."""
    made = log_folder(scenario, "parquet", rows=20000, days=2, seed=seed)
    session = Session.open(made, workspace=tmp_path / "w.duckdb")
    session.load(SilentJob())
    found = worst_window(session, SilentJob())
    session.close()
    start = datetime.fromisoformat(truth_of(made)["injections"][0]["start"])
    assert abs(found.window.start - start) <= timedelta(minutes=5), found.why


@pytest.mark.long
def test_that_a_healthy_log_is_not_called_bad(healthy_parquet: Path, tmp_path: Path) -> None:
    session = Session.open(healthy_parquet, workspace=tmp_path / "w.duckdb")
    session.load(SilentJob())
    assert worst_window(session, SilentJob()).why.startswith("Nothing stands out")
    session.close()


def test_that_the_schema_is_printed_without_a_log() -> None:
    assert json.loads(run("report", "--schema").stdout)["title"] == "Incident report"


@pytest.mark.parametrize(("arguments", "said"), [
    (("--out", "r.docx"), "docx"), (("--out", "gone/r.html"), "no such folder"), ((), "No file is named"),
    (("--out", "r.html", "--incident", "INC-1", "--from", "end-1h"), "has its window"),
    (("--out", "r.pdf", "--paper", "foolscap"), "foolscap"),
])
def test_that_what_cannot_be_is_said_before_anything_is_read(tmp_path: Path, arguments: tuple[str, ...],
                                                             said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        run("report", tmp_path / "no such log", *arguments)


def test_that_a_column_that_is_not_there_cannot_be_redacted(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="usr_id"):
        run("report", workspace, "--out", tmp_path / "r.html", "--redact", "usr_id")
    assert list(tmp_path.iterdir()) == []


def test_that_ctrl_c_leaves_no_half_file_and_the_old_one(workspace: Path, tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> bytes:
        raise KeyboardInterrupt

    (tmp_path / "r.zip").write_text("old")
    monkeypatch.setattr(archive, "pdf_of", interrupted)
    monkeypatch.setattr(Session, "report", lambda *_, **__: sample_report())
    result = CliRunner().invoke(app, ["report", str(workspace), "--from", "end-1h", "--out", str(tmp_path / "r.zip")])
    assert result.exit_code != 0
    assert [path.name for path in tmp_path.iterdir()] == ["r.zip"] and (tmp_path / "r.zip").read_text() == "old"


def test_that_an_incident_that_is_kept_is_written_with_its_words_and_json_goes_to_standard_output(
        workspace: Path, tmp_path: Path) -> None:
    session = Session.open(workspace)
    whole = session.selection().whole
    assert whole is not None
    kept = session.create_incident("Late in the day", window=Window(whole.end - timedelta(hours=2), whole.end))
    session.close()
    result = run("report", workspace, "--incident", kept.incident_id, "--json", "--keep", "user_id", "--out",
                 tmp_path / "r.md")
    data = json.loads(result.stdout)
    assert data["incident"]["id"] == kept.incident_id and data["redacted"] == []
    assert (tmp_path / "r.md").read_text().startswith("# Late in the day\n")

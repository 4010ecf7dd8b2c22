"""The command line as a script would use it: one JSON document, exit codes, messages on standard error."""

from __future__ import annotations

import html
import io
import json
import logging
import os
import re
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from console import logging_setup
from console.__main__ import main
from tests.console import make_logs


def run(*arguments: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    """The command with its exit code and what it wrote, in this process: to start one for each takes longer than the
    work does."""
    words = [str(argument) for argument in arguments]
    out, said = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(said):
        patch.setenv("PILOTHOUSE_HOME", str(home))
        patch.setattr(sys, "argv", ["pilothouse", *words])
        loggers = [logging.getLogger(name) for name in logging_setup.OURS]
        before = [(logger.propagate, logger.level) for logger in loggers]
        try:
            main()
            code: int | str | None = 0
        except SystemExit as ended:
            code = ended.code
        finally:
            for logger, (propagate, level) in zip(loggers, before, strict=True):
                for handler in list(logger.handlers):
                    logger.removeHandler(handler)
                    handler.close()
                logger.propagate = propagate
                logger.setLevel(level)
    assert isinstance(code, int | None)
    return subprocess.CompletedProcess(words, code or 0, out.getvalue(), said.getvalue())


def document(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "logs"
    make_logs.main([str(folder), "--quiet", "--rows", "12000", "--days", "1", "--format", "jsonl", "--scenario",
                    "data-drift-sudden", "--seed", "3"])
    return folder


@pytest.fixture(scope="module")
def truth(logs: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((logs.parent / "logs.truth.json").read_text())
    return found


@pytest.fixture(scope="module")
def workspace(logs: Path) -> Path:
    path = logs.parent / "workspace.duckdb"
    result = run("load", logs, "--workspace", path, "--json", home=logs.parent / "home")
    assert result.returncode == 0, result.stderr
    (logs.parent / "load.json").write_text(result.stdout)
    return path


def test_that_load_accounts_for_every_record(workspace: Path, truth: dict[str, Any]) -> None:
    summary = json.loads((workspace.parent / "load.json").read_text())
    assert summary["rows_read"] == (summary["rows_loaded"] + summary["rows_quarantined"] + summary["rows_ignored"])
    assert summary["events"] == truth["rows"] == 12000
    assert summary["outcomes"] == truth["label_rows"]
    assert summary["reference"] == truth["reference_rows"]
    assert summary["rows_quarantined"] == 0
    assert summary["files_rejected"] == []


def test_that_the_ledger_accounts_for_every_file_and_a_replay_moves_its_sums(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    lines = ["ts,logged_at,latency_ms"]
    lines += [f"{'soon' if n % 20 == 0 else f'2026-03-02T00:{n:02d}:00Z'},2026-03-02T00:{n:02d}:00Z,{n}"
              for n in range(60)]
    lines[31:31] = ["", "a,b", "# a comment"]
    (folder / "requests.csv").write_text("\n".join(lines) + "\n")
    (folder / "notes.csv").write_bytes(b"\x00\x01\x02\x03" * 500)

    def loaded(*more: str) -> dict[str, Any]:
        return document(run("load", folder, "--workspace", tmp_path / "w.duckdb", "--json", *more, home=tmp_path))

    summary = loaded()
    ledger = {file["path"]: file for file in summary["ledger"]}
    assert set(ledger) == {"requests.csv", "notes.csv"} and summary["files"] == 1
    requests = ledger["requests.csv"]
    assert (requests["records"], requests["rows"], requests["quarantined"]) == (63, 57, 4)
    assert requests["ignored"] == {"blank line": 1, "comment": 1}
    assert requests["offset"] == requests["size"] == (folder / "requests.csv").stat().st_size
    assert ledger["notes.csv"]["error"] and ledger["notes.csv"]["records"] == 0
    (folder / "pilothouse.toml").write_text(
        '[streams.requests.columns.ts]\nrole = "none"\n[streams.requests.columns.logged_at]\nrole = "timestamp"\n')
    again = loaded("--replay")
    [requests] = [file for file in again["ledger"] if file["path"] == "requests.csv"]
    assert (requests["records"], requests["rows"], requests["quarantined"]) == (63, 60, 1)
    for file in again["ledger"]:
        assert file["records"] == file["rows"] + file["quarantined"] + sum(file["ignored"].values())
    assert again["rows_read"] == sum(file["records"] for file in again["ledger"])


def test_that_an_empty_folder_is_followed_until_a_file_comes(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    command = [sys.executable, "-m", "console", "load", str(folder), "--workspace", str(tmp_path / "w.duckdb"),
               "--follow", "--until-idle", "8", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "PILOTHOUSE_HOME": str(tmp_path)}) as process:
        assert process.stderr is not None
        assert "empty" in process.stderr.readline()
        (folder / "requests.csv").write_text("ts,latency_ms\n" + "".join(
            f"2026-03-02T00:{n:02d}:00Z,{n}\n" for n in range(50)))
        out, _ = process.communicate(timeout=60)
    assert json.loads(out)["rows_loaded"] == 50


def test_that_load_names_streams_and_roles(workspace: Path) -> None:
    streams = {stream["kind"]: stream for stream in json.loads((workspace.parent / "load.json").read_text())["streams"]}
    assert set(streams) == {"requests", "outcomes", "reference"}
    roles = streams["requests"]["roles"]
    assert {"timestamp": "ts", "request_id": "request_id", "latency": "latency_ms", "status": "status_code",
            "prediction": "prediction", "model_version": "model_version"}.items() <= roles.items()


def test_that_metrics_prints_buckets_that_add_up_to_the_rows(workspace: Path, tmp_path: Path) -> None:
    found = document(run("metrics", workspace, "--metric", "throughput", "--bucket", "1h", "--json", home=tmp_path))
    assert found["unit"] == "req/s"
    assert sum(bucket["n"] for bucket in found["buckets"]) == 12000
    assert sum(bucket["value"] * 3600 for bucket in found["buckets"]) == pytest.approx(12000)
    assert set(found["buckets"][0]) == {"start", "value", "n", "by"}


def test_that_metrics_of_some_rows_and_of_all_others_add_up(workspace: Path, tmp_path: Path) -> None:
    ask = ("metrics", workspace, "--metric", "throughput", "--bucket", "1h", "--json")

    def rows(*picks: str) -> int:
        return sum(one["n"] for one in document(run(*ask, *picks, home=tmp_path))["buckets"])

    some, others, all_rows = rows("--only", "device=phone"), rows("--not", "device=phone"), rows()
    assert 0 < some < all_rows and some + others == all_rows
    assert run(*ask, "--only", "phone", home=tmp_path).returncode == 2


def test_that_metrics_of_a_folder_equal_those_of_its_workspace(logs: Path, workspace: Path, tmp_path: Path) -> None:
    ours = ("--metric", "latency_p95", "--bucket", "10m", "--json")
    assert (document(run("metrics", logs, *ours, home=tmp_path))["buckets"]
            == document(run("metrics", workspace, *ours, home=tmp_path))["buckets"])


def test_that_drift_finds_the_columns_that_moved(workspace: Path, truth: dict[str, Any], tmp_path: Path) -> None:
    start = truth["injections"][0]["start"]
    found = document(run("drift", workspace, "--reference", f"..{start}", "--current", f"{start}..", "--json",
                         home=tmp_path))
    moved = {row["column"] for row in found["columns"] if row["verdict"] == "alarm" and row["kind"] != "missing"}
    assert {"age", "country", "session_depth"} <= moved
    still = {row["column"] for row in found["columns"] if row["verdict"] == "none"}
    assert {"price", "days_since_last", "device", "category"} <= still
    assert all(row["sentence"] for row in found["columns"])


def test_that_drift_over_time_is_a_document_and_judges(workspace: Path, truth: dict[str, Any], tmp_path: Path) -> None:
    asked = ("drift", workspace, "--over-time", "--columns", "age,price", "--json", "--fail-on", "alarm")
    result = run(*asked, home=tmp_path)
    assert result.returncode == 1
    found = json.loads(result.stdout)
    assert found["kind"] == "sudden"
    assert found["onset"] == truth["injections"][0]["start"]        # a boundary of buckets: 0.6 of 60
    assert [row["column"] for row in found["rows"] if row["verdict"] == "alarm"] == ["age"]
    assert found["command"].endswith("--over-time --columns age --columns price --json")
    wrong = run("drift", workspace, "--bucket", "6h", home=tmp_path)
    assert wrong.returncode == 2
    assert "--over-time" in wrong.stderr


def test_that_two_files_can_be_compared_without_a_folder(tmp_path: Path) -> None:
    pd.DataFrame({"age": range(200), "city": ["Oslo", "Bonn"] * 100}).to_csv(tmp_path / "a.csv", index=False)
    pd.DataFrame({"age": range(150, 350), "city": ["Oslo", "Bonn"] * 100}).to_csv(tmp_path / "b.csv", index=False)
    found = document(run("drift", "--reference-file", tmp_path / "a.csv", "--current-file", tmp_path / "b.csv",
                         "--json", home=tmp_path))
    rows = {row["column"]: row for row in found["columns"]}
    assert rows["age"]["statistic"] == pytest.approx(0.75)      # 150 of 200 values lie below all of the other side
    assert rows["age"]["verdict"] == "alarm"
    assert rows["city"]["verdict"] == "none"
    assert rows["age"]["chosen"] == []


def test_that_chosen_tests_stand_beside_the_verdict(tmp_path: Path) -> None:
    pd.DataFrame({"age": range(200), "city": ["Oslo", "Bonn"] * 100}).to_csv(tmp_path / "a.csv", index=False)
    pd.DataFrame({"age": range(150, 350), "city": ["Oslo", "Bonn"] * 100}).to_csv(tmp_path / "b.csv", index=False)
    files = ("drift", "--reference-file", tmp_path / "a.csv", "--current-file", tmp_path / "b.csv")
    found = document(run(*files, "--tests", "mannwhitney,g", "--tests", "hellinger", "--json", home=tmp_path))
    beside = {row["column"]: {test["test"]: test for test in row["chosen"]} for row in found["columns"]}
    assert {column: set(tests) for column, tests in beside.items()} == {"age": {"mannwhitney", "hellinger"},
                                                                        "city": {"g", "hellinger"}}
    # U by hand: 50 values are on both sides; of the 150 x 200 + 50 x 50 / 2 other pairs the current one is larger
    assert beside["age"]["mannwhitney"]["statistic"] == 50 * 50 / 2
    assert beside["city"]["g"]["statistic"] == pytest.approx(0, abs=1e-9)
    assert "--tests mannwhitney,g,hellinger" in found["dataset"]["command"]
    unknown = run(*files, "--tests", "kolmogorov", home=tmp_path)
    assert unknown.returncode == 2
    assert "no test `kolmogorov`" in unknown.stderr


def test_that_fail_on_alarm_ends_with_one(workspace: Path, truth: dict[str, Any], tmp_path: Path) -> None:
    start = truth["injections"][0]["start"]
    windows = ("--reference", f"..{start}", "--current", f"{start}..", "--fail-on", "alarm")
    assert run("drift", workspace, *windows, home=tmp_path).returncode == 1
    assert run("drift", workspace, *windows, "--columns", "price", home=tmp_path).returncode == 0


@pytest.mark.parametrize("ending, magic", [("html", b"<!"), ("pdf", b"%PDF")])
def test_that_report_writes_the_named_format(workspace: Path, truth: dict[str, Any], tmp_path: Path, ending: str,
                                             magic: bytes) -> None:
    out = tmp_path / f"report.{ending}"
    result = run("report", workspace, "--from", truth["injections"][0]["start"], "--to", "end", "--out", out,
                 home=tmp_path)
    assert result.returncode == 0, result.stderr
    assert out.read_bytes().lower().startswith(magic.lower())
    assert str(out) in result.stdout


@pytest.mark.parametrize("arguments, wanted", [
    pytest.param(("load", "nowhere", "--workspace", "w.duckdb"), "no such folder", id="no folder"),
    pytest.param(("load", "empty", "--workspace", "w.duckdb"), "empty", id="empty folder"),
    pytest.param(("load", "pictures", "--workspace", "w.duckdb"), "cat.png", id="no logs"),
    pytest.param(("load", "file.csv", "--workspace", "w.duckdb"), "file", id="a file for a folder"),
    pytest.param(("metrics", "nowhere", "--metric", "throughput"), "no such folder", id="metrics without folder"),
    pytest.param(("metrics", "empty", "--metric", "profit"), "profit", id="unknown metric"),
    pytest.param(("report", "empty", "--out", "report.docx"), "report.docx", id="unknown format"),
    pytest.param(("drift", "--reference-file", "a.csv"), "current", id="half of a comparison"),
])
def test_that_wrong_use_ends_with_two_and_one_clear_sentence(arguments: tuple[str, ...], wanted: str, tmp_path: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "cat.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (tmp_path / "file.csv").write_text("ts,latency_ms\n2026-03-02T10:00:00Z,5\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[3]))
    result = run(*arguments, home=tmp_path / "home")
    assert result.returncode == 2
    assert wanted in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


SHARED = [
    pytest.param("open-bandit-all", {"events": 20000}, id="open-bandit-all", marks=pytest.mark.long),
    pytest.param("flights-winter", {"events": 80789}, id="flights-winter"),
    pytest.param("nannyml-car-loan", {"events": 50000, "reference": 50000, "outcomes": 50000}, id="nannyml-car-loan",
                 marks=pytest.mark.long),
    pytest.param("azure-llm-code", {"events": 8819}, id="azure-llm-code"),
]


@pytest.mark.parametrize("name, counts", SHARED)
def test_that_real_folders_load_with_exactly_the_counts_of_their_truth(name: str, counts: dict[str, int],
                                                                      shared_logs: Path, tmp_path: Path) -> None:
    found = document(run("load", shared_logs / name, "--workspace", tmp_path / "w.duckdb", "--json", home=tmp_path))
    assert {key: found[key] for key in counts} == counts
    assert found["rows_loaded"] == sum(counts.values())
    assert found["rows_quarantined"] == 0
    truth = json.loads((shared_logs.parent / "truth.json").read_text())[name]
    first = truth.get("analysis", truth)["first"]
    assert pd.Timestamp(found["first"]) == pd.Timestamp(first)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log whose times count milliseconds from a start that it does not name: a request a second, 600 of them."""
    folder = tmp_path_factory.mktemp("counted") / "trace"
    folder.mkdir()
    (folder / "trace.jsonl").write_text("".join(
        json.dumps({"timestamp": n * 1000 + 999 * (n == 599), "input_length": n % 50, "output_length": n % 7}) + "\n"
        for n in range(600)))
    return folder


def test_that_a_log_without_dates_is_told_and_asked_without_dates(counted: Path, tmp_path: Path) -> None:
    summary = document(run("load", counted, "--workspace", tmp_path / "w.duckdb", "--json", home=tmp_path))
    assert (summary["events"], summary["first"], summary["last"]) == (600, "T+0:00:00", "T+0:09:59.999")
    found = document(run("metrics", counted, "--metric", "throughput", "--bucket", "1m", "--from", "T+0:05:00", "--to",
                         "end-1m", "--json", home=tmp_path))
    assert [(row["start"], row["n"]) for row in found["buckets"]] == [
        (f"T+0:0{minute}:00", 60) for minute in range(5, 9)]
    found = document(run("drift", counted, "--reference", "..0:05:00", "--current", "T+0:05:00..", "--json",
                         home=tmp_path))
    sides = found["dataset"]["reference"], found["dataset"]["current"]
    assert [(side["name"], side["from"], side["to"], side["rows"]) for side in sides] == [
        ("0:00:00 - 0:05:00", "T+0:00:00", "T+0:05:00", 300),
        ("0:05:00 - 0:09:59", "T+0:05:00", "T+0:09:59.999001", 300)]
    assert "--reference T+0:00:00..T+0:05:00" in found["dataset"]["command"]


def test_that_a_report_of_a_log_without_dates_has_none(counted: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    result = run("report", counted, "--from", "0:05:00", "--to", "0:08:00", "--out", out, home=tmp_path)
    assert result.returncode == 0, result.stderr
    text = html.unescape(re.sub(r"</?span>", "", out.read_text()))
    assert "0:05:00 - 0:08:00" in text and "from the start" in text and "--from T+0:05:00 --to T+0:08:00" in text
    shown = re.sub(r"<pre.*?</pre>", "", text, flags=re.DOTALL)       # the queries are asked of the workspace
    assert not re.search(r"(?<!w3\.org/)\b(1999|2000)\b|\bJan\b", shown)


def test_that_a_date_asked_of_a_log_without_dates_is_refused(counted: Path, tmp_path: Path) -> None:
    result = run("metrics", counted, "--metric", "throughput", "--from", "2026-03-02", "--json", home=tmp_path)
    assert result.returncode == 2 and "counts from a start" in result.stderr and "T+0:08:30" in result.stderr

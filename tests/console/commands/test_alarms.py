"""`alarms`, `check` and `rules` as a script would use them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.commands import app
from console.errors import ConsoleError

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
RULES = '[[alarm]]\nname = "errors"\nmetric = "error_rate"\nwhen = "> 50%"\nfor = "1m"\nseverity = "page"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A request every ten seconds: ten good minutes, five bad ones, five good ones."""
    monkeypatch.setenv("PILOTHOUSE_HOME", str(tmp_path / "home"))
    log = tmp_path / "log"
    log.mkdir()
    lines = [f"{(START + timedelta(seconds=10 * number)).isoformat()},r{number},{500 if 60 <= number < 90 else 200}"
             for number in range(120)]
    (log / "requests.csv").write_text("timestamp,request_id,status\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return log


def run(*arguments: str | Path) -> tuple[int, str]:
    """Exit code (2 for what the front door shows as an error) and standard output."""
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    if isinstance(result.exception, ConsoleError):
        return 2, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout


def test_that_alarms_are_listed(folder: Path) -> None:
    (folder / "pilothouse.toml").write_text(RULES, encoding="utf-8")
    code, said = run("alarms", folder, "--json")
    found = json.loads(said)
    assert code == 0
    assert found["alarms"] == [{
        "rule": "errors", "labels": {}, "severity": "page", "pending": "2026-03-02T06:11:00Z",
        "from": "2026-03-02T06:12:00Z", "to": "2026-03-02T06:16:00Z", "peak": 1.0, "value": 0.0, "ended": "resolved",
        "sentence": "Error rate is 100 %: above 50 % for 1m"}]
    assert found["rules"][0]["latest"] == [{"labels": {}, "value": 0.0, "n": 6.0}]
    assert found["judged"] == {"from": "2026-03-02T06:01:00Z", "to": "2026-03-02T06:19:00Z", "evaluations": 19}
    code, said = run("alarms", folder)
    assert said == ("2026-03-02T06:12:00Z  page    Error rate is 100 %: above 50 % for 1m; for 4 min, resolved\n")


@pytest.mark.parametrize("options, code", [
    ((), 0), (("--from", "2026-03-02T06:12:30Z", "--to", "2026-03-02T06:13:00Z"), 1),
    (("--from", "2026-03-02T06:16:00Z"), 0), (("--to", "2026-03-02T06:12:00Z"), 0), (("--from", "yesterday"), 2)])
def test_that_check_ends_with_1_when_something_fired(folder: Path, options: tuple[str, ...], code: int) -> None:
    (folder / "pilothouse.toml").write_text(RULES, encoding="utf-8")
    assert run("check", folder, *options)[0] == code


def test_that_check_ends_with_1_when_something_fires_at_the_end(folder: Path) -> None:
    rules = folder.parent / "rules.yml"
    rules.write_text("groups: [{name: g, rules: [{alert: few errors, expr: error_rate < 0.5}]}]", encoding="utf-8")
    code, said = run("check", folder, "--rules", rules)
    assert (code, said) == (1, "2026-03-02T06:16:00Z  ticket  Error rate is 0 %: below 50 %; still firing\n")


def test_that_what_cannot_be_judged_is_wrong_use(folder: Path) -> None:
    code, said = run("check", folder)
    assert (code, "There are no alarm rules" in said) == (2, True)
    (folder / "pilothouse.toml").write_text(RULES.replace("error_rate", "eror_rate"), encoding="utf-8")
    code, said = run("check", folder)
    assert (code, "no metric `eror_rate`" in said) == (2, True)
    assert run("check", folder, "--rules", folder / "none.toml")[0] == 2


def test_that_rules_are_checked(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(RULES, encoding="utf-8")
    assert run("rules", "check", file) == (0, "errors: Error rate above 50 % for 1m\n")
    file.write_text(RULES.replace("error_rate", "eror_rate"), encoding="utf-8")
    assert run("rules", "check", file)[0] == 1
    file.write_text(RULES + "colour = 1\n", encoding="utf-8")
    assert run("rules", "check", file)[0] == 1
    assert run("rules", "check", tmp_path / "none.toml")[0] == 2


def test_that_rules_are_tested(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    tests = tmp_path / "tests.yml"
    text = ("rule_files: [rules.toml]\ntests:\n- interval: 1m\n"
            "  input_series: [{series: error_rate, values: '0 1x5'}]\n"
            "  alert_rule_test: [{eval_time: 2m, alertname: errors, exp_alerts: [{exp_labels: {}}]}]\n")
    tests.write_text(text, encoding="utf-8")
    assert run("rules", "test", tests) == (0, "ok  test 1\n")
    tests.write_text(text.replace("eval_time: 2m", "eval_time: 1m"), encoding="utf-8")
    assert run("rules", "test", tests) == (
        1, "FAILED  test 1\n    errors at 60 s: {} should fire and does not\n")
    tests.write_text(text.replace("rules.toml", "none.toml"), encoding="utf-8")
    assert run("rules", "test", tests)[0] == 2

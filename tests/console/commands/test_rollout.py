"""`pilothouse rollout` as a script would use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.console.commands.test_command_line import document, run
from tests.console.folders import MakeFolder

ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: ranker}
spec:
  strategy:
    canary:
      analysis: {templates: [{templateName: rate}]}
      steps: [{setWeight: 5}, {pause: {duration: 10m}}, {setWeight: 50}, {pause: {duration: 10m}}]
---
kind: AnalysisTemplate
apiVersion: argoproj.io/v1alpha1
metadata: {name: rate}
spec:
  metrics:
  - {name: failing, interval: 1m, successCondition: "result[0] <= 0.02", provider: {prometheus: {query: x}}}
"""


def test_that_a_plan_is_judged_at_the_traffic_of_a_log(log_folder: MakeFolder, tmp_path: Path) -> None:
    folder = log_folder("healthy", "parquet", rows=3000, days=1)
    file = tmp_path / "ranker.yaml"
    file.write_text(ARGO)
    loose = run("rollout", "lint", file, home=tmp_path)
    assert loose.returncode == 1 and "error    failing: It cannot run" in loose.stdout
    bound = ("--bind", "failing={ metric = \"error_rate\", window = \"1m\" }")
    found = run("rollout", "lint", file, *bound, "--logs", folder, "--json", home=tmp_path)
    told = json.loads(found.stdout)
    rules = {remark["rule"]: remark for remark in told["remarks"]}
    # 3,000 requests in a day: at 5 % not one in a minute, so nothing is measured
    assert rules["no-data"]["severity"] == "warning" and "unbound" not in rules
    assert told["traffic"]["requests_per_s"] == pytest.approx(3000 / 86400, rel=0.05)
    assert told["ramp_seconds"] == 1200 and told["plan"] == "ranker"


def test_that_a_plan_is_written_for_other_tools_and_ready_plans_are_listed(tmp_path: Path) -> None:
    listed = document(run("rollout", "plans", "--json", home=tmp_path))
    assert [plan["name"] for plan in listed["plans"]][:2] == ["careful canary", "fast canary"]
    out = tmp_path / "fast.yaml"
    assert run("rollout", "export", "fast canary", "--out", out, home=tmp_path).returncode == 0
    assert "setWeight: 25" in out.read_text()
    toml = run("rollout", "export", out, "--to", "toml", home=tmp_path)
    assert toml.returncode == 0 and 'name = "fast-canary"' in toml.stdout
    assert run("rollout", "lint", "bold canary", home=tmp_path).returncode == 2


TOML = """\
name = "quick"
degree = "full_automation"
steps = [{ weight = 20 }, { bake = "20m" }, { weight = 50 }, { bake = "20m" }]
[[gate]]
name = "errors"
test = "error_share"
measure = "error_rate"
"""


def test_that_a_plan_is_replayed_and_tried_out_on_a_log(log_folder: MakeFolder, tmp_path: Path) -> None:
    folder = log_folder("healthy", "parquet", rows=3000, days=1)
    file, workspace = tmp_path / "quick.toml", tmp_path / "w.duckdb"
    file.write_text(TOML)
    assert run("load", folder, "--workspace", workspace, home=tmp_path).returncode == 0
    told = document(run("rollout", "replay", file, "--logs", workspace, "--harm", "error_add=0.5", "--json",
                        home=tmp_path))
    assert (told["ending"], told["source"], told["standing"]) == ("aborted", "synthetic", "degraded")
    assert told["gates"][0]["outcome"] == "failed" and "More than its part" in told["why"]
    assert told["weights"][-1]["live"] == 0 and told["blast"]["excess_errors"] > 0
    assert [line["number"] for line in told["log"]] == list(range(1, len(told["log"]) + 1))
    tried = document(run("rollout", "what-if", file, "--logs", workspace, "--runs", 5, "--harm", "identical", "--json",
                         home=tmp_path))
    assert tried["results"][0]["runs"] == 5 and tried["rollout"] == told["rollout"] + 1
    assert run("rollout", "replay", file, "--logs", workspace, "--candidate", "ctr-v9", home=tmp_path).returncode == 2

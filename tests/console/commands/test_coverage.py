"""`pilothouse coverage` as a script would use it."""

from __future__ import annotations

from pathlib import Path

from tests.console.commands.test_command_line import document, run
from tests.console.folders import MakeFolder


def test_that_the_map_of_a_log_is_told_in_words_and_as_json(log_folder: MakeFolder, tmp_path: Path) -> None:
    folder = log_folder("healthy", "parquet", rows=3000, days=1)
    rules = tmp_path / "rules.toml"
    rules.write_text('[[alarm]]\nname = "errors"\nmetric = "error_rate"\nwhen = "> 0.05"\n')
    found = document(run("coverage", folder, "--rules", rules, "--json", home=tmp_path))

    assert [step["step"] for step in found["steps"]] == ["collection", "features", "inference", "response", "feedback"]
    rows = {row["name"]: row for step in found["steps"] for row in step["troubles"]}
    assert (rows["errors"]["cover"], rows["errors"]["guards"]) == ("guarded", ["errors"])
    assert (rows["slower"]["cover"], rows["slower"]["metrics"]) == ("shown", ["latency_p50"])
    assert rows["first token late"]["to_log"].startswith("Time to first token")     # made-up shop logs have no tokens
    told = run("coverage", folder, home=tmp_path)
    assert told.returncode == 0
    assert "slower" in told.stdout and "shown by: Latency p50" in told.stdout
    assert "none are guarded by an alarm" in told.stderr
    broken = tmp_path / "broken.toml"
    broken.write_text("[[alarm]]\nname = 1\n")
    assert run("coverage", folder, "--rules", broken, home=tmp_path).returncode == 2

"""Alarms in the workspace: kept, replaced, and never mixed with what people said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.store import Workspace
from console.store.alarms import Acknowledged, AlarmRow, Silence, StateRow

HOUR = 3600 * 10**6


@pytest.fixture
def ws(tmp_path: Path):
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    yield ws
    ws.close()


def test_that_alarms_are_kept_in_place_of_the_last_ones(ws: Workspace) -> None:
    fired = AlarmRow("it's slow; DROP TABLE alarms", '{"host":"a"}', "page", HOUR, 2 * HOUR, None, 300.5, 250.0, "")
    ended = AlarmRow("errors", "{}", "ticket", HOUR, HOUR, 3 * HOUR, float("inf"), 0.5, "resolved")
    ws.save_alarms([ended, fired], [StateRow("errors", "{}", False, "firing", HOUR, 3 * HOUR),
                                    StateRow("errors", "{}", True, "no_data", 3 * HOUR, None)], 4 * HOUR)
    assert ws.saved_alarms() == [ended, fired]
    assert ws.execute_readonly("SELECT rule, whole, state, epoch_us(last_ts) FROM alarm_states ORDER BY whole") == [
        ("errors", False, "firing", 3 * HOUR), ("errors", True, "no_data", None)]
    ws.save_alarms([fired], [], 5 * HOUR)
    assert ws.saved_alarms() == [fired]
    assert ws.execute_readonly("SELECT DISTINCT epoch_us(judged_ts) FROM alarms") == [(5 * HOUR,)]
    ws.save_alarms([], [], 5 * HOUR)
    assert ws.saved_alarms() == []


def test_that_what_people_said_outlives_another_judgement_and_another_start(ws: Workspace) -> None:
    ws.acknowledge(Acknowledged("slow", "{}", HOUR, "looking", 2 * HOUR))
    ws.acknowledge(Acknowledged("slow", "{}", HOUR, "found it", 3 * HOUR))
    number = ws.silence(Silence(0, "slow", "", HOUR, 9 * HOUR, "deploy", HOUR))
    assert ws.silence(Silence(0, "", "", HOUR, 2 * HOUR, "test", HOUR)) == number + 1
    ws.end_silence(number, 4 * HOUR)
    ws.end_silence(number + 1, 4 * HOUR)        # has ended before
    ws.save_alarms([], [], HOUR)
    path = ws.path
    ws.close()
    again = Workspace.open(path, folder=None)
    try:
        assert again.acknowledged() == [Acknowledged("slow", "{}", HOUR, "found it", 3 * HOUR)]
        assert again.silences() == [Silence(number, "slow", "", HOUR, 4 * HOUR, "deploy", HOUR),
                                    Silence(number + 1, "", "", HOUR, 2 * HOUR, "test", HOUR)]
    finally:
        again.close()


def test_that_keeping_alarms_makes_no_chart_draw_again(ws: Workspace) -> None:
    before = ws.generation
    ws.save_alarms([], [], HOUR)
    ws.silence(Silence(0, "", "", HOUR, 2 * HOUR, "test", HOUR))
    assert ws.generation == before

"""A replay that somebody steers: speed, pauses and turning back change nothing of what is logged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.errors import BadSettings
from console.rollout.outcomes import Harm, spoiled
from console.rollout.plan import Degree
from console.rollout.rehearsal import Rehearsal
from console.rollout.replay import Replay, as_bytes
from console.rollout.state import Standing
from console.rollout.view import Action
from tests.console.rollout.make import plan, requests

LOG = requests(90, 120)
BAD = spoiled(LOG, Harm(errors_times=20), seed=1)
FULL = replace(plan(5, 25, 50), degree=Degree.FULL)


def steered(chunks: list[int], log=LOG) -> Rehearsal:
    """Started after five minutes, paused after fifteen, gone on after twenty."""
    made = Rehearsal(Replay(FULL, log))
    acts = {5: Action.START, 15: Action.PAUSE, 20: Action.RESUME}
    minute = 0
    for chunk in chunks:
        for _ in range(chunk):
            if minute in acts:
                made.act(acts[minute])
            made.advance(1)
            minute += 1
    return made


def test_that_turning_back_and_forth_gives_the_same_log_byte_for_byte():
    made = steered([60])
    told = as_bytes(made.replay.log)
    start = made.replay.start_s
    made.seek(start + 10 * 60)
    assert made.view().standing is Standing.PROGRESSING and made.view().clock == start + 600
    made.seek(start + 17 * 60)
    assert made.view().standing is Standing.PAUSED
    made.seek(start + 60 * 60)
    assert as_bytes(made.replay.log) == told
    made.seek(start + 2 * 60)
    made.advance(58)
    assert as_bytes(made.replay.log) == told


def test_that_what_is_done_after_turning_back_replaces_what_lay_ahead():
    made = steered([30])
    made.seek(made.replay.start_s + 10 * 60)
    made.act(Action.ROLL_BACK)
    made.advance(20)
    view = made.view()
    assert view.standing is Standing.DEGRADED and view.live == 0
    assert not any("pause" in entry.what for entry in view.log)
    made.act(Action.RETRY)
    assert made.view().standing is Standing.PROGRESSING


def test_that_what_the_machine_does_not_allow_is_refused_with_its_reason():
    made = Rehearsal(Replay(FULL, LOG))
    with pytest.raises(BadSettings, match="no version to go back to"):
        made.act(Action.ROLL_BACK)
    made.act(Action.START)
    with pytest.raises(BadSettings, match="on its way"):
        made.act(Action.START)


def test_that_full_automation_stops_a_bad_candidate_and_assistance_only_advises():
    made = Rehearsal(Replay(FULL, BAD))
    made.act(Action.START)
    made.advance(80)
    assert made.view().standing is Standing.DEGRADED and made.view().blast.requests > 0
    asked = Rehearsal(Replay(FULL, BAD))
    asked.act(Action.START)
    asked.set_degree(Degree.AI_ASSISTANCE)
    asked.advance(80)
    assert asked.view().live > 0 and asked.view().advice

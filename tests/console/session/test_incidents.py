"""Incidents as they are kept: edited, taken back, taken out, put back, found again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.errors import BadSettings
from console.reports.view import (
    ActionItem,
    ActionKind,
    AttachedAlarm,
    Incident,
    Lessons,
    Method,
    Milestone,
    Moment,
    Note,
    RolloutEvent,
)
from console.session import incidents
from console.store import Workspace
from console.window import Window
from tests.console.store.made import REQUESTS, put

T0 = datetime(2026, 3, 2, 6, tzinfo=UTC)


def hours(start: float, end: float) -> Window:
    return Window(T0 + timedelta(hours=start), T0 + timedelta(hours=end))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Workspace]:
    """A log of ten hours."""
    ws = Workspace.open(tmp_path / "w.duckdb", folder=None)
    put(ws, REQUESTS, {"ts": [f"2026-03-02T{6 + hour:02d}:00:00Z" for hour in range(11)],
                       "id": [f"r{hour}" for hour in range(11)]})
    ws.refresh()
    yield ws
    ws.close()


@pytest.fixture
def kept(store: Workspace) -> Incident:
    return incidents.create(store, hours(4, 6), None, "Slow")


def test_that_what_is_kept_is_read_as_it_was_written(store: Workspace, kept: Incident) -> None:
    at = T0 + timedelta(hours=5)
    whole = replace(
        kept, severity="high", status="open", service="ranker", authors=("Ana", "Ben"), notes="<b>\n=1+1",
        milestones=tuple(replace(one, at=at, method=Method.TYPED) if one.name is Moment.MITIGATED else one
                         for one in kept.milestones),
        lessons=Lessons("a deploy", ("no canary", "no alarm"), "quick", "late", "night"),
        log=(Note(at, "Ana", "rolled back"),), rollout=(RolloutEvent(at, "abort", "gate", "errors"),),
        actions=(ActionItem("Alarm on nulls", ActionKind.DETECT, "Ben", "2026-03-09", "https://x", True),))
    assert incidents.write(store, whole) == whole == incidents.read(store, kept.incident_id)


def test_that_edits_are_taken_back_and_made_again_in_order(store: Workspace, kept: Incident) -> None:
    name = kept.incident_id
    assert incidents.steps(store, name) == incidents.Steps(undo=False, redo=False)
    for title in ("Slower", "Slowest"):
        incidents.write(store, replace(incidents.read(store, name), title=title))
    assert incidents.undo(store, name).title == "Slower"
    assert incidents.undo(store, name).title == "Slow"
    with pytest.raises(BadSettings, match="no edit"):
        incidents.undo(store, name)
    assert incidents.redo(store, name).title == "Slower"
    incidents.write(store, replace(incidents.read(store, name), title="Quick"))
    assert incidents.steps(store, name) == incidents.Steps(undo=True, redo=False)
    assert incidents.undo(store, name).title == "Slower"
    assert [edit.did for edit in store.incident_edits(name)] == [
        "create", "edit", "edit", "undo", "undo", "redo", "edit", "undo"]


def test_that_writing_the_same_twice_is_one_edit(store: Workspace, kept: Incident) -> None:
    changed = replace(kept, title="Slower")
    incidents.write(store, changed)
    incidents.write(store, changed)
    assert incidents.undo(store, kept.incident_id).title == "Slow"
    assert not incidents.steps(store, kept.incident_id).undo


def found_in(kept: Incident) -> Incident:
    """As a search of the log leaves it."""
    at = kept.window.start
    alarm = AttachedAlarm("errors", "", "page", "Error rate", at, at, None, "12 %", "above 5 %", "Errors are high")
    onset = Milestone(Moment.ONSET, at, Method.DATA, "Error rate left its usual way.")
    return replace(kept, looked=at, alarms=(alarm,), milestones=(onset, *kept.milestones[1:]))


def test_that_what_was_found_is_not_undone_with_what_was_said_and_does_not_undo_it(store: Workspace,
                                                                                   kept: Incident) -> None:
    name = kept.incident_id
    incidents.write(store, replace(kept, title="Typed while it was searched"))
    found = incidents.found(store, found_in(kept))
    assert found.title == "Typed while it was searched" and len(found.alarms) == 1
    late = incidents.write(store, replace(kept, title="From a form that knows nothing of it yet"))
    assert len(late.alarms) == 1 and late.milestone(Moment.ONSET).method is Method.DATA
    back = incidents.undo(store, name)
    assert back.title == "Typed while it was searched" and len(back.alarms) == 1 and back.looked == found.looked
    assert incidents.undo(store, name).title == "Slow"


def test_that_a_typed_moment_stays_and_a_cleared_one_is_that_of_the_log_again(store: Workspace,
                                                                              kept: Incident) -> None:
    found = incidents.found(store, found_in(kept))
    said = Milestone(Moment.ONSET, kept.window.start - timedelta(minutes=7), Method.TYPED)
    typed = incidents.write(store, replace(found, milestones=(said, *found.milestones[1:])))
    assert incidents.found(store, replace(found_in(kept), looked=T0)).milestone(Moment.ONSET) == said
    cleared = replace(typed, looked=T0, milestones=(Milestone(Moment.ONSET), *typed.milestones[1:]))
    assert incidents.write(store, cleared).milestone(Moment.ONSET) == found.milestone(Moment.ONSET)


def test_that_another_window_is_an_edit_and_is_taken_back(store: Workspace, kept: Incident) -> None:
    incidents.found(store, found_in(kept))
    other = incidents.retime(store, kept.incident_id, hours(7, 9), None)
    assert (other.window, other.asked, other.reference) == (hours(7, 9), hours(7, 9), hours(5, 7))
    stale = incidents.found(store, replace(found_in(kept), window=hours(3, 6)))      # a search that was under way
    assert stale.window == hours(7, 9)
    assert incidents.undo(store, kept.incident_id).window == kept.window
    chosen = incidents.retime(store, kept.incident_id, hours(7, 9), hours(0, 1))
    assert (chosen.reference, chosen.reference_chosen) == (hours(0, 1), True)


def test_that_one_is_taken_out_and_put_back_as_it_was(store: Workspace, kept: Incident) -> None:
    edited = incidents.write(store, replace(kept, notes="kept"))
    incidents.delete(store, kept.incident_id)
    assert incidents.rows(store) == ()
    with pytest.raises(BadSettings, match="no incident"):
        incidents.read(store, kept.incident_id)
    assert incidents.restore(store) == edited == incidents.read(store, kept.incident_id)
    assert incidents.restore(store) is None
    assert incidents.undo(store, kept.incident_id).notes == ""


def test_that_resolved_ones_are_open_again_when_they_are_reopened(store: Workspace, kept: Incident) -> None:
    incidents.write(store, replace(kept, status="resolved"))
    assert incidents.reopen(store, kept.incident_id).status == "open"
    incidents.write(store, replace(kept, status="reviewed"))
    assert incidents.reopen(store, kept.incident_id).status == "reviewed"


def test_that_the_list_is_filtered_by_words_status_and_severity(store: Workspace, kept: Incident) -> None:
    incidents.write(store, replace(kept, status="open", severity="high",
                                   actions=(ActionItem("Watch the cache", owner="Ben"), ActionItem("x", done=True))))
    other = incidents.create(store, hours(1, 2), None, "Null responses", "cache was cold")
    every = incidents.rows(store)
    assert [row.incident_id for row in every] == [other.incident_id, kept.incident_id]
    assert {row.open_actions for row in every} == {0, 1}

    def named(**wanted: str) -> list[str]:
        return [row.title for row in incidents.chosen(every, **wanted)]

    assert named(text="CACHE") == ["Null responses", "Slow"]
    assert named(text="cache ben") == named(status="open") == named(severity="high") == ["Slow"]
    assert named(text="cache", status="draft") == ["Null responses"]
    assert named(text="nothing of it") == []


@pytest.mark.parametrize(("start", "end", "wanted"), [
    pytest.param(4, 6, (2, 4), id="as long before"),
    pytest.param(4, 4.1, (3.5, 4), id="half an hour at least"),
    pytest.param(1, 9, (0, 1), id="from the start of the log at most"),
    pytest.param(0, 2, (2, 4), id="after it where nothing lies before"),
])
def test_which_time_is_compared_with(store: Workspace, start: float, end: float, wanted: tuple[float, float]) -> None:
    made = incidents.draft(store, hours(start, end), None, "")
    assert made.reference == hours(*wanted) and not made.reference_chosen


@pytest.mark.parametrize(("why", "title"), [
    ("The worst time found is 2 Mar 19:13 - 3 Mar 2026 16:20 UTC: Null responses (“prediction”) were higher from 3 Mar "
     "2026 01:00 to 16:20 UTC: 0.266 % → 3.00 %.", "Null responses (prediction) were higher"),
    ("The worst time found is 0:05:00 - 0:06:00: Error rate rose since 0:05:00: 0 % → 9 %.", "Error rate rose"),
    ("Nothing stands out in this log; this is about its last quarter, 2 Mar 2026 18:00 - 24:00 UTC.", "")])
def test_that_the_worst_time_gives_its_incident_a_title(why: str, title: str) -> None:
    assert incidents.title_of(why) == title


def test_that_a_rollback_makes_an_incident_with_what_the_ramp_did(store: Workspace) -> None:
    events = (RolloutEvent(T0 + timedelta(hours=4), "step", "plan", "5 %"),
              RolloutEvent(T0 + timedelta(hours=5), "rollback", "gate", "error rate"))
    made = incidents.from_rollback(store, hours(4, 5), hours(2, 4), events)
    assert incidents.read(store, made.incident_id).rollout == events
    assert (made.made_from, made.reference_chosen) == ("rollback", True)


def test_that_times_are_between_moments_that_are_known_and_none_else() -> None:
    at = {Moment.ONSET: 0, Moment.DETECTED: 4, Moment.RECOVERED: 90}
    made = Incident("INC-1", "", hours(0, 2), hours(2, 4), T0, milestones=tuple(
        Milestone(name, T0 + timedelta(minutes=at[name]), Method.DATA) if name in at else Milestone(name)
        for name in Moment))
    times = made.times
    assert (times.detect_s, times.acknowledge_s, times.mitigate_s, times.recover_s) == (240, None, None, 5400)

"""The desktop is told of an alarm once, while the log is live and another program is in front; never of the past."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from console.alarms.machine import State
from console.alarms.rules import Severity
from console.alarms.view import AlarmRow, AlarmsView
from widgets import layout_store
from widgets.notifying import Notifier, words_of

START = datetime(2026, 3, 2, 6, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def row(start: float, name: str = "errors", state: State = State.FIRING) -> AlarmRow:
    return AlarmRow(name, name, (), "", state, Severity.PAGE, "error_rate", at(start - 1), at(start), None, "6 %",
                    "6 %", "above 2 %", f"{name} are 6 %", "")


def view(until: float, *rows: AlarmRow) -> AlarmsView:
    return AlarmsView(rows, (), (), (), (at(0), at(until)))


@pytest.fixture
def told(qapp, monkeypatch):
    """What the desktop was told, and the notifier; the log is live and another program is in front."""
    said: list[tuple[str, str]] = []
    owner = QObject()
    session = SimpleNamespace(following=True)
    notifier = Notifier(SimpleNamespace(session=session), owner,  # type: ignore[arg-type]
                        tell=lambda *words: said.append(words))
    monkeypatch.setattr(QApplication, "activeWindow", staticmethod(lambda: None))
    yield notifier, said, session
    owner.deleteLater()


def test_that_only_what_begins_after_the_log_was_loaded_is_told_and_once(told) -> None:
    notifier, said, _ = told
    notifier.on_alarms(view(60, row(20)))                   # of the past
    notifier.on_alarms(view(61, row(20)))
    assert said == []
    notifier.on_alarms(view(62, row(62, "slow"), row(20)))
    assert said == [("slow fires", "slow are 6 %")]
    notifier.on_alarms(view(63, row(62, "slow", State.KEPT), row(20)))
    notifier.on_alarms(view(61, row(20)))                   # judged anew by other rules
    notifier.on_alarms(view(63, row(62, "slow"), row(20)))
    assert len(said) == 1


def test_that_a_rule_made_just_now_tells_nothing_of_what_it_finds_in_the_past(told) -> None:
    notifier, said, _ = told
    notifier.on_alarms(view(60))
    notifier.on_alarms(view(60, row(30), row(59, "other")))
    assert said == []


def test_that_silences_the_setting_and_the_window_in_front_are_respected(told, monkeypatch) -> None:
    notifier, said, session = told
    notifier.on_alarms(view(1))
    notifier.on_alarms(view(2, replace(row(2), silenced_until=at(50))))
    layout_store.keep_notifies(False)
    notifier.on_alarms(view(3, row(3, "b")))
    layout_store.keep_notifies(True)
    session.following = False
    notifier.on_alarms(view(4, row(4, "c")))
    session.following = True
    monkeypatch.setattr(QApplication, "activeWindow", staticmethod(QObject))
    notifier.on_alarms(view(5, row(5, "d")))
    assert said == []


def test_that_what_is_pending_is_not_told_before_it_fires(told) -> None:
    notifier, said, _ = told
    notifier.on_alarms(view(60))
    notifier.on_alarms(view(61, replace(row(61, state=State.PENDING), start=None)))
    assert said == []
    notifier.on_alarms(view(62, row(62)))
    assert len(said) == 1


def test_that_many_are_told_together_and_text_of_logs_is_no_markup() -> None:
    title, words = words_of([row(1, f"<b>{number}</b>") for number in range(5)])
    assert title == "5 alarms fire"
    assert words.splitlines()[-1] == "and 2 more" and len(words.splitlines()) == 4
    assert "<" not in words and ">" not in words

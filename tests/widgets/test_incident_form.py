"""What was found in the log, in the form of an incident."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from console.reports.view import AttachedAlarm
from widgets.panels.incident_form import found_lines

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(("labels", "sentence", "line"), [
    ("", "Memory is high", "Alarm: Memory is high."),
    ("", "Memory is high; it was low.", "Alarm: Memory is high; it was low."),
    ("model version ctr-v2", "Errors are high.", "Alarm of model version ctr-v2: Errors are high."),
])
def test_that_an_alarm_is_one_sentence_with_one_end(labels: str, sentence: str, line: str) -> None:
    alarm = AttachedAlarm("rule", labels, "page", "Error rate", AT, AT, None, "12 %", "above 5 %", sentence)
    incident: Any = SimpleNamespace(alarms=(alarm,), changes=(), drift=())
    assert found_lines(incident) == [line]

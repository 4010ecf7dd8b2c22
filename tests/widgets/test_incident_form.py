"""What was found in the log, in the form of an incident."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from console.reports.view import AttachedAlarm, Incident
from console.window import Window
from widgets.panels.incident_form import found_lines

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(("labels", "sentence", "line"), [
    ("", "Memory is high", "Alarm: Memory is high."),
    ("", "Memory is high; it was low.", "Alarm: Memory is high; it was low."),
    ("model version ctr-v2", "Errors are high.", "Alarm of model version ctr-v2: Errors are high."),
])
def test_that_an_alarm_is_one_sentence_with_one_end(labels: str, sentence: str, line: str) -> None:
    alarm = AttachedAlarm("rule", labels, "page", "Error rate", AT, AT, None, "12 %", "above 5 %", sentence)
    window = Window(AT, AT + timedelta(hours=1))
    incident = Incident("INC-1", "Errors", window, window, AT, alarms=(alarm,))
    assert found_lines(incident) == [line]

"""Times as logs write them become UTC, and what is no time stays visible; expected values are written by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from console.roles import Role, StreamKind, TimeFormat
from console.store import Workspace
from tests.console.store.made import NUMBER, TEXT, TIME, column, put, stream

DAY, MONTH, ISO = TimeFormat.DAY_FIRST, TimeFormat.MONTH_FIRST, TimeFormat.ISO


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, us: int = 0) -> datetime:
    """Naive, as the store hands out: UTC."""
    return datetime(year, month, day, hour, minute, second, us)


def read(ws: Workspace, form: TimeFormat, cells: list[str], zone: str = "UTC") -> list[datetime | None]:
    """`_ts` of each cell, None where it went to quarantine."""
    plan = stream("times", column("ts", TIME, Role.TIMESTAMP, form=form), zone=zone)
    put(ws, plan, {"ts": cells})
    found = dict(ws.execute_readonly("SELECT _record, _ts FROM raw_1"))
    return [found.get(number) for number in range(len(cells))]


@pytest.mark.parametrize(("form", "cell", "expected"), [
    (MONTH, "05/20/1987", at(1987, 5, 20)), (MONTH, "1/2/2026", at(2026, 1, 2)), (DAY, "1/2/2026", at(2026, 2, 1)),
    (DAY, "31/12/2026", at(2026, 12, 31)), (DAY, " 31.12.26 ", at(2026, 12, 31)), (DAY, "31-12-2026", at(2026, 12, 31)),
    (DAY, "31-Dec-2026", at(2026, 12, 31)), (DAY, "31. December 2026", at(2026, 12, 31)),
    (MONTH, "Dec 31, 2026", at(2026, 12, 31)), (MONTH, "December 31 2026 08:09", at(2026, 12, 31, 8, 9)),
    (DAY, "01.02.69", at(2069, 2, 1)), (DAY, "01.02.71", at(1971, 2, 1)), (DAY, "01.02.99", at(1999, 2, 1)),
    (DAY, "01.02.00", at(2000, 2, 1)),
    (DAY, "31/12/2026 23:59", at(2026, 12, 31, 23, 59)), (DAY, "31/12/2026 23:59:58", at(2026, 12, 31, 23, 59, 58)),
    (DAY, "31/12/2026 23:59:58.5", at(2026, 12, 31, 23, 59, 58, 500000)),
    (DAY, "31/12/2026 23:59:58,123456789", at(2026, 12, 31, 23, 59, 58, 123456)),
    (MONTH, "12/31/2026, 10:00:05 PM", at(2026, 12, 31, 22, 0, 5)),
    (MONTH, "12/31/2026, 10:00:05\u202fPM", at(2026, 12, 31, 22, 0, 5)),
    (MONTH, "12/31/2026 12:00 AM", at(2026, 12, 31)), (MONTH, "12/31/2026 12:30 p.m.", at(2026, 12, 31, 12, 30)),
    (DAY, "02/Mar/2026:12:00:42 +0000", at(2026, 3, 2, 12, 0, 42)),
    (DAY, "02/Mar/2026:12:00:42 -0330", at(2026, 3, 2, 15, 30, 42)),
    (DAY, "Mon, 02 Mar 2026 10:00:00 GMT", at(2026, 3, 2, 10)), (DAY, "02-03-2026T10:00:00Z", at(2026, 3, 2, 10)),
    (DAY, "02/03/2026 10:00 +01", at(2026, 3, 2, 9)),
    (ISO, "20260302T100000Z", at(2026, 3, 2, 10)), (ISO, "20260302T100000.25+0100", at(2026, 3, 2, 9, 0, 0, 250000)),
    (ISO, "20260302T100000", at(2026, 3, 2, 10)), (ISO, "2026-03-02 10:00:00+00", at(2026, 3, 2, 10)),
    (ISO, "2026-11-23 18:40:51,532", at(2026, 11, 23, 18, 40, 51, 532000)),
    (ISO, "2026-03-02 10:00:00.1234567 UTC", at(2026, 3, 2, 10, 0, 0, 123456)),
    (ISO, "2026-03-02T10:00:00.123456789Z", at(2026, 3, 2, 10, 0, 0, 123456)),
    (ISO, " 2026-03-02 10:00:00 +0100 ", at(2026, 3, 2, 9)),
    (TimeFormat.RELATIVE_MS, "509999", at(2000, 1, 1, 0, 8, 29, 999000)),
    (TimeFormat.RELATIVE_S, "0.000001", at(2000, 1, 1, 0, 0, 0, 1)),
    (TimeFormat.RELATIVE_S, "86400", at(2000, 1, 2)), (TimeFormat.RELATIVE_S, "0", at(2000, 1, 1)),
])
def test_that_a_time_is_read_as_it_is_written(ws: Workspace, form: TimeFormat, cell: str, expected: datetime) -> None:
    assert read(ws, form, [cell]) == [expected]


@pytest.mark.parametrize(("form", "cell"), [
    (DAY, "12/31/2026"), (MONTH, "31/12/2026"), (DAY, "Dec 31, 2026"), (MONTH, "31-Dec-2026"), (DAY, "31/02/2026"),
    (DAY, "2026-12-31"), (DAY, "31/12/2026 25:00"), (DAY, "31/12/2026 13:00 PM"), (DAY, "31/12/2026 and more"),
    (DAY, "31/Foo/2026"), (DAY, "00/12/2026"), (DAY, "31/12"), (ISO, "31/12/2026"), (ISO, "20260302T250000Z"),
    (ISO, "20261302T100000Z"), (TimeFormat.RELATIVE_MS, "soon")])
def test_that_what_is_written_otherwise_is_never_guessed(ws: Workspace, form: TimeFormat, cell: str) -> None:
    plan = stream("times", column("ts", TIME, Role.TIMESTAMP, form=form))
    _, appended = put(ws, plan, {"ts": ["", cell]})
    assert [(reason, cell in raw) for _, reason, raw in appended.quarantined] == [
        ("the row has no time", False), ("the time could not be read", True)]


def test_that_a_zone_holds_for_dates_that_name_none(ws: Workspace) -> None:
    assert read(ws, DAY, ["02/03/2026 10:00", "02/07/2026 10:00", "02/07/2026 10:00 +0000"], "Europe/Berlin") == [
        at(2026, 3, 2, 9), at(2026, 7, 2, 8), at(2026, 7, 2, 10)]


def test_that_dates_follow_a_zone_that_is_corrected_later(ws: Workspace) -> None:
    read(ws, MONTH, ["03/02/2026 10:00 PM", "07/02/2026 10:00 PM"])
    ws.set_columns(1, {}, zone="America/New_York")
    assert ws.execute_readonly("SELECT _ts FROM raw_1 ORDER BY _record") == [(at(2026, 3, 3, 3),), (at(2026, 7, 3, 2),)]


def test_that_an_order_chosen_wrongly_is_corrected_without_the_file(ws: Workspace) -> None:
    """Where nothing in the log decides, the cells stay text."""
    plan = stream("times", column("ts", TEXT, Role.TIMESTAMP, form=MONTH, chosen=True))
    _, appended = put(ws, plan, {"ts": ["01/02/2026", "03/04/2026 10:00", "13/04/2026"]})
    assert [(record, reason) for record, reason, _ in appended.quarantined] == [(2, "the time could not be read")]
    assert ws.execute_readonly("SELECT _ts FROM raw_1 ORDER BY ALL") == [(at(2026, 1, 2),), (at(2026, 3, 4, 10),)]
    ws.set_columns(1, {"ts": column("ts", TEXT, Role.TIMESTAMP, form=DAY, chosen=True)})
    assert ws.execute_readonly("SELECT _ts FROM raw_1 ORDER BY ALL") == [(at(2026, 2, 1),), (at(2026, 4, 3, 10),)]


def test_that_the_unit_of_a_count_is_corrected_without_the_file(ws: Workspace) -> None:
    plan = stream("times", column("ts", NUMBER, Role.TIMESTAMP, form=TimeFormat.RELATIVE_S))
    put(ws, plan, {"ts": ["0", "1500"]})
    assert ws.execute_readonly("SELECT _ts FROM raw_1 ORDER BY ALL") == [(at(2000, 1, 1),), (at(2000, 1, 1, 0, 25),)]
    ws.set_columns(1, {"ts": column("ts", NUMBER, Role.TIMESTAMP, form=TimeFormat.RELATIVE_MS, chosen=True)})
    assert ws.execute_readonly("SELECT max(_ts) FROM raw_1") == [(at(2000, 1, 1, 0, 0, 1, 500000),)]


def test_that_a_time_that_is_kept_as_a_number_is_no_metric(ws: Workspace) -> None:
    plan = stream("machine", column("ts", NUMBER, Role.TIMESTAMP, form=TimeFormat.RELATIVE_S),
                  column("cpu", NUMBER, Role.CPU), kind=StreamKind.SAMPLES)
    info, _ = put(ws, plan, {"ts": ["0", "10"], "cpu": ["5", "6"]})
    assert [each.stored for each in info.columns if each.rolled] == ["cpu"]
    assert ws.execute_readonly("SELECT DISTINCT metric FROM samples") == [("cpu",)]


def test_that_summer_time_has_one_reading_of_what_it_repeats_and_skips(ws: Workspace) -> None:
    """Berlin has 02:30 twice on 25 October 2026 (00:30 and 01:30 UTC): the later is taken. On 29 March it has none:
    the clock is taken as it would have gone on, 01:30 UTC."""
    assert read(ws, ISO, ["2026-10-25 02:30:00", "2026-10-25 01:30:00", "2026-10-25 03:30:00", "2026-03-29 02:30:00"],
                "Europe/Berlin") == [at(2026, 10, 25, 1, 30), at(2026, 10, 24, 23, 30), at(2026, 10, 25, 2, 30),
                                     at(2026, 3, 29, 1, 30)]


def test_that_relative_streams_know_what_they_are(ws: Workspace) -> None:
    said = [ws.relative]
    counted = stream("trace", column("ts", NUMBER, Role.TIMESTAMP, form=TimeFormat.RELATIVE_MS))
    info, _ = put(ws, counted, {"ts": ["0", "10"]})
    assert info.relative
    said.append(ws.relative)
    dated = stream("requests", column("ts", TIME, Role.TIMESTAMP))
    assert not put(ws, dated, {"ts": ["2026-03-02T10:00:00Z"]})[0].relative
    assert [*said, ws.relative] == [False, True, False]


def test_that_rows_from_the_future_are_kept_and_told(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.clock.now", lambda: datetime(2026, 3, 2, 12, tzinfo=UTC))
    plan = stream("requests", column("ts", TIME, Role.TIMESTAMP))
    put(ws, plan, {"ts": ["2026-03-02T10:00:00Z", "2026-03-03T11:59:59Z"]})
    assert ws.notes() == ()
    put(ws, plan, {"ts": ["2026-03-04T10:00:00Z", "2031-01-05T10:00:00Z"]}, path="b.csv")
    assert ws.notes() == ("2 rows lie in the future in requests, the last on 5 Jan 2031. They are kept and shown; "
                          "if the clock of the server was right, set the zone or the time format under Columns",)
    assert ws.totals().rows_loaded == 4

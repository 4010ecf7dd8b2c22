"""Advice asked question by question: what is kept, which moments there are, and what is shown of a change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from console.advice.shock import ChangeCause, Shock
from console.advice.shock_view import around, shock_view
from console.drift.course_view import CourseRow, CourseView, DriftKind, RowGroup
from console.drift.view import Verdict
from console.errors import BadSettings
from console.jobs import SilentJob
from console.logs import config
from console.roles import StreamKind
from console.session import Session, advising, own_metrics
from console.session.advising import Advising, moments
from console.session.view import SelectionView
from console.window import Window, from_epoch

START, BUCKET_S, BUCKETS, ONSET = 1_772_409_600.0, 6 * 3600.0, 56, 28
AT = from_epoch(START + ONSET * BUCKET_S)
WHOLE = Window.from_epoch(START, START + BUCKETS * BUCKET_S)
CHOSEN = SelectionView(WHOLE, WHOLE, False, True, False, "all", None, None, "", 0)


def a_row(name: str, kind: DriftKind = DriftKind.NONE) -> CourseRow:
    values = np.zeros(BUCKETS)
    return CourseRow(name, name, "values", RowGroup.INPUT, "D", values, values + 200, values, values > 1, kind,
                     Verdict.NONE)


def the_courses(*rows: CourseRow) -> CourseView:
    """Traffic by day and night, halved from the onset on."""
    n = 400 + 200 * np.cos(np.arange(BUCKETS) / 4 * 2 * np.pi)
    n[ONSET:] /= 2
    return CourseView(Window.from_epoch(START, START + 14 * BUCKET_S), WHOLE, START + np.arange(BUCKETS) * BUCKET_S,
                      BUCKET_S, n, rows, DriftKind.NONE, Verdict.NONE, None, None, None, "", None, (), False, 0.0, "")


def a_shock(*together: str) -> Shock:
    at = AT if together else None
    return Shock(ChangeCause.SHOCK if together else ChangeCause.NONE, at, at, at, together, (), (), "Said.")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Advising, SimpleNamespace, list[object]]:
    """Advice whose reading of the log is counted instead of done."""
    asked: list[object] = []

    def over_time(_store: object, _target: str, _job: object) -> SimpleNamespace:
        asked.append("courses")
        return SimpleNamespace(view=the_courses(a_row("price", DriftKind.SUDDEN)))

    def judged(_store: object, _courses: object, _events: object, at: object) -> Shock:
        asked.append(at)
        return a_shock("price")

    monkeypatch.setattr(advising, "over_time", over_time)
    monkeypatch.setattr(advising, "judged", judged)
    store = SimpleNamespace(generation=1, relative=False, span=lambda: WHOLE, remembered=lambda _key: None,
                            path=tmp_path / "w.duckdb", streams=lambda: [SimpleNamespace(kind=StreamKind.REQUESTS)])
    return Advising(store, tmp_path, "logs folder"), store, asked  # type: ignore[arg-type]


def test_that_an_answer_is_kept_until_log_or_settings_change(
        counted: tuple[Advising, SimpleNamespace, list[object]], tmp_path: Path) -> None:
    one, store, asked = counted
    first = one.shock(SilentJob())
    assert one.shock(SilentJob()) is first
    later = AT + timedelta(days=1)
    assert one.shock(SilentJob(), later).asked == later
    assert one.shock(SilentJob()) is first
    assert asked == ["courses", None, later]                # the log was counted once
    (tmp_path / "pilothouse.toml").write_text('[[event]]\nname = "Lockdown"\nstart = 2026-03-09\n')
    assert one.shock(SilentJob()).calendar == 1
    store.generation = 2
    assert one.shock(SilentJob()) is not first
    assert asked.count("courses") == 3


def test_that_the_command_finds_the_same_answer(counted: tuple[Advising, SimpleNamespace, list[object]]) -> None:
    one, _, _ = counted
    assert one.shock(SilentJob(), AT).command == \
        "pilothouse advise 'logs folder' --shock 2026-03-09T00:00:00Z --no-training --json"


def test_that_a_moment_outside_of_the_log_is_refused(
        counted: tuple[Advising, SimpleNamespace, list[object]]) -> None:
    with pytest.raises(BadSettings, match="outside of the log"):
        counted[0].shock(SilentJob(), WHOLE.end)


def test_that_moments_come_from_what_is_at_hand_and_lie_in_the_log() -> None:
    assert [one.word for one in moments(CHOSEN)] == ["found", "typed"]
    current = Window(AT, WHOLE.end)
    offered = moments(replace(CHOSEN, current=current), AT + timedelta(hours=1))
    assert [(one.word, one.at) for one in offered] == [
        ("found", None), ("alarm", AT + timedelta(hours=1)), ("current", AT), ("typed", None)]
    assert [one.word for one in moments(CHOSEN, WHOLE.end)] == ["found", "typed"]


def test_that_the_view_has_what_changed_at_once_and_the_traffic_beside_its_time_of_day() -> None:
    view = shock_view(the_courses(a_row("price", DriftKind.SUDDEN), a_row("age")), a_shock("price", "traffic"), None, 0)
    assert [row.title for row in view.courses.rows] == ["price", "traffic"]
    traffic = view.courses.rows[-1]
    assert traffic.values == pytest.approx([0.0] * ONSET + [-0.5] * (BUCKETS - ONSET), abs=0.01)
    assert traffic.sentence == "Traffic fell at once: 66.7 → 33.3 requests an hour."    # 400 and 200 in 6 hours
    assert (view.at, view.current, view.reference) == (AT, Window(AT, WHOLE.end), Window(WHOLE.start, AT))


def test_that_without_anything_at_once_what_moved_at_all_is_shown() -> None:
    view = shock_view(the_courses(a_row("price", DriftKind.SUDDEN), a_row("age")), a_shock(), None, 0)
    assert not view.at_once and view.at is None
    assert [row.title for row in view.courses.rows] == ["price", "traffic"]
    assert view.courses.rows[-1].kind is DriftKind.NONE


def test_that_the_time_before_is_no_longer_than_that_since() -> None:
    late = WHOLE.end - timedelta(days=1)
    assert around(late, WHOLE) == (Window(late - timedelta(days=1), late), Window(late, WHOLE.end))


def test_that_a_log_of_samples_alone_is_looked_at_series_by_series(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    days = np.arange("2017-01-01", "2020-12-31", dtype="datetime64[D]")
    visitors = rng.normal(40_000, 3_000, len(days)).round()
    visitors[days >= np.datetime64("2020-03-16")] /= 4
    lines = [f"{day},{int(n)}" for day, n in zip(days, visitors, strict=True)]
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "visitors.csv").write_text("\n".join(["timestamp,value", *lines]))
    (tmp_path / "log" / "pilothouse.toml").write_text(
        '[[event]]\nname = "Lockdown"\nstart = 2020-03-16\nkind = "policy"\n')
    session = Session.open(tmp_path / "log", workspace=tmp_path / "w.duckdb")
    try:
        session.load(SilentJob())
        found = session.advising.shock(SilentJob())
        assert found.shock.cause is ChangeCause.SHOCK, found.sentence
        assert found.at is not None
        assert abs(found.at - datetime(2020, 3, 16, tzinfo=UTC)) <= timedelta(seconds=found.courses.bucket_s)
        assert found.courses.bucket_s % (7 * 86400) == 0                # as many weekends in each
        answer = session.advising.response(SilentJob(), found.at)
        assert answer.response is None and "no requests" in answer.sentence
    finally:
        session.close()


def test_that_an_expression_of_the_folder_waits_for_trust_and_a_typed_one_does_not(
        counted: tuple[Advising, SimpleNamespace, list[object]], tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    one, store, _ = counted
    read: list[tuple[str, bool]] = []

    def labelled_rows(_store: object, _job: object, fallback: str, *, trusted: bool,
                      join: object) -> tuple[None, tuple[str, ...]]:
        assert join is None
        read.append((fallback, trusted))
        return None, ("The log has no outcomes.",)

    monkeypatch.setattr(advising, "labelled_rows", labelled_rows)
    (tmp_path / "pilothouse.toml").write_text('[advice]\nfallback = "price < 3"\n')
    assert one.response(SilentJob(), AT).untrusted == "price < 3"
    assert one.response(SilentJob(), AT, "price < 4").untrusted == ""
    own_metrics.trust(store, tmp_path)                              # type: ignore[arg-type]
    answer = one.response(SilentJob(), AT)
    assert (answer.untrusted, answer.fallback) == ("", "price < 3")
    assert read == [("price < 3", False), ("price < 4", True), ("price < 3", True)]
    assert own_metrics.own_of(config.parse('[advice]\nfallback = "price < 3"\n'), trusted=False).fallback == "price < 3"

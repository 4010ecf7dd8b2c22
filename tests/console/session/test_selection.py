"""What is visible, and how intents move it: times worked out by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.session.selection import LEAST_S, Selection
from console.window import Window

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def hours(start: float, end: float) -> Window:
    return Window(NOON + timedelta(hours=start), NOON + timedelta(hours=end))


@pytest.fixture
def day() -> Selection:
    selection = Selection()
    selection.data_changed(hours(0, 24))
    return selection


def test_that_the_whole_log_is_shown_first(day: Selection) -> None:
    assert day.view().visible == hours(0, 24)


def test_that_nothing_is_visible_before_the_first_row() -> None:
    assert Selection().view().visible is None


def test_that_showing_all_grows_with_the_log(day: Selection) -> None:
    day.data_changed(hours(-2, 25))
    assert day.view().visible == hours(-2, 25)


def test_that_a_chosen_window_stays_when_rows_come_and_counts_them(day: Selection) -> None:
    day.look_at(hours(3, 5))
    day.data_changed(hours(0, 25), new_rows=70)
    day.data_changed(hours(0, 26), new_rows=30)
    assert (day.view().visible, day.view().waited) == (hours(3, 5), 100)


def test_that_a_quick_range_ends_at_the_newest_row(day: Selection) -> None:
    day.choose_quick("6h")
    assert day.view().visible == hours(18, 24)
    assert day.view().quick == "6h"


def test_that_a_live_window_moves_in_steps_and_holds_the_newest_row(day: Selection) -> None:
    day.choose_quick("1h")
    day.set_live(True)
    first = day.view().visible
    day.data_changed(Window(NOON, NOON + timedelta(hours=24, seconds=3)), new_rows=1)
    assert day.view().visible == first          # 3 s are less than a step of an hour, 10 s
    day.data_changed(Window(NOON, NOON + timedelta(hours=24, seconds=12)), new_rows=1)
    assert day.view().visible == Window(NOON + timedelta(hours=23, seconds=20), NOON + timedelta(hours=24, seconds=20))


def test_that_panning_back_pauses_live(day: Selection) -> None:
    day.choose_quick("1h")
    day.set_live(True)
    day.pan(-0.5)
    assert not day.view().live


def test_that_returning_to_live_forgets_what_waited(day: Selection) -> None:
    day.look_at(hours(3, 5))
    day.data_changed(hours(0, 25), new_rows=70)
    day.set_live(True)
    view = day.view()
    assert view.waited == 0
    assert view.visible is not None and view.visible.start < NOON + timedelta(hours=25) < view.visible.end


def test_that_zooming_keeps_the_instant_under_the_cursor_in_place(day: Selection) -> None:
    day.zoom(0.5, NOON + timedelta(hours=6))
    assert day.view().visible == hours(3, 15)


def test_that_back_and_forward_walk_the_windows_seen(day: Selection) -> None:
    day.look_at(hours(3, 5))
    day.look_at(hours(4, 5))
    day.go_back()
    assert day.view().visible == hours(3, 5)
    day.go_back()
    assert (day.view().visible, day.view().can_back) == (hours(0, 24), False)
    day.go_forward()
    day.go_forward()
    assert (day.view().visible, day.view().can_forward) == (hours(4, 5), False)


def test_that_turning_the_wheel_is_one_step_of_the_history(day: Selection) -> None:
    for _ in range(5):
        day.zoom(0.8, NOON + timedelta(hours=12))
    day.go_back()
    assert day.view().visible == hours(0, 24)


def test_that_the_suggested_windows_are_the_first_and_the_last_quarter(day: Selection) -> None:
    assert day.suggest() == (hours(0, 6), hours(18, 24))


@given(st.lists(st.one_of(
    st.tuples(st.just("zoom"), st.floats(0.01, 100), st.floats(-50, 50)),
    st.tuples(st.just("pan"), st.floats(-5, 5), st.just(0.0)),
    st.tuples(st.just("quick"), st.sampled_from(["15m", "1h", "6h", "1d", "all"]), st.just(0.0)),
    st.tuples(st.just("live"), st.booleans(), st.just(0.0)),
    st.tuples(st.just("back"), st.just(0), st.just(0.0))), max_size=30))
def test_that_no_run_of_gestures_leaves_the_log_or_loses_the_window(steps: list[tuple[str, object, float]]) -> None:
    selection = Selection()
    selection.data_changed(hours(0, 24))
    for name, value, at in steps:
        match name:
            case "zoom":
                selection.zoom(float(value), NOON + timedelta(hours=at))  # type: ignore[arg-type]
            case "pan":
                selection.pan(float(value))  # type: ignore[arg-type]
            case "quick":
                selection.choose_quick(str(value))
            case "live":
                selection.set_live(bool(value))
            case _:
                selection.go_back()
        visible = selection.view().visible
        assert visible is not None
        assert visible.overlaps(Window(NOON, NOON + timedelta(hours=24, seconds=1)))
        assert LEAST_S <= visible.seconds <= 3 * 86400 + 2 * 86400


def test_that_a_growing_log_opens_with_its_last_hour_live(day: Selection) -> None:
    day.begin_live()
    view = day.view()
    assert (view.quick, view.live) == ("1h", True)
    assert view.visible is not None
    assert view.visible.end > NOON + timedelta(hours=24)


def test_that_a_short_growing_log_is_shown_whole() -> None:
    selection = Selection()
    selection.data_changed(hours(0, 0.5))
    selection.begin_live()
    assert (selection.view().quick, selection.view().live) == ("all", True)


def test_that_a_growing_log_does_not_move_what_the_user_chose(day: Selection) -> None:
    day.look_at(hours(3, 5))
    day.begin_live()
    assert day.view().visible == hours(3, 5)

"""Colours can be read and told apart, and change while the program runs."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from widgets.panels.parts import TINT, label
from widgets.theme import DASHES, Theme, ThemeHolder, contrast, theme_for

BOTH = pytest.mark.parametrize("theme", [Theme.light(), Theme.dark()], ids=["light", "dark"])
READ = ("text", "muted", "accent", "warning", "firing", "good", "reference", "current")


def test_that_contrast_is_counted_as_wcag_does() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)     # WebAIM's checker


@BOTH
@pytest.mark.parametrize("ground", ["background", "surface", "raised"])
@pytest.mark.parametrize("meaning", READ)
def test_that_text_can_be_read_on_every_ground(theme: Theme, meaning: str, ground: str) -> None:
    assert contrast(getattr(theme, meaning), getattr(theme, ground)) >= 4.5


@BOTH
def test_that_text_on_the_accent_can_be_read(theme: Theme) -> None:
    assert contrast(theme.on_accent, theme.accent) >= 4.5


@BOTH
@pytest.mark.parametrize("meaning", ["text", "muted", "warning", "firing", "good"])
def test_that_text_on_a_chosen_row_can_be_read(theme: Theme, meaning: str) -> None:
    under, over = QColor(theme.surface), QColor(theme.accent)
    share = TINT / 255
    mixed = [round(a + share * (b - a)) for a, b in zip(under.getRgb()[:3], over.getRgb()[:3], strict=True)]
    assert contrast(getattr(theme, meaning), "#{:02X}{:02X}{:02X}".format(*mixed)) >= 4.5


@BOTH
def test_that_curves_stand_out_from_their_ground(theme: Theme) -> None:
    assert min(contrast(color, theme.surface) for color in theme.series) >= 3.0


@BOTH
def test_that_no_curve_has_the_colour_of_a_test_window_or_an_alarm(theme: Theme) -> None:
    kept = {theme.reference, theme.current, theme.warning, theme.firing}
    assert kept.isdisjoint(theme.series) and len(kept) == 4


@BOTH
def test_that_twenty_curves_differ_by_colour_and_dash(theme: Theme) -> None:
    looks = [(theme.series_pen(at).color().name(), tuple(theme.series_pen(at).dashPattern())) for at in range(20)]
    assert len(set(looks)) == 20
    assert all(a != b for a, b in itertools.pairwise(dash for _, dash in looks)), "neighbours differ without colour too"
    assert len(DASHES) == 4


@BOTH
def test_that_pens_are_made_once_and_stay_one_pixel_wide(theme: Theme) -> None:
    assert theme.series_pen(1) is theme.series_pen(1)
    assert theme.series_pen(1).isCosmetic() and theme.series_pen(1).widthF() == 1.0
    assert theme.series_pen(1).color().alpha() == 255


@BOTH
def test_that_the_style_sheet_has_no_hole(theme: Theme, qapp: QApplication) -> None:
    assert "$" not in theme.style_sheet()


def test_that_choosing_another_theme_is_told_once(qapp: QApplication, theme_holder: ThemeHolder) -> None:
    seen: list[Theme] = []
    theme_holder.changed.connect(seen.append)
    try:
        theme_holder.choose("dark")
        theme_holder.choose("dark")
        assert [theme.name for theme in seen] == ["dark"]
        assert qapp.palette().window().color().name() == Theme.dark().background.lower()
    finally:
        theme_holder.choose("light")


def test_that_an_unknown_theme_is_refused(qapp: QApplication) -> None:
    with pytest.raises(ValueError, match="sepia"):
        theme_for(qapp, "sepia")


def test_that_a_change_of_theme_reaches_what_is_already_dressed(qtbot: QtBot, theme_holder: ThemeHolder) -> None:
    words = label("12 quarantined", tone="warning")
    qtbot.addWidget(words)
    try:
        for theme in (Theme.light(), Theme.dark(), Theme.light()):
            theme_holder.choose(theme.name)
            words.ensurePolished()
            assert words.palette().windowText().color().name() == theme.warning.lower()
    finally:
        theme_holder.choose("light")

"""The table of commands: complete, without doubles, and each of them does something."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtGui import QKeySequence

from widgets.actions import ACTIONS, MENUS
from widgets.dialogs.palette import found
from widgets.helm import Helm


def test_that_no_two_commands_share_a_key():
    keys = Counter(QKeySequence(key).toString() for one in ACTIONS for key in one.keys)
    assert [key for key, count in keys.items() if count > 1 or not key] == []


def test_that_no_two_commands_share_a_name():
    assert len({one.name for one in ACTIONS}) == len(ACTIONS)


@pytest.mark.parametrize("one", ACTIONS, ids=lambda one: one.name)
def test_that_every_command_has_an_icon_a_sentence_a_menu_and_somebody_who_does_it(one, qapp):
    import qtawesome

    assert not qtawesome.icon(f"mdi6.{one.icon}").isNull()
    assert len(one.sentence.split()) > 2
    assert one.menu in MENUS
    assert callable(getattr(Helm, one.intent))


def test_that_the_palette_finds_a_command_by_words_in_any_order():
    assert [one.name for one in found(ACTIONS, "report export")] == ["export_report"]
    assert found(ACTIONS, "no such words") == ()


def test_that_a_command_whose_text_begins_with_the_word_comes_first():
    assert found(ACTIONS, "zoom")[0].name == "zoom_in"

"""The editor of a rule, and the list of rules to choose from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QTableView

from console.alarms.rules import Band, NoData, Op, Rule, Severity, Side, Threshold
from console.roles import Role
from console.session.rule_making import Choices, Judgeable, Offer, Offered
from console.window import Window
from widgets.dialogs.offer_dialog import OfferDialog
from widgets.dialogs.rule_dialog import RuleDialog
from widgets.icons import Icons

START = datetime(2026, 3, 2, tzinfo=UTC)
CHOICES = Choices((Judgeable("error_rate", "Error rate", "share", "lower", ""),
                   Judgeable("latency_p95", "Latency p95", "ms", "lower", "")), (("host", "host"),))
RULE = Rule("errors", "error_rate", Threshold(Op.GREATER, 0.02, 0.015), over_s=300, for_s=60.0,
            severity=Severity.PAGE, sentence="Errors are $value")
BAND = Band(0, 4.0, Side.ABOVE, (12.0,), (1.5,))


@pytest.fixture
def edit(theme_holder, qtbot):
    def made(rule: Rule = RULE, others: tuple[str, ...] = ("slow",)) -> RuleDialog:
        dialog = RuleDialog(Icons(theme_holder), CHOICES, rule, others, new=False)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog
    return made


def write(dialog, name: str, text: str) -> None:
    dialog.findChild(QLineEdit, name).setText(text)


def pick(dialog, name: str, key: str) -> None:
    box = dialog.findChild(QComboBox, name)
    box.setCurrentIndex(box.findData(key))


def text(dialog, name: str) -> str:
    return dialog.findChild(QLabel, name).text()


def test_that_the_fields_say_what_the_rule_says_and_give_it_back(edit) -> None:
    dialog = edit()
    assert dialog.findChild(QLineEdit, "rule_level").text() == "2"
    assert dialog.findChild(QLineEdit, "rule_over").text() == "5m"
    assert dialog.findChild(QComboBox, "rule_metric").currentText() == "Error rate"
    assert dialog.understood.rule == RULE
    kept: list[tuple[Rule, str]] = []
    dialog.save_asked.connect(lambda rule, before: kept.append((rule, before)))
    write(dialog, "rule_level", "3.5")
    write(dialog, "rule_for", "10m")
    pick(dialog, "rule_by", "host")
    pick(dialog, "rule_no_data", "firing")
    dialog.findChild(QPushButton, "rule_save").click()
    (rule, before), = kept
    assert before == "errors"
    assert (rule.condition, rule.for_s, rule.by, rule.no_data) == (
        Threshold(Op.GREATER, 0.035, 0.015), 600.0, Role.HOST, NoData.FIRING)


def test_that_every_change_asks_how_often_and_only_the_newest_answer_is_shown(edit) -> None:
    dialog = edit()
    tried: list[Rule] = []
    dialog.tried.connect(tried.append)
    write(dialog, "rule_level", "3")
    write(dialog, "rule_level", "4")
    assert [rule.condition.value for rule in tried] == [0.03, 0.04]
    dialog.display_often(tried[0], "Never in this log")
    assert text(dialog, "rule_often") == "Counting how often it would have fired …"
    dialog.display_often(tried[1], "2 times, 7 min in all, last 07:01")
    assert text(dialog, "rule_often") == "Would have fired: 2 times, 7 min in all, last 07:01."


def test_that_what_is_wrong_stands_under_its_field_and_cannot_be_saved(edit) -> None:
    dialog = edit()
    write(dialog, "rule_level", "many")
    write(dialog, "rule_name", "slow")
    assert text(dialog, "rule_wrong_level") == "Write a number"
    assert text(dialog, "rule_wrong_name") == "Another rule has this name"
    assert dialog.findChild(QLabel, "rule_wrong_level").isVisible()
    assert not dialog.findChild(QPushButton, "rule_save").isEnabled()
    write(dialog, "rule_level", "2")
    write(dialog, "rule_name", "errors")
    assert not dialog.findChild(QLabel, "rule_wrong_level").isVisible()
    assert dialog.findChild(QPushButton, "rule_save").isEnabled()


def test_that_a_band_waits_until_what_is_usual_is_learned_and_again_for_another_number(edit) -> None:
    dialog = edit()
    asked: list[Rule] = []
    dialog.learn_asked.connect(asked.append)
    pick(dialog, "rule_metric", "latency_p95")
    write(dialog, "rule_clear", "")
    pick(dialog, "rule_kind", "band")
    assert [(rule.metric, rule.over_s) for rule in asked] == [("latency_p95", 300)]
    assert dialog.understood.rule is None
    dialog.display_learned(BAND)
    assert dialog.understood.rule.condition == Band(0, 4.0, Side.ABOVE, (12.0,), (1.5,))
    write(dialog, "rule_over", "10m")
    assert [rule.over_s for rule in asked] == [300, 600]
    assert dialog.understood.rule is None


def test_that_a_metric_that_the_log_has_not_is_named_and_kept(edit) -> None:
    rule = Rule("gone", "gpu", Threshold(Op.GREATER, 90.0))
    dialog = edit(rule)
    assert dialog.findChild(QComboBox, "rule_metric").currentText() == "gpu (no data in this log)"
    assert dialog.understood.rule == rule


# ---- rules to choose from ----------------------------------------------------------------------------------------

def offered(name: str, **more: object) -> Offered:
    rule = Rule(name, "error_rate", Threshold(Op.GREATER, 0.02), proposed=True)
    plain = {"metric": "Error rate", "threshold": "above 2 %", "about": "It never was.", "often": "Never in this log",
             "count": 0, "replaces": False}
    return Offered(rule, **{**plain, **more})  # type: ignore[arg-type]


OFFER = Offer("2 Mar", (offered("one"), offered("two", replaces=True), offered("three", wrong="no such metric")))


@pytest.fixture
def choose(theme_holder, qtbot) -> OfferDialog:
    dialog = OfferDialog(Icons(theme_holder), "Propose rules", newest=START + timedelta(days=4), relative=False,
                         learns=True)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_that_only_what_is_chosen_is_accepted(choose, qtbot) -> None:
    accepted: list[tuple[Rule, ...]] = []
    choose.accept_asked.connect(accepted.append)
    button = choose.findChild(QPushButton, "offer_accept")
    assert not button.isEnabled()
    choose.display(OFFER)
    assert button.text() == "Accept 1 rule"     # not one that would take another's place, or that cannot be judged
    assert text(choose, "offer_note") == "3 rules; 1 would take the place of a rule of the same name"
    assert text(choose, "offer_about") == "Error rate above 2 %. It never was."
    table = choose.findChild(QTableView, "offer_table")
    table.selectRow(1)
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert button.text() == "Accept 2 rules"
    button.click()
    assert [rule.name for rule in accepted[0]] == ["one", "two"]
    choose.findChild(QPushButton, "offer_none").click()
    assert not button.isEnabled()
    choose.findChild(QPushButton, "offer_all").click()
    assert button.text() == "Accept 2 rules"


def test_that_the_healthy_stretch_is_shown_and_can_be_typed(choose) -> None:
    asked: list[Window] = []
    choose.learn_asked.connect(asked.append)
    window = Window(START, START + timedelta(days=2))
    choose.display_window(window)
    choose.findChild(QPushButton, "offer_learn").click()
    assert asked == [window]
    write(choose, "offer_window", "2026-03-03 .. 2026-03-04")
    choose.findChild(QPushButton, "offer_learn").click()
    assert asked[1] == Window(START + timedelta(days=1), START + timedelta(days=2))
    write(choose, "offer_window", "the good old days")
    choose.findChild(QPushButton, "offer_learn").click()
    assert len(asked) == 2 and "no time" in text(choose, "offer_note")


def test_that_what_was_not_understood_of_a_file_is_named(choose) -> None:
    choose.display(Offer("rules.yml", (offered("one"),), None,
                         tuple(f"rules.yml, rule `{number}`: <b>no</b>." for number in range(6))))
    said = choose.findChild(QLabel, "offer_refused")
    assert said.isVisible() and said.textFormat() is Qt.TextFormat.PlainText
    assert said.text().splitlines()[0] == "Not understood: rules.yml, rule `0`: <b>no</b>."
    assert said.text().splitlines()[-1] == "And 2 more."

"""A rule as text and back; what is wrong stands beside its field."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.alarms.draft import Draft, draft_of, understood
from console.alarms.rules import (
    TICKET_FACTORS,
    Band,
    BurnRate,
    Factor,
    NoData,
    Op,
    Rule,
    Severity,
    Side,
    Threshold,
)
from console.roles import Role

DAILY = Band(86400, 4.0, Side.BOTH, tuple(range(24)), (1.0,) * 24, 2.5)
RULES = [
    Rule("plain", "throughput", Threshold(Op.LESS, 0.5)),
    Rule("whole", "latency_p95", Threshold(Op.GREATER, 250.0, 200.0), by=Role.MODEL_VERSION, over_s=600, every_s=120,
         lag_s=3600, for_s=90.0, keep_firing_for_s=5400.0, min_samples=30, no_data=NoData.FIRING, no_data_for_s=900.0,
         limit=5, severity=Severity.PAGE, sentence="p95 is $value", runbook="https://wiki/x", labels={"team": "search"},
         enabled=False),
    Rule("band", "throughput", DAILY, where={Role.HOST: "a"}),
    Rule("days", "error_rate", BurnRate(0.995, TICKET_FACTORS, 7 * 86400)),
    Rule("own pace", "error_rate", BurnRate(0.9, (Factor(2.0, 7200, 600),))),
]


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_that_a_rule_is_the_same_after_it_was_text(rule: Rule) -> None:
    unit = "share" if rule.metric == "error_rate" else "ms"
    found = understood(draft_of(rule, unit), rule, {"another"}, unit)
    assert (found.rule, found.wrong) == (rule, {})


def test_that_shares_are_written_in_percent_without_losing_digits() -> None:
    rule = Rule("errors", "error_rate", Threshold(Op.GREATER, 0.0123456789, 0.01))
    draft = draft_of(rule, "share")
    assert (draft.level, draft.clear) == ("1.23456789", "1")
    assert understood(draft, rule, (), "share").rule == rule
    for text in ("2", "2%", " 2 % ", "2.0"):
        found = understood(replace(draft, level=text), rule, (), "share").rule
        assert found is not None and found.condition == Threshold(Op.GREATER, 0.02, 0.01)


def test_that_an_accepted_proposal_is_nobodys_proposal_any_more() -> None:
    rule = Rule("errors", "error_rate", Threshold(Op.GREATER, 0.02), proposed=True)
    found = understood(draft_of(rule, "share"), rule, (), "share").rule
    assert found is not None and not found.proposed


GOOD = Draft("errors", "error_rate", level="2", clear="1")


@pytest.mark.parametrize(("changes", "field"), [
    ({"name": "  "}, "name"), ({"name": "slow"}, "name"), ({"metric": ""}, "metric"), ({"level": ""}, "level"),
    ({"level": "high"}, "level"), ({"clear": "3"}, "clear"), ({"clear": "x"}, "clear"), ({"over": "5 minutes"}, "over"),
    ({"over": "90s"}, "over"), ({"every": "5s"}, "every"), ({"every": "1500ms"}, "every"), ({"wait": "-1m"}, "wait"),
    ({"wait": "3y"}, "wait"), ({"keep": "soon"}, "keep"), ({"lag": ""}, "lag"), ({"min_samples": "-1"}, "min_samples"),
    ({"min_samples": "1.5"}, "min_samples"), ({"no_data_for": "?"}, "no_data_for"), ({"kind": "band"}, "width"),
    ({"kind": "band", "learned": DAILY, "width": "0"}, "width"),
    ({"kind": "band", "learned": DAILY, "width": "3", "clear": "4"}, "clear"),
    ({"kind": "objective", "objective": "100"}, "objective"), ({"kind": "objective", "objective": "x"}, "objective"),
    ({"op": "=="}, "clear"),
])
def test_that_what_is_wrong_is_said_at_its_field(changes: dict[str, object], field: str) -> None:
    assert understood(GOOD, None, {"slow"}, "share").wrong == {}
    found = understood(replace(GOOD, **changes), None, {"slow"}, "share")  # type: ignore[arg-type]
    assert found.rule is None
    assert set(found.wrong) == {field}
    assert found.wrong[field]


def test_that_an_objective_is_about_a_share() -> None:
    found = understood(replace(GOOD, metric="latency_p95", kind="objective"), None, (), "ms")
    assert set(found.wrong) == {"metric"}

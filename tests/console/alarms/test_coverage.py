"""The coverage map: what each log can show is read from its columns, and a rule guards only what it would see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from console.alarms.coverage import MAP, Cover, CoverageView, Step, coverage
from console.alarms.rules import Op, Rule, Threshold
from console.jobs import SilentJob
from console.metrics.catalogue import CATALOGUE, find
from console.roles import Role
from console.session import Session
from tests.console.folders import MakeFolder

BLIND, COMPARED, SHOWN, GUARDED = Cover.BLIND, Cover.COMPARED, Cover.SHOWN, Cover.GUARDED

EXPECTED: dict[str, dict[str, Cover]] = {
    # six series of machines, and nothing about a model
    "nab-cloudwatch": {"overload": SHOWN, "traffic lost": SHOWN, "column null": BLIND, "errors": BLIND,
                       "quality falls": BLIND, "score shift": BLIND},
    # impressions with clicks, policies and propensities: no server
    "open-bandit-all": {"traffic lost": SHOWN, "column null": SHOWN, "quality falls": SHOWN, "unit changed": COMPARED,
                        "bad version": SHOWN, "feedback loop": COMPARED, "latency tail": BLIND, "errors": BLIND,
                        "overload": BLIND, "training-serving skew": BLIND},
    # a model server with its inputs and answers: no outcome ever comes back
    "format-bentoml": {"latency tail": SHOWN, "errors": SHOWN, "null answers": SHOWN, "score shift": SHOWN,
                       "column null": SHOWN, "quality falls": BLIND, "concept changed": BLIND, "memory leak": BLIND,
                       "bad host": BLIND},
    # spans of an LLM and metrics of its process
    "format-otlp": {"answers too long": SHOWN, "overload": SHOWN, "memory leak": SHOWN, "bad host": SHOWN,
                    "first token late": BLIND, "quality falls": BLIND},
    # counters only: how fast and how often, never what
    "format-triton-prometheus": {"traffic lost": SHOWN, "latency tail": SHOWN, "errors": SHOWN, "overload": SHOWN,
                                 "memory leak": SHOWN, "column null": BLIND, "null answers": BLIND,
                                 "unit changed": BLIND},
    # reference, predictions and late labels: no server
    "nannyml-car-loan": {"training-serving skew": COMPARED, "quality falls": SHOWN, "concept changed": SHOWN,
                         "score shift": SHOWN, "latency tail": BLIND, "bad version": BLIND},
}


@contextmanager
def loaded(folder: Path, workspace: Path) -> Iterator[Session]:
    session = Session.open(folder, workspace=workspace)
    try:
        session.load(SilentJob())
        yield session
    finally:
        session.close()


def covered(session: Session, *rules: Rule) -> CoverageView:
    return coverage(session._store, rules)


QUICK = ("nab-cloudwatch", "format-bentoml", "format-otlp")


@pytest.mark.parametrize("folder", [pytest.param(name, marks=() if name in QUICK else pytest.mark.long)
                                    for name in EXPECTED])
def test_what_a_real_log_can_show(folder: str, shared_logs: Path, tmp_path: Path) -> None:
    with loaded(shared_logs / folder, tmp_path / "w.duckdb") as session:
        view = covered(session)

    found = {name: view.row(name).cover for name in EXPECTED[folder]}
    assert found == EXPECTED[folder]
    for step in view.steps:
        for row in step.rows:
            assert bool(row.to_log) == (row.cover is BLIND), row.name      # who is blind is told what to log
            assert not row.guards


@pytest.fixture(scope="module")
def served(log_folder: MakeFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Requests, labels, reference and machine samples of a healthy day."""
    with loaded(log_folder("healthy", "parquet", system=True), tmp_path_factory.mktemp("w") / "w.duckdb") as session:
        yield session


def rule(metric: str, by: Role | None = None) -> Rule:
    return Rule(f"{metric} by {by}", metric, Threshold(Op.GREATER, 1.0), by=by)


def test_a_log_with_all_of_it_is_blind_to_little(served: Session) -> None:
    view = covered(served)

    blind = {row.name for step in view.steps for row in step.rows if row.cover is BLIND}
    assert blind <= {"log late", "first token late", "answers too long", "disagrees with shadow", "users leave",
                     "labels late or missing", "feedback loop"}
    assert view.row("training-serving skew").cover is COMPARED
    assert view.row("memory leak").metrics[0] == "memory"


def test_a_rule_guards_what_its_metric_shows(served: Session) -> None:
    view = covered(served, rule("error_rate"), rule("missing_values"))

    guarded = {row.name: row.guards for step in view.steps for row in step.rows if row.cover is GUARDED}
    assert guarded == {"errors": ("error_rate by None",), "column null": ("missing_values by None",)}
    assert view.sentence.startswith(f"Of {len(MAP)} things that can go wrong, 2 are guarded by an alarm")


def test_only_a_rule_by_version_guards_a_version(served: Session) -> None:
    """A twentieth of the traffic is drowned in the whole."""
    by_version, by_host = rule("error_rate", Role.MODEL_VERSION), rule("error_rate", Role.HOST)

    assert covered(served, rule("error_rate")).row("bad version").cover is SHOWN
    assert covered(served, by_version).row("bad version").guards == (by_version.name,)
    assert covered(served, by_version).row("bad host").cover is SHOWN
    assert covered(served, by_host).row("bad host").guards == (by_host.name,)


def test_a_rule_that_is_off_guards_nothing(served: Session) -> None:
    assert covered(served, replace(rule("error_rate"), enabled=False)).row("errors").cover is SHOWN


def test_a_metric_takes_its_place_by_its_role(served: Session) -> None:
    """A metric of one's own, made from a role that a trouble names, whatever it is called."""
    own = replace(find("prediction_mean"), name="visits_of_users", roles=(Role.USER_ID,), source=find("ctr").source)
    view = coverage(served._store, (), (*CATALOGUE, replace(own, roles=(Role.CLICKED, Role.USER_ID))))

    assert "visits_of_users" in view.row("users leave").metrics


def test_the_map_names_only_what_there_is() -> None:
    for trouble in MAP:
        for name in trouble.metrics:
            assert find(name).name == name
        assert trouble.to_log and trouble.sentence.endswith(".")
        assert trouble.metrics or trouble.made_from or trouble.compared
    assert {trouble.step for trouble in MAP} == set(Step)
    assert len({trouble.name for trouble in MAP}) == len(MAP)


def test_a_rule_about_one_column_guards_that_columns_turn_null(served: Session) -> None:
    row = covered(served, rule("missing:price")).row("column null")

    assert (row.cover, row.guards) == (GUARDED, ("missing:price by None",))
    assert [(one.metric, one.title, one.chart) for one in row.shown] == [
        ("missing_values", "Missing values", "missing_values"), ("missing:price", "Missing: price", "missing:price")]


def test_what_is_made_from_all_inputs_tells_nothing_of_pictures(served: Session) -> None:
    """An input that stands still is no picture that came dark."""
    view = served.coverage(SilentJob())

    assert "input_changes" in view.row("feature frozen").metrics
    assert "input_changes" not in view.row("input cut").metrics


def test_the_session_knows_its_rules_and_what_is_shown_when_asked_for(served: Session) -> None:
    view = served.coverage(SilentJob(), [rule("unseen")])

    assert view.row("unseen category").cover is GUARDED
    assert served.coverage(SilentJob()).row("unseen category").cover is SHOWN
    assert view.row("bad version").split == "model_version" and view.row("errors").split == ""
